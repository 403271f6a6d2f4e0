// How many requests a lane lets out, learnt from the server's answers.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFetch } from 'millpond';
import { virtualClock } from './clock.mjs';
import { fakeFetch, until } from './fetch-kit.mjs';
import { rejection, settle } from './tools.mjs';

const URL_A = 'https://a.example/';
const ORIGIN = 'https://a.example';

/** A fetch, its lane, and `round(status)`: as many requests as the lane lets out, all answered so. */
function lane(options) {
  const base = fakeFetch();
  const fetch = createFetch({ adaptive: true, fetch: base.fetch, ...options });
  const pool = fetch.lanes.get(ORIGIN);
  const send = (n) => Array.from({ length: n }, () => fetch(URL_A));
  const round = async (status, n = pool.concurrency) => {
    const from = base.calls.length;
    const sent = send(n);
    assert.equal(base.calls.length, from + n);
    for (const call of base.calls.slice(from)) call.answer(null, { status });
    await Promise.all(sent);
  };
  return { ...base, limited: fetch, pool, round, send };
}

describe('adaptive', () => {
  test('half after a 429 or a 503, once for all that were in flight; never below 1', async () => {
    const { pool, round } = lane({ concurrency: 8 });
    await round(200);
    assert.equal(pool.concurrency, 8);
    await round(429);
    assert.equal(pool.concurrency, 4);
    await round(503);
    assert.equal(pool.concurrency, 2);
    await round(503);
    await round(503);
    await round(503);
    assert.equal(pool.concurrency, 1);
  });

  test('one more when as many have gone well, up to where it was', async () => {
    const { pool, round } = lane({ concurrency: 6 });
    await round(429);
    assert.equal(pool.concurrency, 3);
    await round(200, 2);
    assert.equal(pool.concurrency, 3);
    await round(404, 1);
    assert.equal(pool.concurrency, 4);
    await round(200, 3);
    assert.equal(pool.concurrency, 4);
    await round(200, 1);
    assert.equal(pool.concurrency, 5);
    await round(200);
    await round(200);
    assert.equal(pool.concurrency, 6);
  });

  test('praise is forgotten with a complaint', async () => {
    const { pool, round } = lane({ concurrency: 4 });
    await round(200, 3);
    await round(429, 1);
    await round(200, 1);
    assert.equal(pool.concurrency, 2);
  });

  test('errors of the server are no praise, and no complaint', async () => {
    const { pool, round } = lane({ concurrency: 4 });
    await round(503);
    assert.equal(pool.concurrency, 2);
    for (let i = 0; i < 5; i++) await round(500);
    assert.equal(pool.concurrency, 2);
  });

  test('what was sent before a complaint does not praise the new limit', async () => {
    const { pool, send, calls } = lane({ concurrency: 4 });
    const sent = send(4);
    calls[0].answer(null, { status: 429 });
    await sent[0];
    assert.equal(pool.concurrency, 2);
    for (const call of calls.slice(1)) call.answer(null, { status: 200 });
    await Promise.all(sent);
    assert.equal(pool.concurrency, 2);
  });

  test('between min and max', async () => {
    const { pool, round } = lane({ concurrency: 4, adaptive: { min: 3, max: 5 } });
    await round(200);
    assert.equal(pool.concurrency, 5);
    await round(200);
    assert.equal(pool.concurrency, 5);
    await round(429);
    await round(429);
    assert.equal(pool.concurrency, 3);
    assert.equal(lane({ concurrency: 9, adaptive: { max: 2 } }).pool.concurrency, 2);
  });

  test('from no limit at all to half of what was in flight', async () => {
    const { pool, round } = lane({ concurrency: Infinity });
    await round(200, 10);
    assert.equal(pool.concurrency, Infinity);
    await round(429, 10);
    assert.equal(pool.concurrency, 5);
  });

  test('timeouts are complaints', async (t) => {
    const clock = virtualClock(t);
    const { pool, send } = lane({ concurrency: 4, timeout: 100 });
    const failed = send(3).map(rejection);
    await clock.advance(100);
    assert.equal((await failed[0]).phase, 'headers');
    assert.equal(pool.concurrency, 2);
  });

  test('but waiting, and all together, are not', async (t) => {
    const clock = virtualClock(t);
    const { pool, send } = lane({ concurrency: 4, totalTimeout: 100, queueTimeout: 50 });
    const failed = send(5).map(rejection);
    await clock.advance(100);
    assert.deepEqual((await Promise.all(failed)).map(({ phase }) => phase), ['total', 'total', 'total', 'total', 'queue']);
    assert.equal(pool.concurrency, 4);
  });

  test('a limit that somebody sets is the new base', async () => {
    const { pool, round } = lane({ concurrency: 4 });
    await round(429);
    pool.concurrency = 10;
    await round(200, 10);
    assert.equal(pool.concurrency, 10);
    await round(429);
    assert.equal(pool.concurrency, 5);
    for (let i = 0; i < 20; i++) await round(200);
    assert.equal(pool.concurrency, 10);
  });

  test('and praise of the old one is forgotten', async () => {
    const { pool, round } = lane({ concurrency: 4, adaptive: { max: 10 } });
    await round(200, 3);
    pool.concurrency = 3;
    await round(200, 1);
    assert.equal(pool.concurrency, 3);
  });

  test('a smaller limit holds for those that wait', async () => {
    const { calls, send } = lane({ concurrency: 2 });
    send(4);
    calls[0].answer(null, { status: 429 });
    await settle();
    assert.equal(calls.length, 2);
    calls[1].answer(null, { status: 200 });
    await until(() => calls.length === 3);
    await settle();
    assert.equal(calls.length, 3);
  });

  test('an expired lane begins anew', async (t) => {
    const clock = virtualClock(t);
    const { pool, round, limited } = lane({ concurrency: 4, idleTimeout: 100 });
    await round(429);
    assert.equal(pool.concurrency, 2);
    await clock.advance(100);
    assert.equal(limited.lanes.size, 0);
    assert.equal(pool.concurrency, 4);
    await round(429, 4);
    assert.equal(pool.concurrency, 2);
  });

  test('off by default, and where a lane says so', async () => {
    const plain = lane({ concurrency: 4, adaptive: undefined });
    await plain.round(429);
    assert.equal(plain.pool.concurrency, 4);
    const off = lane({ concurrency: 4, lanes: { [ORIGIN]: { adaptive: false } } });
    await off.round(429);
    assert.equal(off.pool.concurrency, 4);
  });

  test('options are checked', () => {
    const refused = [[1, TypeError, 'adaptive'], [{ min: 0 }, RangeError, 'adaptive.min'], [{ max: 1.5 }, RangeError, 'adaptive.max'], [{ min: 3, max: 2 }, RangeError, 'adaptive.min'], [{ most: 2 }, RangeError, 'most']];
    for (const [adaptive, Kind, option] of refused) {
      assert.throws(() => createFetch({ adaptive }), (error) => error instanceof Kind && error.code === 'ERR_MILLPOND_OPTION' && error.option === option);
    }
  });
});
