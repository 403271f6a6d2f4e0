// What lanes are told about their lines: order, aging, overflow, timings, and priorities that are functions.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFetch, QueueFullError } from 'millpond';
import { virtualClock } from './clock.mjs';
import { fakeFetch, isQuiet, rejection, turn } from './fetch-kit.mjs';

const URL_A = 'https://a.example/';
const ORIGIN = 'https://a.example';

function one(options) {
  const base = fakeFetch();
  return { ...base, limited: createFetch({ concurrency: 1, fetch: base.fetch, ...options }) };
}

/** Answers what is sent, one after the other, and says what that was. */
async function drain({ calls, limited }) {
  for (let i = 0; !isQuiet(limited); i++) {
    calls[i].answer(null);
    await turn();
  }
  return calls.map(({ url }) => url.slice(URL_A.length)).join('');
}

describe('lines', () => {
  for (const [order, expected] of [[undefined, '0123'], ['fifo', '0123'], ['lifo', '0321']]) {
    test(`order: ${order}`, async () => {
      const it = one({ order });
      for (const name of '0123') it.limited(URL_A + name);
      assert.equal(await drain(it), expected);
    });
  }

  test('of one lane only', async () => {
    const it = one({ lanes: { 'https://b.example': { order: 'lifo' } } });
    for (const name of '0123') it.limited(URL_A + name);
    assert.equal(await drain(it), '0123');
  });

  test('aging', async (t) => {
    const clock = virtualClock(t);
    const it = one({ aging: 100 });
    it.limited(`${URL_A}0`);
    it.limited(`${URL_A}1`, { priority: 'low' });
    await clock.advance(250);
    it.limited(`${URL_A}2`, { priority: 'high' });
    assert.equal(await drain(it), '012');
  });

  test('who has to go from a full line', async () => {
    for (const [overflow, gone] of [[undefined, 3], ['reject', 3], ['drop-oldest', 1], ['drop-lowest', 2]]) {
      const it = one({ overflow, queueCapacity: 2 });
      const promises = [0, 1, 2, 3].map((name) => it.limited(URL_A + name, { priority: name === 2 ? 'low' : 'auto' }));
      const error = await rejection(promises[gone]);
      assert.ok(error instanceof QueueFullError, `${overflow}`);
      assert.deepEqual([...await drain(it)].sort(), ['0', '1', '2', '3'].filter((name) => +name !== gone), `${overflow}`);
    }
  });

  test('and what comes of it, by `onFull` of its own call', async () => {
    const it = one({ overflow: 'drop-oldest', queueCapacity: 1 });
    it.limited(URL_A);
    const dropped = it.limited(`${URL_A}dropped`, { method: 'POST', body: 'x', pond: { onFull: 'respond' } });
    it.limited(URL_A);
    const { status, headers } = await dropped;
    assert.deepEqual([status, headers.get('x-millpond')], [503, 'queue-full']);
    assert.equal(it.limited.stats.dropped, 1);
    assert.equal(it.calls.length, 1);
  });

  test('timings', async () => {
    const it = one({ timings: true });
    it.limited(URL_A);
    await drain(it);
    assert.equal(it.limited.lanes.get(ORIGIN).timings.running.count, 1);
    const other = one();
    other.limited(URL_A);
    assert.equal(other.limited.lanes.get(ORIGIN).timings, undefined);
  });

  test('priorities that change', async () => {
    const it = one();
    let sign = 1;
    for (const name of '0123') it.limited(URL_A + name, { pond: { priority: () => sign * name } });
    sign = -1;
    it.calls[0].answer(null);
    await turn();
    assert.equal(it.calls[1].url, `${URL_A}3`);
    it.limited.lanes.get(ORIGIN).reprioritize();
    it.calls[1].answer(null);
    await turn();
    assert.equal(it.calls[2].url, `${URL_A}1`);
  });

  test('a priority that cannot be said is the call’s error', async () => {
    const { limited } = one();
    assert.equal(await rejection(limited(URL_A, { pond: { priority: () => { throw 'mine'; } } })), 'mine');
    assert.equal((await rejection(limited(URL_A, { pond: { priority: () => 'urgent' } }))).code, 'ERR_MILLPOND_OPTION');
    assert.ok(isQuiet(limited));
  });

  test('a shared transfer takes the priority of who has the highest, and the function with it', async () => {
    const it = one({ dedupe: true });
    let level = 1;
    it.limited(`${URL_A}0`);
    it.limited(`${URL_A}s`, { pond: { priority: -5 } });
    it.limited(`${URL_A}1`);
    it.limited(`${URL_A}s`, { pond: { priority: () => level } });
    level = -1;
    it.limited.lanes.get(ORIGIN).reprioritize();
    assert.equal(await drain(it), '01s');
  });

  for (const options of [{ order: 'random' }, { aging: 0 }, { overflow: 'drop' }, { timings: 1 }, { offline: true }]) {
    test(`refused: ${JSON.stringify(options)}`, () => {
      assert.throws(() => one(options), { code: 'ERR_MILLPOND_OPTION', option: Object.keys(options)[0] });
    });
  }
});

test('maxLanes: for one more the lane that has idled longest goes, and none that is in use', async () => {
  const { fetch: base, calls } = fakeFetch();
  const fetch = createFetch({ fetch: base, maxLanes: 2 });
  const urls = ['https://a.example/', 'https://b.example/', 'https://c.example/'];
  const [a, b] = urls.slice(0, 2).map((url) => fetch(url));
  calls[0].answer(null, { status: 204 });
  await a;
  const c = fetch(urls[2]);
  assert.deepEqual([...fetch.lanes.keys()], ['https://b.example', 'https://c.example']);
  const d = fetch('https://d.example/');
  assert.equal(fetch.lanes.size, 3, 'none idles');
  for (const call of calls.slice(1)) call.answer(null, { status: 204 });
  await Promise.all([b, c, d]);
  assert.equal(fetch.lanes.size, 2);
  assert.throws(() => createFetch({ maxLanes: 0 }), { option: 'maxLanes' });
});
