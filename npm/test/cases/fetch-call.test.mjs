// A call of the fetch: arguments, snapshot, order of the checks, and that it can stand wherever `fetch` does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFetch } from 'millpond';
import { virtualClock } from './clock.mjs';
import { fakeFetch, isQuiet, rejection, state, turn } from './fetch-kit.mjs';

const URL_A = 'https://a.example/';

const upload = () => new Request(URL_A, { method: 'POST', body: 'x' });
/** Whether the platform uses up a Request of which another is made. Not all do. */
const usesUp = ((request) => (new Request(request), request.bodyUsed))(upload());

function full(options) {
  const base = fakeFetch();
  const fetch = createFetch({ concurrency: 1, fetch: base.fetch, ...options });
  return { ...base, limited: fetch };
}

test('looks like fetch', () => {
  const fetch = createFetch();
  assert.equal(fetch.name, 'fetch');
  assert.equal(fetch.length, 1);
  assert.throws(() => new fetch(URL_A), TypeError);
});

test('works detached, and with null for init', async () => {
  const { limited, calls } = full();
  const [bare] = [limited];
  const promise = bare(URL_A, null);
  assert.ok(promise instanceof Promise);
  calls[0].answer('x');
  assert.equal(await (await promise).text(), 'x');
});

test('with room the base fetch is called in the same turn, with one Request', () => {
  const base = fakeFetch();
  let seen;
  const fetch = createFetch({ fetch(...args) { seen = args; return base.fetch(...args); } });
  fetch(URL_A, { method: 'POST', body: 'x', headers: { a: 'b' } });
  assert.equal(seen.length, 1);
  assert.ok(seen[0] instanceof Request);
  assert.deepEqual([seen[0].method, seen[0].url, seen[0].headers.get('a')], ['POST', URL_A, 'b']);
});

test('the base fetch is the global one of the time of createFetch', async () => {
  const native = globalThis.fetch;
  try {
    globalThis.fetch = async () => new Response('first');
    const fetch = createFetch();
    globalThis.fetch = fetch;
    assert.equal(await (await globalThis.fetch(URL_A)).text(), 'first');
  } finally {
    globalThis.fetch = native;
  }
});

const BAD = {
  'no argument': [],
  'no address': ['https://['],
  'credentials in the address': ['https://u:p@a.example/'],
  'a GET with a body': [URL_A, { body: 'x' }],
  'an init that is no object': [URL_A, 5],
  'a signal that is none': [URL_A, { signal: 'x' }],
  'a method that is forbidden': [URL_A, { method: 'TRACE' }],
  'a foreign object': [{ url: URL_A, toString: () => 'https://[' }],
  'a symbol': [Symbol('x')],
};

function refusal(call) {
  try {
    call();
  } catch (error) {
    return error;
  }
}

for (const [what, args] of Object.entries(BAD)) {
  test(`${what}: rejects as the platform does, sends nothing, leaves nothing`, async () => {
    const { limited, calls } = full();
    const native = refusal(() => new Request(...args));
    // Not every platform refuses all of them.
    if (!native) return void assert.equal((limited(...args), calls.length), 1);
    const error = await rejection(limited(...args));
    assert.deepEqual([error.constructor, error.message], [native.constructor, native.message]);
    assert.equal(calls.length, 0);
    assert.equal(limited.lanes.size, 0);
    assert.equal(limited.stats.submitted, 0);
  });
}

const BAD_POND = {
  'pond must be an object': [7, /pond must be an object, got 7/],
  'an unknown member, with the nearest': [{ prority: 1 }, /prority.*priority/],
  'a priority that is none': [{ priority: 'urgent' }, /pond\.priority.*"urgent"/],
  'a priority that is no number': [{ priority: NaN }, /pond\.priority.*NaN/],
  'a negative timeout': [{ timeout: -1 }, /pond\.timeout.*-1/],
  'a timeout as text': [{ queueTimeout: '5' }, /pond\.queueTimeout.*"5"/],
  'a lane that is no string': [{ lane: 7 }, /pond\.lane must be a string or null, got 7/],
  'a releaseOn that is none': [{ releaseOn: 'end' }, /pond\.releaseOn must be 'body' or 'headers', got "end"/],
  'an id that is no string': [{ id: 7 }, /pond\.id/],
};

