// What is around a call: extend and create, keepalive, a full line answered, and standing where `fetch` stands.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFetch, QueueFullError } from 'millpond';
import { fakeFetch, isQuiet, rejection, state, turn } from './fetch-kit.mjs';

const URL_A = 'https://a.example/';

function one(options) {
  const base = fakeFetch();
  return { ...base, limited: createFetch({ concurrency: 1, fetch: base.fetch, ...options }) };
}

describe('extend', () => {
  test('the same lanes, limits and counters', async () => {
    const { limited, calls } = one();
    const other = limited.extend({ priority: 'low' });
    other(URL_A);
    limited(URL_A);
    assert.equal(calls.length, 1);
    assert.equal(other.lanes, limited.lanes);
    assert.deepEqual(other.stats, limited.stats);
    calls[0].answer(null);
    await turn();
    assert.equal(calls.length, 2);
  });

  test('its word counts unless the call has its own: extended twice, fetch’s hint, pond', async () => {
    const { limited, calls } = one();
    const urgent = limited.extend({ priority: 5, lane: 'one' });
    const twice = urgent.extend({ priority: 7 });
    limited(`${URL_A}first`, { pond: { lane: 'one' } });
    const order = [[limited, 'none'], [urgent, '5'], [twice, '7'], [twice, 'low', { priority: 'low' }], [urgent, '6', { pond: { priority: 6 } }], [urgent, 'auto', { priority: 'auto' }]];
    for (const [fetch, name, init] of order) fetch(URL_A + name, { ...init, pond: { lane: 'one', ...init?.pond } });
    for (let i = 0; i < order.length; i++) {
      calls[i].answer(null);
      await turn();
    }
    assert.deepEqual(calls.map(({ url }) => url.slice(URL_A.length)), ['first', '7', '6', '5', 'auto', 'none', 'low']);
  });

  test('times and events are those of all', async () => {
    const { limited, calls } = one();
    const types = [];
    limited.addEventListener('request', ({ type }) => types.push(type));
    const promise = limited.extend()(URL_A);
    calls[0].answer('x');
    assert.ok(limited.timing(await promise));
    assert.deepEqual(types, ['request']);
  });

  test('closing one closes all', async () => {
    const { limited } = one();
    await limited.extend({}).close();
    assert.equal((await rejection(limited(URL_A))).code, 'ERR_MILLPOND_CLOSED');
  });

  for (const options of [{ concurrency: 2 }, { id: 'x' }, { priority: 'urgent' }, { fetch }, 7]) {
    test(`refused: ${JSON.stringify(options)}`, () => {
      assert.throws(() => one().limited.extend(options), { code: 'ERR_MILLPOND_OPTION' });
    });
  }

  test('it looks like fetch, too', () => {
    const { name, length } = one().limited.extend();
    assert.deepEqual([name, length], ['fetch', 1]);
  });
});

test('create: nothing of this one', async () => {
  const { limited, calls } = one();
  const other = fakeFetch();
  const fresh = limited.extend({ lane: null }).create({ fetch: other.fetch, concurrency: 2 });
  limited(URL_A);
  for (let i = 0; i < 3; i++) fresh(URL_A);
  assert.equal(calls.length, 1);
  assert.equal(other.calls.length, 2);
  assert.notEqual(fresh.lanes, limited.lanes);
});

describe('keepalive', () => {
  // Not in every host.
  const where = 'keepalive' in Request.prototype ? test : () => {};

  where('with room it goes by the lane', () => {
    const { limited, calls } = one();
    limited(URL_A, { keepalive: true });
    assert.equal(calls.length, 1);
    assert.equal(limited.stats.running, 1);
  });

  for (const [why, options, prepare] of [
    ['no place', {}, (limited) => limited(URL_A)],
    ['no place in the line either', { queueCapacity: 0 }, (limited) => limited(URL_A)],
    ['a pause', {}, (limited) => limited.lanes.get('https://a.example').pause()],
    ['the limit over all', { maxConcurrency: 1 }, (limited) => limited('https://b.example')],
  ]) {
    where(`it does not wait: ${why}`, async () => {
      const { limited, calls } = one(options);
      prepare(limited);
      const before = calls.length;
      const promise = limited(URL_A, { keepalive: true, method: 'POST', body: 'told' });
      assert.equal(calls.length, before + 1, 'sent in the same turn');
      assert.equal(limited.stats.waiting, 0);
      assert.equal(await calls[before].request.text(), 'told');
      calls[before].answer('x');
      assert.equal(await (await promise).text(), 'x');
    });
  }
});

