// How a map ends before its time, and what is left of it then.
import { deepEqual, equal, fail, match, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { Pool, PoolClosedError, skip } from 'millpond';
import { hand, numbers, turns } from './map-kit.mjs';
import { accounted, rejection, settle, stage, until } from './tools.mjs';

test('a signal ends it, also while it waits for the input; one that is aborted already reads nothing', async () => {
  const pool = new Pool(2);
  const controller = new AbortController();
  const blocked = { read: 0, returned: 0, [Symbol.asyncIterator]: () => ({
    next: () => { blocked.read++; return new Promise(() => {}); },
    return: async () => { blocked.returned++; return { done: true }; },
  }) };
  const all = rejection(pool.map(blocked, fail, { signal: controller.signal }));
  await turns();
  equal(blocked.read, 1);
  controller.abort('enough');
  equal(await all, 'enough');
  equal(blocked.returned, 1);
  equal(await rejection(pool.map(blocked, fail, { signal: controller.signal })), 'enough');
  equal(await rejection(pool.mapSettled(blocked, fail, { signal: controller.signal })), 'enough');
  deepEqual([blocked.read, blocked.returned], [1, 1]);
});

test('a signal cancels what waits and what runs, with its very reason', async () => {
  const pool = new Pool(2);
  const held = pool.tryAcquire();
  const controller = new AbortController();
  const { mapper, calls } = hand();
  const all = rejection(pool.mapSettled([1, 2, 3], mapper, { signal: controller.signal }));
  await turns();
  deepEqual([pool.running, pool.waiting], [2, 1]);
  const reason = new Error('enough');
  controller.abort(reason);
  equal(await all, reason);
  equal(calls[0].signal.reason, reason);
  equal(pool.waiting, 0);
  calls[0].resolve();
  held.release();
  await pool.onIdle();
});

test('a signal that outlives it keeps no listener', async () => {
  const listeners = new Set();
  const signal = new AbortController().signal;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args) => { listeners.add(args[1]); addEventListener.apply(signal, args); };
  signal.removeEventListener = (...args) => { listeners.delete(args[1]); removeEventListener.apply(signal, args); };
  const pool = new Pool(2);
  await pool.map([1, 2, 3], (x) => x, { signal });
  await rejection(pool.map([1, 2, 3], () => { throw 0; }, { signal }));
  for await (const _ of pool.stream([1, 2, 3], (x) => x, { signal }));
  for await (const _ of pool.stream([1, 2, 3], (x) => x, { signal })) break;
  equal(listeners.size, 0);
});

test('timeouts and priorities are those of each item', async () => {
  const pool = new Pool(1);
  const error = await rejection(pool.map([1], () => new Promise(() => {}), { timeout: 0 }));
  deepEqual([error.name, error.phase], ['TimeoutError', 'run']);
});

test('a pool that is cleared, aborted or closed in mid-map settles it', async () => {
  const after = {
    async clear(pool, { calls }, held) { pool.clear('cleared'); held.release(); calls[0].resolve(0); },
    async abort(pool, { calls }) { pool.abort('aborted'); calls[0].resolve(0); },
    async close(pool, { calls }, held) { pool.close(); held.release(); calls[0].resolve(0); await until(() => calls.length > 1); calls.forEach((call) => call.resolve(1)); },
  };
  for (const [how, act] of Object.entries(after)) {
    for (const method of ['map', 'mapSettled', 'aggregate', 'stream']) {
      const pool = new Pool(2);
      const held = pool.tryAcquire();
      const source = how === 'close' ? numbers() : numbers(2);
      const by = hand();
      const all = (async () => {
        if (method === 'stream') for await (const _ of pool.stream(source, by.mapper));
        else if (method === 'aggregate') await pool.map(source, by.mapper, { stopOnError: false });
        else return pool[method](source, by.mapper);
      })();
      await until(() => by.calls.length === 1 && pool.waiting === 1, `${how} ${method}`);
      const [result] = await Promise.allSettled([all, act(pool, by, held)]);
      if (how === 'close') ok(result.reason instanceof PoolClosedError, `${how} ${method}`);
      else if (method === 'mapSettled') equal(result.value.at(-1).reason, how === 'clear' ? 'cleared' : 'aborted');
      else equal(result.reason?.errors?.at(-1) ?? result.reason, how === 'clear' ? 'cleared' : 'aborted');
      equal(source.ended, 1, `${how} ${method}`);
      held.release();
      await pool.onIdle();
      equal(accounted(pool.stats), pool.stats.submitted);
    }
  }
});