for (const [what, [pond, message]] of Object.entries(BAD_POND)) {
  test(`pond options: ${what}`, async () => {
    const { limited, calls } = full();
    const request = upload();
    const error = await rejection(limited(request, { pond }));
    assert.equal(error.code, 'ERR_MILLPOND_OPTION');
    assert.match(error.message, message);
    assert.equal(request.bodyUsed, false, 'nothing was consumed');
    assert.equal(calls.length + limited.lanes.size, 0);
  });
}

const BAD_OPTIONS = {
  'no object': ['x', TypeError, /the options of createFetch must be an object, got "x"/],
  'concurrency 0': [{ concurrency: 0 }, RangeError, /concurrency must be an integer of at least 1.*got 0/],
  'concurrency NaN': [{ concurrency: NaN }, RangeError, /concurrency/],
  'concurrency "6"': [{ concurrency: '6' }, TypeError, /concurrency.*"6"/],
  'maxConcurrency 1.5': [{ maxConcurrency: 1.5 }, RangeError, /maxConcurrency/],
  'a negative queueCapacity': [{ queueCapacity: -1 }, RangeError, /queueCapacity/],
  'a negative unreadGrace': [{ unreadGrace: -1 }, RangeError, /unreadGrace/],
  'a negative idleTimeout': [{ idleTimeout: -1 }, RangeError, /idleTimeout/],
  'a lifetime that is no number': [{ lifetime: 'long' }, TypeError, /lifetime/],
  'a fetch that is none': [{ fetch: 'fetch' }, TypeError, /fetch must be a function/],
  'a lane that is no function': [{ lane: 'x' }, TypeError, /lane must be a function/],
  'lanes that are neither': [{ lanes: 5 }, TypeError, /lanes/],
  'a bad lane': [{ lanes: { 'https://a.example': { concurrency: 0 } } }, RangeError, /concurrency/],
  'an unknown option of a lane': [{ lanes: { 'https://a.example': { concurency: 2 } } }, RangeError, /concurency.*concurrency/],
  'an unknown option': [{ maxConcurency: 2 }, RangeError, /maxConcurency.*maxConcurrency/],
};

for (const [what, [options, Kind, message]] of Object.entries(BAD_OPTIONS)) {
  test(`createFetch refuses ${what}`, () => {
    assert.throws(() => createFetch(options), (error) => error instanceof Kind && error.code === 'ERR_MILLPOND_OPTION' && message.test(error.message));
  });
}

test('what a call was given may change afterwards', async () => {
  const { limited, calls } = full();
  const first = limited(URL_A);
  const headers = new Headers({ a: '1' });
  const init = { method: 'POST', headers, body: new TextEncoder().encode('before') };
  const url = new URL('https://a.example/before');
  const second = limited(url, init);
  headers.set('a', '2');
  init.method = 'PUT';
  init.body.fill(0);
  url.pathname = '/after';
  calls[0].answer(null);
  await first;
  await turn();
  const { request } = calls[1];
  assert.deepEqual([request.method, request.url, request.headers.get('a')], ['POST', 'https://a.example/before', '1']);
  assert.equal(await request.text(), 'before');
  calls[1].answer(null);
  await second;
  assert.ok(isQuiet(limited));
});

test('a Request is used up in the same turn, also when it has to wait', () => {
  const { limited } = full();
  limited(URL_A);
  const request = upload();
  limited(request);
  assert.equal(request.bodyUsed, usesUp);
});

test('a Request is a legal init, and so is an object that inherits its members', async () => {
  const { limited, calls } = full({ concurrency: 2 });
  limited(URL_A, new Request('https://b.example/', { method: 'PUT', body: 'x' }));
  limited(URL_A, Object.create({ method: 'DELETE' }));
  assert.deepEqual(calls.map(({ request }) => request.method), ['PUT', 'DELETE']);
});

