// limit(): p-limit's shape and its observable order, and where it differs.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { limit, limitFunction, Pool } from 'millpond';
import { deferred, rejection, settle, state } from './tools.mjs';

describe('limit', () => {
  test('passes the arguments, and hands out what the function returns or throws', async () => {
    const one = limit(1);
    const symbol = Symbol('argument');
    assert.deepEqual(await Promise.all([one(async (a, b) => [a, b], symbol, 2), one(() => 'sync'), one(() => Promise.resolve(3))]), [[symbol, 2], 'sync', 3]);
    const error = new Error('thrown');
    assert.equal(await rejection(one(() => { throw error; })), error);
    assert.equal(await rejection(one(async () => { throw error; })), error);
    assert.equal(await one(() => 'goes on'), 'goes on');
  });

  test('takes its place at once, and is called in the very next microtask', async () => {
    const two = limit(2);
    const called = [];
    const ends = [0, 1, 2].map((i) => ({ i, ...deferred() }));
    const calls = ends.map(({ i, promise }) => two(() => { called.push(i); return promise; }));
    assert.deepEqual([called, two.activeCount, two.pendingCount], [[], 2, 1]);
    await null;
    assert.deepEqual(called, [0, 1]);
    ends[1].resolve('b');
    assert.equal(await calls[1], 'b');
    assert.deepEqual([called, two.activeCount, two.pendingCount], [[0, 1, 2], 2, 0]);
    ends.forEach(({ resolve }) => resolve());
    await Promise.all(calls);
    assert.deepEqual([two.activeCount, two.pendingCount], [0, 0]);
  });

  test('a function that throws at once or is none rejects, it does not throw', async () => {
    const one = limit(1);
    assert.ok(await rejection(one(undefined)) instanceof TypeError);
    assert.equal(one.activeCount, 0);
  });

  test('clearQueue rejects what waits, which nobody has to handle, and leaves alone what runs', async () => {
    const one = limit(1);
    const end = deferred();
    let called = 0;
    const runs = one(() => end.promise);
    const waits = one(() => { called++; });
    one(() => { called++; });
    assert.equal(one.clearQueue(), undefined);
    assert.deepEqual([one.activeCount, one.pendingCount], [1, 0]);
    end.resolve(9);
    assert.equal(await runs, 9);
    assert.equal((await rejection(waits)).name, 'AbortError');
    assert.equal(called, 0);
    assert.equal(await one(() => 'later'), 'later');
  });

  test('rejectOnClear: false leaves them unsettled, as p-limit does; errors go on', async () => {
    const one = limit({ concurrency: 1, rejectOnClear: false });
    const error = new Error('thrown');
    const end = deferred();
    const runs = one((...args) => end.promise.then(() => args), 1, 2);
    const waits = one(() => 'never');
    one.clearQueue();
    assert.equal(one.pendingCount, 0);
    end.resolve();
    assert.deepEqual(await runs, [1, 2]);
    assert.equal(await state(waits), 'waits');
    assert.equal(await rejection(one(() => { throw error; })), error);
    const aborted = rejection(one(() => deferred().promise));
    one.pool.abort(error);
    assert.equal(await aborted, error);
  });

  test('map takes any iterable, in order, with the index, and works by itself', async () => {
    const two = limit(2);
    const { map } = two;
    let most = 0;
    const results = await map(new Set(['a', 'b', 'c']), async (item, index) => {
      most = Math.max(most, two.activeCount);
      if (index === 0) await settle();
      return item + index;
    });
    assert.deepEqual([results, most], [['a0', 'b1', 'c2'], 2]);
    assert.deepEqual(await two.map([], () => 1), []);
    assert.deepEqual(await two.map({ length: 2 }, (_, index) => index), [0, 1]);
  });

  test('map rejects with the first error, and with what the iterable throws; no other rejection strays', async () => {
    const one = limit(1);
    const error = new Error('iterable');
    let called = 0;
    function* items() {
      yield 1;
      yield 2;
      throw error;
    }
    assert.equal(await rejection(one.map(items(), () => { called++; throw new Error('stray'); })), error);
    await settle();
    assert.equal(called, 2);
    assert.equal(await rejection(one.map([1, 2], (item) => { throw item; })), 1);
    await settle();
  });

  test('concurrency can be read and set while it works', async () => {
    const four = limit(4);
    let running = 0;
    const log = [];
    const ends = [];
    const calls = Array.from({ length: 10 }, () => four(async () => {
      log.push(++running);
      await new Promise((resolve) => { ends.push(resolve); });
      running--;
    }));
    await settle();
    assert.equal(running, 4);
    four.concurrency = 2;
    assert.equal(four.concurrency, 2);
    while (running > 0) {
      ends.shift()();
      await settle();
    }
    await Promise.all(calls);
    assert.deepEqual(log, [1, 2, 3, 4, 2, 2, 2, 2, 2, 2]);
    four.concurrency = Infinity;
    assert.equal(four.concurrency, Infinity);
  });

  test('what is wrong is said at once, with a code', () => {
    for (const wrong of [0, -1, 1.2, NaN, undefined, null, true, '6', {}, [], { concurrency: 0 }, { concurrency: undefined }]) {
      assert.throws(() => limit(wrong), { code: 'ERR_MILLPOND_OPTION', option: 'concurrency' });
    }
    assert.throws(() => { limit(1).concurrency = 0; }, { code: 'ERR_MILLPOND_OPTION', option: 'concurrency' });
    assert.throws(() => limit({ concurrency: 1, rejectOnClear: 'yes' }), { name: 'TypeError', option: 'rejectOnClear' });
    assert.throws(() => limit({ concurrency: 1, concurency: 2 }), /concurrency\?/);
    assert.throws(() => limitFunction(() => {}), { option: 'concurrency' });
  });

  test('pool is the pool behind it, whose options it takes', async () => {
    const one = limit({ concurrency: 1, queueCapacity: 1, name: 'one' });
    assert.ok(one.pool instanceof Pool);
    assert.equal(one.pool.name, 'one');
    const end = deferred();
    const calls = [one(() => end.promise), one(() => 'b')];
    assert.equal((await rejection(one(() => 'c'))).code, 'ERR_MILLPOND_QUEUE_FULL');
    one.pool.pause();
    end.resolve('a');
    assert.equal(await calls[0], 'a');
    assert.equal(await state(calls[1]), 'waits');
    one.pool.resume();
    assert.equal(await calls[1], 'b');
    assert.equal(one.pool.stats.succeeded, 2);
  });

  test('what the pool aborts before its microtask is not called', async () => {
    const one = limit(1);
    let called = false;
    const call = one(() => { called = true; });
    one.pool.abort('why');
    assert.equal(await rejection(call), 'why');
    await one.pool.onIdle();
    assert.ok(!called);
  });
});

describe('limitFunction', () => {
  test('limits one function, and has its clearQueue', async () => {
    const end = deferred();
    const limited = limitFunction(async (a, b) => { await end.promise; return a + b; }, { concurrency: 1 });
    const calls = [limited(1, 2), limited(3, 4)];
    limited.clearQueue();
    end.resolve();
    assert.equal(await calls[0], 3);
    assert.equal((await rejection(calls[1])).name, 'AbortError');
    assert.equal(await limitFunction((a) => a, 2)(7), 7);
  });
});
