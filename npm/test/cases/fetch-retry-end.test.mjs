// How a request that is sent again ends: by its caller, by time, by the lane.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFetch } from 'millpond';
import { virtualClock } from './clock.mjs';
import { fakeFetch, handBody, isQuiet } from './fetch-kit.mjs';
import { URL_A, serving, times } from './fetch-retry-kit.mjs';
import { rejection, settle, until } from './tools.mjs';

describe('the end of all', () => {
  test('an abort in the pause rejects at once, with the very reason', async (t) => {
    const clock = virtualClock(t);
    const controller = new AbortController();
    const { limited, sent } = serving(clock, [503], { retry: 5 });
    const failed = rejection(limited(URL_A, { signal: controller.signal, method: 'PUT', body: 'x' }));
    await clock.advance(100);
    const reason = { why: 'enough' };
    controller.abort(reason);
    assert.equal(await failed, reason);
    await clock.advance(5000);
    assert.equal(sent.length, 1);
    assert.ok(isQuiet(limited));
  });

  test('so does the signal of a Request', async (t) => {
    const clock = virtualClock(t);
    const controller = new AbortController();
    const { limited } = serving(clock, [503], { retry: 5 });
    const failed = rejection(limited(new Request(URL_A, { signal: controller.signal })));
    await clock.advance(100);
    controller.abort('enough');
    assert.equal(await failed, 'enough');
  });

  test('an abort works in a later attempt: in flight, and in its body', async (t) => {
    const clock = virtualClock(t);
    for (const method of ['GET', 'PUT']) {
      const controller = new AbortController();
      const base = fakeFetch();
      const limited = createFetch({ fetch: base.fetch, retry: 1 });
      const failed = rejection(limited(URL_A, { method, body: method === 'PUT' ? 'x' : null, signal: controller.signal }));
      base.calls[0].answer(null, { status: 503 });
      await clock.advance(300);
      assert.equal(base.calls.length, 2);
      controller.abort('in flight');
      assert.equal(await failed, 'in flight');
      assert.equal(base.calls[1].request.signal.reason, 'in flight');
      await until(() => isQuiet(limited));

      const later = new AbortController();
      const promise = limited(URL_A, { method, body: method === 'PUT' ? 'x' : null, signal: later.signal });
      base.calls[2].answer(null, { status: 503 });
      await clock.advance(300);
      const body = handBody();
      base.calls[3].answer(body.stream);
      const read = rejection((await promise).text());
      later.abort('in the body');
      assert.equal(await read, 'in the body');
      await until(() => isQuiet(limited));
    }
  });

  test('no attempt after the total timeout: the last response is the result, whole', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [503], { retry: 5, totalTimeout: 900 });
    const promise = limited(URL_A);
    await clock.advance(300);
    const response = await promise;
    assert.equal(await response.text(), 'body of 503');
    assert.deepEqual(times(sent), [0, 300], 'the third would be at 900');
  });

  test('the total timeout counts on in a later attempt', async (t) => {
    const clock = virtualClock(t);
    const base = fakeFetch();
    const limited = createFetch({ fetch: base.fetch, retry: 5, totalTimeout: 500 });
    const failed = rejection(limited(URL_A));
    base.calls[0].answer(null, { status: 503 });
    await clock.advance(499);
    assert.equal(limited.stats.running, 1);
    await clock.advance(1);
    assert.equal((await failed).phase, 'total');
  });

  test('close() waits for it, and clear() ends it', async (t) => {
    const clock = virtualClock(t);
    for (const isCleared of [false, true]) {
      const { limited } = serving(clock, [503, 200], { retry: 1 });
      const promise = limited(URL_A);
      promise.catch(() => {});
      await settle();
      const closed = limited.close();
      if (isCleared) assert.equal(limited.lanes.clear('cleared'), 1);
      else await clock.advance(300);
      if (isCleared) assert.equal(await rejection(promise), 'cleared');
      else await (await promise).text();
      await closed;
    }
  });

  test('hand-made answers of the base fetch', async (t) => {
    const clock = virtualClock(t);
    for (const answer of [undefined, null, { status: 200 }, { status: 503 }]) {
      const { limited, sent } = serving(clock, [() => answer], { retry: { limit: 1, delay: () => 1 }, adaptive: true });
      const promise = limited(URL_A);
      await clock.advance(10);
      assert.equal(await promise, answer);
      assert.equal(sent.length, answer?.status === 503 ? 2 : 1);
      assert.ok(isQuiet(limited));
    }
  });
});