test('referrer and its policy reach the base fetch', () => {
  const { limited, calls } = full();
  const init = { referrer: '', referrerPolicy: 'no-referrer' };
  const { referrer, referrerPolicy } = new Request(URL_A, init);
  limited(URL_A, init);
  assert.deepEqual([calls[0].request.referrer, calls[0].request.referrerPolicy], [referrer, referrerPolicy]);
});

test('an aborted signal: rejects with its reason, uses the body, makes no lane, takes no slot', async () => {
  const { limited, calls } = full();
  const reason = { mine: true };
  const request = upload();
  assert.equal(await rejection(limited(request, { signal: AbortSignal.abort(reason) })), reason);
  assert.equal(request.bodyUsed, usesUp);
  assert.equal(calls.length + limited.lanes.size + limited.stats.submitted, 0);
});

test('bad arguments come before an aborted signal', async () => {
  const { limited } = full();
  assert.ok(await rejection(limited('https://[', { signal: AbortSignal.abort(1) })) instanceof TypeError);
});

test('an aborted signal comes before the lane is asked for', async () => {
  const { limited } = full({ lane() { throw new Error('asked'); } });
  assert.equal(await rejection(limited(URL_A, { signal: AbortSignal.abort(null) })), null);
});

test('a full line: rejects at once, sends nothing, and takes again when there is room', async () => {
  const { limited, calls } = full({ queueCapacity: 1 });
  const first = limited(URL_A);
  const controller = new AbortController();
  const second = limited(URL_A, { signal: controller.signal });
  const error = await rejection(limited(URL_A));
  assert.equal(error.name, 'QueueFullError');
  assert.equal(error.code, 'ERR_MILLPOND_QUEUE_FULL');
  assert.equal(calls.length, 1);

  controller.abort('no more');
  const third = limited(URL_A);
  assert.equal(await rejection(second), 'no more');
  assert.equal((await rejection(limited(URL_A))).name, 'QueueFullError');
  for (const promise of [first, third]) {
    await turn();
    calls.at(-1).answer(null);
    await promise;
  }
  assert.equal(limited.stats.rejected, 2);
  assert.ok(isQuiet(limited));
});

test('queueCapacity 0: a slot or nothing', async () => {
  const { limited, calls } = full({ queueCapacity: 0 });
  const first = limited(URL_A);
  assert.equal((await rejection(limited(URL_A))).name, 'QueueFullError');
  calls[0].answer(null);
  await first;
  limited(URL_A);
  assert.equal(calls.length, 2);
});

test("order: numbers, else fetch's own hint, else arrival; what waits is overtaken only", async () => {
  const { limited, calls } = full();
  const sent = () => calls.map(({ url }) => new URL(url).pathname.slice(1));
  limited('https://a.example/running');
  limited('https://a.example/low', { priority: 'low' });
  limited('https://a.example/one');
  limited('https://a.example/two', { priority: 'auto' });
  limited('https://a.example/high', { priority: 'high' });
  limited('https://a.example/five', { priority: 'low', pond: { priority: 5 } });
  for (let i = 0; i < 6; i++) {
    calls[i].answer(null);
    await turn();
  }
  assert.deepEqual(sent(), ['running', 'five', 'high', 'one', 'two', 'low']);
});

test('a waiting request can be moved by its id', async () => {
  const { limited, calls } = full();
  limited(URL_A);
  limited('https://a.example/one');
  limited('https://a.example/two', { pond: { id: 'two' } });
  limited.lanes.get('https://a.example').setPriority('two', 1);
  calls[0].answer(null);
  await turn();
  assert.equal(calls[1].url, 'https://a.example/two');
});

test('lanes have limits of their own, under a common one', async () => {
  const { limited, calls } = full({
    concurrency: 2, maxConcurrency: 4, lanes: { 'HTTPS://B.example/': { concurrency: 1 } },
  });
  for (const host of ['a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c']) limited(`https://${host}.example/`);
  const count = (host) => calls.filter(({ url }) => url === `https://${host}.example/`).length;
  assert.deepEqual([calls.length, count('a'), count('b'), count('c')], [4, 2, 1, 1]);
  for (let i = 0; i < 9; i++) {
    calls[i].answer(null);
    await turn();
  }
  assert.equal(calls.length, 9);
  assert.ok(isQuiet(limited));
});

