// Permits held by hand.
import { deepEqual, equal, fail, ok, rejects, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { Pool, PoolClosedError, PoolManager, QueueFullError } from 'millpond';
import { virtualClock } from './clock.mjs';
import { accounted, deferred, rejection, settle, state } from './tools.mjs';

test('a permit is one of those that run until it is released, which counts once', async () => {
  const pool = new Pool(1);
  const permit = await pool.acquire();
  equal(pool.running, 1);
  const task = pool.run(() => 'ran');
  equal(await state(task), 'waits');
  permit.release();
  permit.release();
  equal(await task, 'ran');
  permit.release();
  await pool.onIdle();
  deepEqual([pool.stats.succeeded, accounted(pool.stats)], [2, 2]);
});

test('it waits in the line, by priority, as tasks do', async () => {
  const pool = new Pool(1);
  const first = await pool.acquire();
  const order = [];
  const low = pool.acquire().then((permit) => { order.push('low'); return permit; });
  const task = pool.run(() => { order.push('task'); });
  const high = pool.acquire({ priority: 1 }).then((permit) => { order.push('high'); return permit; });
  first.release();
  (await high).release();
  (await low).release();
  await task;
  deepEqual(order, ['high', 'low', 'task']);
});

test('who waits can give up: signal, queueTimeout, cancel, clear', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool(1);
  const held = await pool.acquire();
  const controller = new AbortController();
  const byTime = rejection(pool.acquire({ queueTimeout: 50 }));
  const bySignal = rejection(pool.acquire({ signal: controller.signal }));
  const task = pool.acquire();
  const byHand = rejection(task);
  controller.abort('why');
  task.cancel('by hand');
  const cleared = rejection(pool.acquire());
  await clock.advance(50);
  pool.clear('cleared');
  equal((await byTime).phase, 'queue');
  deepEqual([await bySignal, await byHand, await cleared], ['why', 'by hand', 'cleared']);
  held.release();
  equal(pool.isIdle, true);
});

test('its signal is aborted by abort(), a signal and a timeout, and it is held until it is released', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool(3);
  const controller = new AbortController();
  const [plain, signalled, timed] = await Promise.all([pool.acquire(), pool.acquire({ signal: controller.signal }), pool.acquire({ timeout: 20 })]);
  await clock.advance(20);
  deepEqual([timed.signal.reason.name, timed.signal.reason.phase], ['TimeoutError', 'run']);
  controller.abort('why');
  equal(signalled.signal.reason, 'why');
  equal(plain.signal.aborted, false);
  pool.abort('all');
  equal(plain.signal.reason, 'all');
  equal(pool.running, 3);
  for (const permit of [plain, signalled, timed]) permit.release();
  const { cancelled, timedOut, running, succeeded } = pool.stats;
  deepEqual({ cancelled, timedOut, running, succeeded }, { cancelled: 2, timedOut: 1, running: 0, succeeded: 0 });
  equal(clock.timers.length, 0);
});

test('a grace time takes a stopped permit back', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool({ concurrency: 1, abandon: 10 });
  const permit = await pool.acquire();
  const next = pool.acquire();
  pool.runningTasks.length === 1 && permit.signal;
  ok(pool.setPriority((await state(next), next.id), 5));
  pool.abort();
  await rejection(next);
  const last = pool.acquire();
  await clock.advance(10);
  (await last).release();
  permit.release();
  equal(pool.stats.abandoned, 1);
  equal(pool.running, 0);
});

test('using releases it', async () => {
  if (!Symbol.dispose) return;
  const pool = new Pool(1);
  const permit = await pool.acquire();
  permit[Symbol.dispose]();
  equal(pool.running, 0);
});

test('tryAcquire: at once or not at all, and nobody is overtaken', async () => {
  const pool = new Pool(1);
  const permit = pool.tryAcquire();
  equal(pool.running, 1);
  equal(pool.tryAcquire(), undefined);
  const waiting = pool.acquire();
  pool.concurrency = 2;
  const second = await waiting;
  const low = pool.acquire({ priority: -5 });
  equal(pool.tryAcquire(), undefined);
  pool.pause();
  second.release();
  equal(pool.tryAcquire(), undefined);
  pool.resume();
  (await low).release();
  permit.release();
  pool.pause();
  equal(pool.tryAcquire(), undefined);
  pool.resume();
  pool.tryAcquire().release();
  equal(accounted(pool.stats), pool.stats.submitted);
  equal(pool.waiting, 0);
});

test('tryAcquire takes the options of acquire', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool(3);
  const permit = pool.tryAcquire({ weight: 2, timeout: 10, id: 'mine' });
  equal(pool.tryAcquire({ weight: 2 }), undefined);
  deepEqual(pool.runningTasks.map(({ id }) => id), ['mine']);
  await clock.advance(10);
  equal(permit.signal.reason.phase, 'run');
  equal(pool.tryAcquire({ signal: AbortSignal.abort() }), undefined);
  throws(() => pool.tryAcquire({ wieght: 2 }), { option: 'wieght' });
  permit.release();
  pool.tryAcquire({ weight: 3 }).release();
});

test('tryAcquire drops nobody from a full line', async () => {
  const pool = new Pool({ concurrency: 1, queueCapacity: 1, overflow: 'drop-oldest' });
  const permit = pool.tryAcquire();
  const waits = pool.run(() => 1);
  equal(pool.tryAcquire(), undefined);
  permit.release();
  equal(await waits, 1);
  equal(pool.stats.dropped, 0);
});

test('tryAcquire leaves the line as it was', async () => {
  const pool = new Pool({ concurrency: 1, queueCapacity: 1 });
  const permit = pool.tryAcquire();
  equal(pool.tryAcquire(), undefined);
  const waits = pool.run(() => 1);
  ok(await rejection(pool.run(fail)) instanceof QueueFullError);
  permit.release();
  equal(await waits, 1);
});

test('tryAcquire heeds the limit over all keys', async () => {
  const manager = new PoolManager({ concurrency: 1 });
  const permit = manager.get('a').tryAcquire();
  equal(manager.get('b').tryAcquire(), undefined);
  permit.release();
  manager.get('b').tryAcquire().release();
});

test('the pool\'s own timeout is that of every permit, and no timer is left behind', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool({ concurrency: 1, timeout: 30 });
  const permit = pool.tryAcquire();
  equal(clock.timers.length, 1);
  await clock.advance(30);
  equal(permit.signal.reason.phase, 'run');
  permit.release();
  equal(clock.timers.length, 0);
});

test('a closed pool gives none, and waits for those that are out', async () => {
  const pool = new Pool(1);
  const permit = await pool.acquire();
  const closing = pool.close();
  throws(() => pool.tryAcquire(), PoolClosedError);
  await rejects(pool.acquire(), PoolClosedError);
  equal(await state(closing), 'waits');
  permit.release();
  await closing;
  const manager = new PoolManager();
  await manager.close();
  throws(() => manager.get('x').tryAcquire(), PoolClosedError);
});

test('a permit that is handed over while its signal is aborted goes on to the next', async () => {
  const pool = new Pool(1);
  const held = await pool.acquire();
  const controller = new AbortController();
  const lost = rejection(pool.acquire({ signal: controller.signal }));
  const next = deferred();
  pool.acquire().then(next.resolve);
  held.release();
  controller.abort('now');
  equal(await lost, 'now');
  (await next.promise).release();
  await settle();
  equal(pool.isIdle, true);
});