describe('a full line', () => {
  const full = (options) => {
    const it = one({ queueCapacity: 1, ...options });
    it.limited(`${URL_A}running`);
    it.limited(`${URL_A}waiting`);
    return it;
  };

  test('is an error by default', async () => {
    const { limited } = full();
    assert.ok(await rejection(limited(URL_A)) instanceof QueueFullError);
  });

  for (const [who, options, init] of [['of all', { onFull: 'respond' }], ['of the lane', { lanes: { [URL_A]: { onFull: 'respond' } } }], ['of the call', {}, { pond: { onFull: 'respond' } }]]) {
    test(`is answered by word ${who}`, async () => {
      const { limited, calls } = full(options);
      const response = await limited(URL_A, init);
      assert.ok(response instanceof Response);
      assert.deepEqual([response.status, response.statusText, response.ok, response.headers.get('x-millpond')], [503, 'Queue Full', false, 'queue-full']);
      assert.equal(response.headers.get('retry-after'), null);
      assert.equal(await response.text(), '');
      assert.equal(limited.stats.rejected, 1);
      assert.equal(calls.length, 1, 'nothing was sent');
    });
  }

  test('the call has the last word', async () => {
    const { limited } = full({ onFull: 'respond' });
    assert.ok(await rejection(limited(URL_A, { pond: { onFull: 'reject' } })) instanceof QueueFullError);
  });

  test('everything else is an error as ever', async () => {
    const { limited, calls } = one({ onFull: 'respond' });
    const sent = limited(URL_A);
    const reason = new Error('mine');
    const waiting = rejection(limited(URL_A, { signal: AbortSignal.any?.([]) ?? new AbortController().signal, pond: { id: 'x' } }));
    limited.lanes.clear(reason);
    assert.equal(await waiting, reason);
    const later = limited(URL_A);
    const foreign = new QueueFullError('of a pool behind');
    calls[0].reject(foreign);
    assert.equal(await rejection(sent), foreign);
    await turn();
    calls[1].reject(foreign);
    assert.equal(await rejection(later), foreign);
    await limited.close();
    assert.equal((await rejection(limited(URL_A))).code, 'ERR_MILLPOND_CLOSED');
  });

  test('refused: another word', () => {
    assert.throws(() => createFetch({ onFull: 'answer' }), { code: 'ERR_MILLPOND_OPTION', option: 'onFull' });
  });
});

describe('where fetch stands', () => {
  test('called as ky calls it: a Request, and an init with what is not fetch’s', async () => {
    const { limited, calls } = one();
    const told = [];
    const pond = { priority: 3, onDownloadProgress: ({ percent }) => told.push(percent) };
    const promise = limited(new Request(URL_A, { method: 'POST', body: 'x', headers: { 'x-own': 'kept' } }), { pond, next: {}, dispatcher: undefined });
    assert.deepEqual([calls[0].request.method, calls[0].request.headers.get('x-own'), await calls[0].request.text()], ['POST', 'kept', 'x']);
    calls[0].answer('x');
    assert.equal(await (await promise).text(), 'x');
    assert.deepEqual(told, [0, 1]);
    assert.ok(isQuiet(limited));
  });

  test('a stage in a row of fetches', async () => {
    const { fetch, calls } = fakeFetch();
    const limit = (base) => createFetch({ fetch: base, concurrency: 1 });
    const mark = (base) => (input, init) => base(new Request(input, { ...init, headers: { 'x-mark': '1' } }));
    const stages = [limit, mark].reduce((base, stage) => stage(base), fetch);
    const first = stages(URL_A);
    const second = stages(URL_A);
    assert.equal(calls.length, 1);
    assert.equal(calls[0].request.headers.get('x-mark'), '1');
    calls[0].answer('one');
    await (await first).text();
    await turn();
    calls[1].answer('two');
    assert.equal(await (await second).text(), 'two');
  });

  test('in the place of the global one', async (t) => {
    const { fetch } = globalThis;
    t.after(() => { globalThis.fetch = fetch; });
    const base = fakeFetch();
    globalThis.fetch = base.fetch;
    globalThis.fetch = createFetch({ concurrency: 1 });
    const promise = globalThis.fetch(URL_A);
    const second = globalThis.fetch(URL_A);
    assert.equal(base.calls.length, 1);
    base.calls[0].answer('x');
    assert.equal(await (await promise).text(), 'x');
    assert.deepEqual(await state(second), 'waits');
  });
});
