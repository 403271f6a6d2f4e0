// What a server asks for: to wait, and how long.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFetch } from 'millpond';
import { virtualClock } from './clock.mjs';
import { fakeFetch } from './fetch-kit.mjs';
import { ORIGIN, URL_A, serving, times } from './fetch-retry-kit.mjs';
import { rejection, settle, until } from './tools.mjs';

describe('Retry-After', () => {
  const date = (at) => new Date(at).toUTCString();
  const NOON = Date.parse('Fri, 20 Nov 2026 12:00:00 GMT');

  const pauses = {
    'in seconds': [{ 'retry-after': '2' }, 2000],
    'as a date, by the clock of the server': [{ 'retry-after': date(NOON + 3000), date: date(NOON) }, 3000],
    'as a date of the old kinds': [{ 'retry-after': 'Fri Nov 20 12:00:04 2026', date: 'Friday, 20-Nov-26 12:00:00 GMT' }, 4000],
    'in the past': [{ 'retry-after': date(NOON - 3000), date: date(NOON) }, 0],
    'negative': [{ 'retry-after': '-5' }, 0],
    'now': [{ 'retry-after': '0' }, 0],
    'unreadable': [{ 'retry-after': 'soon 12' }, 300],
    'empty': [{ 'retry-after': '' }, 300],
    'none': [{}, 300],
  };
  for (const [what, [headers, pause]] of Object.entries(pauses)) {
    test(what, async (t) => {
      const clock = virtualClock(t);
      const { limited, sent } = serving(clock, [[429, headers], 200], { retry: 1 });
      const promise = limited(URL_A);
      await clock.advance(10_000);
      assert.equal((await promise).status, 200);
      assert.deepEqual(times(sent), [0, pause]);
    });
  }

  test('as a date without that of the server, by the own clock', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [[429, { 'retry-after': date(Date.now() + 5000) }], 200], { retry: 1 });
    const promise = limited(URL_A);
    await clock.advance(10_000);
    await promise;
    assert.ok(sent[1].at > 3000 && sent[1].at <= 5000, `${sent[1].at}`);
  });

  test('longer than maxRetryAfter: the response is the result, and the lane goes on', async (t) => {
    const clock = virtualClock(t);
    for (const [seconds, retry] of [[61, 3], [3, { maxRetryAfter: 2999 }], [61, { shouldRetry: () => true }]]) {
      const { limited, sent } = serving(clock, [[503, { 'retry-after': `${seconds}` }]], { retry });
      assert.equal((await limited(URL_A)).status, 503);
      await limited(URL_A);
      assert.equal(sent.length, 2);
    }
  });

  test('only with the statuses where it counts', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [[500, { 'retry-after': '5' }], 200], { retry: { statusCodes: [500] } });
    const promise = limited(URL_A);
    await clock.advance(300);
    await promise;
    assert.deepEqual(times(sent), [0, 300]);
  });

  test('jitter comes on top', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [[429, { 'retry-after': '2' }], 200], { retry: { jitter: (ms) => ms / 2 } });
    const promise = limited(URL_A);
    await clock.settled(promise);
    assert.deepEqual(times(sent), [0, 2150]);
  });

  test('and on top of now, if it asks for less', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [[429, { 'retry-after': '-9' }], 200], { retry: { jitter: (ms) => ms / 2 } });
    const promise = limited(URL_A);
    await clock.settled(promise);
    assert.deepEqual(times(sent), [0, 150]);
  });
});