test('a mapper that fails because another pool is closed has failed, and no more', async () => {
  const closed = new Pool(1);
  await closed.close();
  const results = await new Pool(1).mapSettled([1, 2], () => closed.run(() => 1));
  deepEqual(results.map(({ status }) => status), ['rejected', 'rejected']);
});

test('a bounded line is waited for', async () => {
  for (const queueCapacity of [0, 1]) {
    const pool = new Pool({ concurrency: 2, queueCapacity });
    const { task, end } = stage();
    const others = [pool.run(task('a')), pool.run(task('b'))];
    if (queueCapacity) others.push(pool.run(task('c')));
    const all = pool.map([1, 2, 3, 4], (x) => x);
    const more = pool.map([1, 2, 3, 4], (x) => x);
    await turns();
    equal(pool.waiting, queueCapacity);
    end('a');
    end('b');
    if (queueCapacity) until(() => pool.running === 1).then(() => end('c'));
    deepEqual(await all, [1, 2, 3, 4]);
    deepEqual(await more, [1, 2, 3, 4]);
    await Promise.all(others);
    equal(pool.stats.rejected, 0);
  }
  const small = new Pool({ concurrency: 1, queueCapacity: 0 });
  const held = small.tryAcquire();
  const wider = small.map([1], (x) => x);
  await turns();
  small.concurrency = 2;
  deepEqual(await wider, [1]);
  held.release();
  const paused = new Pool({ concurrency: 1, queueCapacity: 0, autoStart: false });
  const all = paused.map([1], (x) => x);
  await turns();
  paused.resume();
  deepEqual(await all, [1]);
  equal(paused.stats.rejected, 0);
});

test('re-entrancy: a mapper, an input or a listener that ends it all', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  let told;
  const inMapper = new Pool(2).map(numbers(), (x, i, context) => {
    if (x < 3) return x;
    controller.abort('mapper');
    told = context.signal.reason;
  }, { signal });
  equal(await rejection(inMapper), 'mapper');
  equal(told, undefined);

  const other = new AbortController();
  let ended = 0;
  const source = (function* () {
    try {
      yield 1;
      other.abort('input');
      yield 2;
    } finally {
      ended++;
    }
  })();
  equal(await rejection(new Pool(2).map(source, (x) => x, { signal: other.signal })), 'input');
  await settle();
  equal(ended, 1);

  const pool = new Pool(2);
  const nested = await pool.map([1, 2, 3], (x) => x).then((list) => pool.map(list, (x) => pool.stats.submitted && x + 1));
  deepEqual(nested, [2, 3, 4]);
});

test('a mapper that ends it all is told of it by its own signal', async () => {
  const controller = new AbortController();
  let signal;
  const all = rejection(new Pool(1).map([1], async (x, i, context) => {
    ({ signal } = context);
    controller.abort('self');
    await settle();
  }, { signal: controller.signal }));
  equal(await all, 'self');
  equal(signal.reason, 'self');
});

test('many items neither recurse nor are kept, and let the event loop have its turns', async () => {
  const pool = new Pool(10);
  let turnsSeen = 0;
  let over = false;
  const watching = (async () => { while (!over) { await settle(); turnsSeen++; } })();
  let sum = 0;
  await pool.map(numbers(100_000), (x) => { sum += x; return skip; });
  over = true;
  await watching;
  equal(sum, 4_999_950_000);
  ok(turnsSeen > 3, `${turnsSeen} turns`);
});

test('what it is given is checked before anything is read', () => {
  const pool = new Pool();
  for (const method of ['map', 'mapSettled', 'stream']) {
    throws(() => pool[method](5, () => {}), { code: 'ERR_MILLPOND_OPTION', option: 'input' });
    throws(() => pool[method](undefined, () => {}), { code: 'ERR_MILLPOND_OPTION', option: 'input' });
    throws(() => pool[method]([], 5), { code: 'ERR_MILLPOND_OPTION', option: 'mapper' });
    throws(() => pool[method]([], () => {}, { concurrency: 0 }), { option: 'concurrency' });
    throws(() => pool[method]([], () => {}, { timeout: -1 }), { option: 'timeout' });
    throws(() => pool[method]([], () => {}, { id: 'x' }), { option: 'id' });
    match((() => { try { pool[method]([], () => {}, { concurency: 1 }); } catch (error) { return error.message; } })(), /concurrency\?/);
  }
  throws(() => pool.map([], () => {}, { stopOnError: 1 }), { option: 'stopOnError' });
  throws(() => pool.mapSettled([], () => {}, { stopOnError: true }), { option: 'stopOnError' });
  throws(() => pool.stream([], () => {}, { backpressure: 0 }), { option: 'backpressure' });
  throws(() => pool.stream([], () => {}, { preserveOrder: 1 }), { option: 'preserveOrder' });
});