test('lanes as a function is asked once for each', async () => {
  const asked = [];
  const { limited, calls } = full({ lanes(lane) { asked.push(lane); return lane.includes('b.') ? { concurrency: 2 } : undefined; } });
  for (const host of ['a', 'a', 'b', 'b']) limited(`https://${host}.example/`);
  assert.equal(calls.length, 3);
  assert.deepEqual(asked, ['https://a.example', 'https://b.example']);
});

test('a lanes function that returns nonsense rejects the call', async () => {
  const { limited } = full({ lanes: () => ({ concurrency: 0 }) });
  assert.equal((await rejection(limited(URL_A))).code, 'ERR_MILLPOND_OPTION');
  assert.equal(limited.stats.submitted, 0);
});

test('close: takes no more, drains, and is done when the last body is read', async () => {
  const { limited, calls } = full();
  const first = limited(URL_A);
  const second = limited(URL_A);
  const closed = limited.close();
  assert.equal((await rejection(limited(URL_A))).code, 'ERR_MILLPOND_CLOSED');
  calls[0].answer('1');
  await (await first).text();
  await turn();
  calls[1].answer('2');
  const response = await second;
  assert.equal(await state(closed), 'waits');
  await response.text();
  await closed;
  assert.ok(isQuiet(limited));
});

test('a foreign or broken base fetch frees its slot like any other', async () => {
  const error = new Error('sync');
  const answers = [() => { throw error; }, () => undefined, () => 7, () => new Response('by hand'), async () => ({ ok: true }), () => ({ then: (done) => done('thenable') })];
  const fetch = createFetch({ concurrency: 1, unreadGrace: 0, fetch: () => answers.shift()() });
  assert.equal(await rejection(fetch(URL_A)), error);
  assert.equal(await fetch(URL_A), undefined);
  assert.equal(await fetch(URL_A), 7);
  assert.equal(await (await fetch(URL_A)).text(), 'by hand');
  assert.deepEqual(await fetch(URL_A), { ok: true });
  assert.equal(await fetch(URL_A), 'thenable');
  assert.ok(isQuiet(fetch));
});

test('a response that takes no members is handed out all the same', async () => {
  const closed = Object.preventExtensions(new Response('cold'));
  const fetch = createFetch({ concurrency: 1, fetch: async () => closed });
  const response = await fetch(URL_A);
  assert.equal(response, closed);
  assert.equal(await response.text(), 'cold');
  assert.ok(isQuiet(fetch));
});

test('nested: both limits hold, both slots come back', async () => {
  const base = fakeFetch();
  const inner = createFetch({ concurrency: 1, fetch: base.fetch });
  const outer = createFetch({ concurrency: 2, fetch: inner });
  const promises = [outer(URL_A), outer(URL_A), outer(URL_A)];
  for (let i = 0; i < 3; i++) {
    await turn();
    assert.equal(base.calls.length, i + 1);
    base.calls[i].answer(`body ${i}`);
    const response = await promises[i];
    const copy = response.clone();
    assert.equal(await copy.text(), `body ${i}`);
    assert.equal(await response.text(), `body ${i}`);
  }
  assert.ok(isQuiet(inner) && isQuiet(outer));
});

test('lanes expire when idle, and one that is asked for again counts on', async (t) => {
  const clock = virtualClock(t);
  const { limited, calls } = full({ idleTimeout: 1000 });
  const first = limited(URL_A);
  calls[0].answer('x');
  const response = await first;
  assert.deepEqual([...limited.lanes.keys()], ['https://a.example'], 'an unread body keeps its lane');
  await clock.advance(2000);
  await response.text();
  await clock.advance(999);
  assert.equal(limited.lanes.size, 1);
  await clock.advance(1);
  assert.equal(limited.lanes.size, 0);
  limited(URL_A);
  assert.equal(limited.stats.submitted, 2);
  assert.equal(limited.stats.running, 1);
});