describe('a lane that is asked to wait', () => {
  const AFTER = { 'retry-after': '2' };

  test('sends nothing until then, whoever asks; other lanes go on', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [[429, AFTER], 200], { retry: 1, concurrency: 5 });
    const all = [limited(URL_A)];
    await settle();
    all.push(limited(URL_A + 'later'), limited('https://b.example/'));
    await clock.advance(1000);
    all.push(limited(URL_A + 'latest', { pond: { retry: 0, priority: 'high' } }));
    await clock.advance(999);
    assert.deepEqual(sent.map(({ request }) => request.url), [URL_A, 'https://b.example/']);
    await clock.advance(1);
    for (const response of await Promise.all(all)) await response.text();
    assert.deepEqual(sent.slice(2).map(({ at }) => at), [2000, 2000, 2000]);
  });

  test('lets what was queued wait, and what is in flight end', async (t) => {
    const clock = virtualClock(t);
    const base = fakeFetch();
    const limited = createFetch({ concurrency: 2, fetch: base.fetch, retry: 1 });
    for (let i = 0; i < 4; i++) limited(URL_A + i);
    base.calls[0].answer(null, { status: 503, headers: AFTER });
    base.calls[1].answer(null);
    await clock.advance(1999);
    assert.equal(base.calls.length, 2);
    assert.equal(limited.stats.running, 0);
    await clock.advance(1);
    assert.equal(base.calls.length, 4);
  });

  test('aborts and queueTimeout work meanwhile', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [[429, AFTER], 200], { pauseOnRetryAfter: true });
    await limited(URL_A);
    const controller = new AbortController();
    const failed = [rejection(limited(URL_A, { pond: { queueTimeout: 500 } })), rejection(limited(URL_A, { signal: controller.signal }))];
    await clock.advance(500);
    assert.equal((await failed[0]).phase, 'queue');
    controller.abort('enough');
    assert.equal(await failed[1], 'enough');
    assert.equal(sent.length, 1);
  });

  test('without a retry only if asked for; with one, unless asked not to', async (t) => {
    const clock = virtualClock(t);
    for (const [options, waits] of [[{}, 0], [{ pauseOnRetryAfter: true }, 2000], [{ retry: 1, pauseOnRetryAfter: false }, 0], [{ retry: 0 }, 0], [{ retry: { statusCodes: [] } }, 2000]]) {
      const { limited, sent } = serving(clock, [[429, AFTER], 200], options);
      const begin = clock.time;
      const first = limited(URL_A);
      await settle();
      const second = limited(URL_A);
      await clock.advance(5000);
      await Promise.all([first, second]);
      assert.equal(sent[1].at - begin, waits, JSON.stringify(options));
    }
  });

  test('waits for the longest it was asked', async (t) => {
    const clock = virtualClock(t);
    const base = fakeFetch();
    const limited = createFetch({ concurrency: 2, fetch: base.fetch, pauseOnRetryAfter: true });
    const all = [limited(URL_A), limited(URL_A)];
    base.calls[0].answer(null, { status: 429, headers: { 'retry-after': '3' } });
    base.calls[1].answer(null, { status: 429, headers: { 'retry-after': '1' } });
    await Promise.all(all);
    limited(URL_A);
    await clock.advance(2999);
    assert.equal(base.calls.length, 2);
    await clock.advance(1);
    assert.equal(base.calls.length, 3);
  });

  test('does not expire, and leaves no timer behind', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [[429, { 'retry-after': '5' }], 200], { pauseOnRetryAfter: true, idleTimeout: 100 });
    await (await limited(URL_A)).text();
    await clock.advance(4000);
    const promise = limited(URL_A);
    await clock.advance(999);
    assert.equal(sent.length, 1);
    await clock.advance(1);
    await (await promise).text();
    await clock.advance(100);
    assert.equal(limited.lanes.size, 0);
    assert.deepEqual(clock.timers, []);
  });
});

describe('rate', () => {
  test('no more than intervalCap in any interval, repeats included', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [503, 200], { concurrency: 10, interval: 1000, intervalCap: 2, retry: { delay: () => 1 } });
    const all = Array.from({ length: 4 }, () => limited(URL_A));
    await clock.advance(5000);
    for (const response of await Promise.all(all)) await response.text();
    assert.deepEqual(times(sent), [0, 0, 1000, 1000, 2000]);
  });

  test('of one lane', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [200], { concurrency: 10, lanes: { [ORIGIN]: { interval: 50, intervalCap: 1 } } });
    const all = [URL_A, URL_A, 'https://b.example/', 'https://b.example/'].map((url) => limited(url));
    await clock.advance(100);
    await Promise.all(all);
    assert.deepEqual(times(sent), [0, 0, 0, 50]);
  });
});

test('options are checked', async () => {
  const refused = [
    [{ retry: -1 }, RangeError, 'retry.limit'], [{ retry: true }, TypeError, 'retry'], [{ retry: { methods: 'GET' } }, TypeError, 'retry.methods'],
    [{ retry: { methods: [1] } }, TypeError, 'retry.methods'], [{ retry: { statusCodes: 503 } }, TypeError, 'retry.statusCodes'],
    [{ retry: { statusCodes: ['503'] } }, TypeError, 'retry.statusCodes'], [{ retry: { afterStatusCodes: [-1] } }, RangeError, 'retry.afterStatusCodes'],
    [{ retry: { maxRetryAfter: -1 } }, RangeError, 'retry.maxRetryAfter'], [{ retry: { retryOnNetworkError: 1 } }, TypeError, 'retry.retryOnNetworkError'],
    [{ retry: { limits: 3 } }, RangeError, 'limits'], [{ pauseOnRetryAfter: 1 }, TypeError, 'pauseOnRetryAfter'],
    [{ interval: 0 }, RangeError, 'interval'], [{ intervalCap: 0 }, RangeError, 'intervalCap'], [{ interval: Infinity }, RangeError, 'interval'],
  ];
  for (const [options, Kind, option] of refused) {
    assert.throws(() => createFetch(options), (error) => error instanceof Kind && error.code === 'ERR_MILLPOND_OPTION' && error.option === option, JSON.stringify(options));
  }
  const error = await rejection(createFetch({ fetch: () => assert.fail() })(URL_A, { pond: { retry: { limit: -1 } } }));
  assert.equal(error.option, 'pond.retry.limit');
});
