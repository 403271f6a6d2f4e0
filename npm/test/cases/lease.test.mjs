// Leases: one resource for all who use a key, made once, disposed of once, and never more running than the limit says.
import { deepEqual, equal, match, notEqual, ok, rejects, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { PoolManager } from 'millpond';
import { virtualClock } from './clock.mjs';
import { deferred, rejection, settle, stage, state } from './tools.mjs';

/** Resources that note what becomes of them. */
function factory() {
  const made = [];
  const disposed = [];
  return {
    made,
    disposed,
    resource: async (key) => {
      const resource = { key, number: made.length + 1 };
      made.push(resource);
      return resource;
    },
    dispose: (resource) => { disposed.push(resource.number); },
  };
}

/** What a manager's errors were, and what was written to the console. */
function console_(t) {
  const written = [];
  const { error } = console;
  console.error = (...args) => written.push(args);
  t.after(() => { console.error = error; });
  return written;
}

test('a lease has the key, the pool and what the factory made; it is made once for all', async () => {
  const { resource, dispose, made, disposed } = factory();
  const manager = new PoolManager({ pool: 1, resource, dispose });
  const leases = await Promise.all(Array.from({ length: 500 }, () => manager.lease('a')));
  deepEqual([made.length, manager.size], [1, 1]);
  const [lease] = leases;
  deepEqual([lease.key, lease.resource, lease.pool], ['a', made[0], manager.get('a')]);
  ok(leases.every((each) => each.resource === lease.resource));
  equal(await lease.run(({ signal }) => signal.aborted), false);
  equal((await manager.lease('b')).resource.key, 'b');
  leases.forEach((each) => each.release());
  deepEqual(disposed, []);
  equal(manager.delete('a'), true);
  deepEqual(disposed, [1]);
});

test('without a factory a lease keeps the pool and has nothing else (virtual clock)', async (t) => {
  const clock = virtualClock(t);
  const manager = new PoolManager({ pool: 1, idleTimeout: 10 });
  const lease = await manager.lease('a');
  equal(lease.resource, undefined);
  await clock.advance(1000);
  ok(manager.has('a'));
  lease.release();
  await clock.advance(10);
  equal(manager.size, 0);
});

test('the factory is called in the turn of the first who asks, and may be synchronous', async () => {
  const calls = [];
  const manager = new PoolManager({ resource: (key) => { calls.push(key); return key.length; } });
  const lease = manager.lease('four');
  deepEqual(calls, ['four']);
  equal((await lease).resource, 4);
});

test('the idle time counts from the end of the last lease and the last task, whichever is later (virtual clock)', async (t) => {
  const clock = virtualClock(t);
  const { resource, dispose, disposed } = factory();
  const manager = new PoolManager({ pool: 1, idleTimeout: 100, resource, dispose });
  const { task, end } = stage();
  const lease = await manager.lease('a');
  const work = lease.run(task('work'));
  await clock.advance(500);
  lease.release();
  await clock.advance(500);
  deepEqual([disposed.length, manager.size], [0, 1], 'its task still runs');
  end('work');
  await work;
  const again = await manager.lease('a');
  await clock.advance(500);
  again.release();
  await clock.advance(99);
  deepEqual(disposed, []);
  await clock.advance(1);
  deepEqual([disposed, manager.size], [[1], 0]);
  equal((await manager.lease('a')).resource.number, 2);
});

test('the cap holds across a lease that outlives idle time and lifetime (virtual clock)', async (t) => {
  const clock = virtualClock(t);
  const { resource, dispose, disposed } = factory();
  const manager = new PoolManager({ pool: 1, idleTimeout: 10, lifetime: 50, resource, dispose });
  const { task, end, started } = stage();
  const old = await manager.lease('a');
  const first = old.run(task('old'));
  await clock.advance(60);
  const fresh = await manager.lease('a');
  deepEqual([old.resource.number, fresh.resource.number, manager.size], [1, 2, 1]);
  equal(fresh.pool, old.pool);
  const second = fresh.run(task('fresh'));
  const third = manager.run('a', task('direct'));
  const fourth = old.run(task('old again'));
  deepEqual([started, manager.get('a').running, manager.get('a').waiting], [['old'], 1, 3]);
  equal((await manager.lease('a')).resource.number, 2, 'the successor is for all');
  old.release();
  for (const name of ['old', 'fresh', 'direct', 'old again']) {
    deepEqual(disposed, [], name);
    end(name);
    await settle();
  }
  await Promise.all([first, second, third, fourth]);
  deepEqual(disposed, [1], 'with the last task of its own, though another lease goes on');
  equal(manager.running, 0);
});

test('an overtaken resource with no task goes with its last lease (virtual clock)', async (t) => {
  const clock = virtualClock(t);
  const { resource, dispose, disposed } = factory();
  const manager = new PoolManager({ lifetime: 50, resource, dispose });
  const [one, two] = [await manager.lease('a'), await manager.lease('a')];
  await clock.advance(50);
  const fresh = await manager.lease('a');
  one.release();
  one.release();
  deepEqual(disposed, []);
  two.release();
  deepEqual(disposed, [1]);
  fresh.release();
  await clock.advance(50);
  deepEqual(disposed, [1, 2]);
});

test('fifty tasks left alone at expiry all run, on a resource that is there (virtual clock)', async (t) => {
  const clock = virtualClock(t);
  const { resource, dispose, disposed } = factory();
  const manager = new PoolManager({ pool: 1, idleTimeout: 1, lifetime: 5, resource, dispose });
  const lease = await manager.lease('a');
  const seen = [];
  const tasks = Array.from({ length: 50 }, () => lease.run(async () => {
    seen.push(disposed.length);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }));
  lease.release();
  await clock.advance(600);
  await Promise.all(tasks);
  deepEqual([seen.length, Math.max(...seen), disposed.length, manager.size], [50, 0, 1, 0]);
});

test('a factory that fails rejects its own callers only, and is not remembered', async () => {
  const boom = new Error('boom');
  let calls = 0;
  const manager = new PoolManager({
    resource: async (key) => {
      calls++;
      if (key === 'bad' && calls < 3) throw boom;
      return key;
    },
    dispose: () => { disposed++; },
  });
  let disposed = 0;
  const [one, two, good] = await Promise.allSettled([manager.lease('bad'), manager.lease('bad'), manager.lease('good')]);
  deepEqual([one.reason, two.reason, good.value.resource, calls], [boom, boom, 'good', 2]);
  equal((await manager.lease('bad')).resource, 'bad');
  deepEqual([calls, disposed], [3, 0]);
});

test('a factory that throws anything, at once, only rejects', async () => {
  const manager = new PoolManager({ resource: () => { throw undefined; } });
  equal(await rejection(manager.lease('a')), undefined);
  ok(manager.delete('a'), 'and holds nothing');
});

test('a slow factory delays no other key, and keeps its pool (virtual clock)', async (t) => {
  const clock = virtualClock(t);
  const gate = deferred();
  const manager = new PoolManager({ idleTimeout: 10, resource: (key) => (key === 'slow' ? gate.promise : key) });
  const slow = manager.lease('slow');
  equal((await manager.lease('fast')).resource, 'fast');
  equal(await manager.run('slow', () => 'tasks need no resource'), 'tasks need no resource');
  await clock.advance(1000);
  ok(manager.has('slow'));
  equal(manager.delete('slow'), false);
  gate.resolve('here');
  equal((await slow).resource, 'here');
});

test('who aborts while the factory runs leaves it to the others', async () => {
  const gate = deferred();
  let calls = 0;
  const disposed = [];
  const manager = new PoolManager({ resource: () => { calls++; return gate.promise; }, dispose: (it) => { disposed.push(it); } });
  const controller = new AbortController();
  const one = manager.lease('a', { signal: controller.signal });
  const two = manager.lease('a');
  controller.abort('no more');
  equal(await rejection(one), 'no more');
  gate.resolve('it');
  const lease = await two;
  deepEqual([lease.resource, calls, disposed.length], ['it', 1, 0]);
  equal(await rejection(manager.lease('a', { signal: controller.signal })), 'no more');
  lease.release();
  ok(manager.delete('a'), 'those who aborted hold nothing');
});

test('if the last one aborts, the resource is disposed of when it comes; who asks before shares it', async () => {
  const gates = [deferred(), deferred()];
  let calls = 0;
  const disposed = [];
  const manager = new PoolManager({ resource: () => gates[calls++].promise, dispose: (it) => { disposed.push(it); } });
  const controller = new AbortController();
  const gone = rejection(manager.lease('a', { signal: controller.signal }));
  controller.abort('gone');
  equal(await gone, 'gone');
  gates[0].resolve('unwanted');
  await settle();
  deepEqual(disposed, ['unwanted']);
  const again = new AbortController();
  const first = rejection(manager.lease('a', { signal: again.signal }));
  again.abort('gone');
  await first;
  const second = manager.lease('a');
  gates[1].resolve('wanted');
  deepEqual([(await second).resource, calls, disposed.length], ['wanted', 2, 1]);
});

test('a signal that was aborted before asks for nothing', async () => {
  let calls = 0;
  const manager = new PoolManager({ resource: () => { calls++; } });
  equal(await rejection(manager.lease('a', { signal: AbortSignal.abort('early') })), 'early');
  deepEqual([calls, manager.size], [0, 0]);
});

for (const [what, make] of Object.entries({
  asyncDispose: (gone) => ({ async [Symbol.asyncDispose]() { gone.push(this); }, [Symbol.dispose]() { throw new Error('the other one'); } }),
  dispose: (gone) => ({ [Symbol.dispose]() { gone.push(this); } }),
})) {
  test(`by default a resource says itself how it ends: ${what}`, async () => {
    if (!Symbol[what]) return;
    const gone = [];
    const manager = new PoolManager({ resource: () => make(gone) });
    const lease = await manager.lease('a');
    lease.release();
    await manager.close();
    deepEqual(gone, [lease.resource]);
  });
}

test('anything may be a resource', async () => {
  for (const value of [undefined, null, 0, 'text', Symbol('s'), () => {}]) {
    const manager = new PoolManager({ resource: () => value });
    const lease = await manager.lease('a');
    equal(lease.resource, value);
    lease.release();
    await manager.close();
  }
});

for (const how of ['idle', 'lifetime', 'deleted', 'closed', 'manager closed']) {
  test(`disposed of exactly once: ${how} (virtual clock)`, async (t) => {
    const clock = virtualClock(t);
    const { resource, dispose, disposed } = factory();
    const spans = { idle: { idleTimeout: 10 }, lifetime: { idleTimeout: Infinity, lifetime: 10 } };
    const manager = new PoolManager({ resource, dispose, ...spans[how] });
    const reasons = [];
    manager.addEventListener('expire', ({ detail }) => { reasons.push(detail.reason, disposed.length); });
    const lease = await manager.lease('a');
    await lease.run(() => {});
    equal(manager.delete('a'), false, 'it is leased');
    lease.release();
    if (how === 'deleted') manager.delete('a');
    if (how === 'closed') await manager.get('a').close();
    if (how === 'manager closed') await manager.close();
    await clock.advance(20);
    deepEqual([disposed, reasons], [[1], [how.split(' ').at(-1), 0]]);
    await manager.close();
    deepEqual(disposed, [1]);
  });
}

test('close() waits for leases, tasks and disposals; meanwhile nothing new is taken', async () => {
  const { resource, made } = factory();
  const gate = deferred();
  let disposed = 0;
  const manager = new PoolManager({ pool: 1, resource, dispose: async () => { disposed++; await gate.promise; } });
  const log = [];
  for (const type of ['expire', 'close']) manager.addEventListener(type, () => log.push(type));
  const { task, end } = stage();
  const lease = await manager.lease('a');
  const work = lease.run(task('work'));
  const closing = manager.close();
  equal((await rejection(manager.lease('a'))).code, 'ERR_MILLPOND_CLOSED');
  equal((await rejection(manager.lease('b'))).code, 'ERR_MILLPOND_CLOSED');
  equal((await rejection(lease.run(() => {}))).code, 'ERR_MILLPOND_CLOSED');
  deepEqual([made.length, manager.has('b')], [1, false]);
  end('work');
  await work;
  equal(await state(closing), 'waits');
  equal(disposed, 0);
  lease.release();
  equal(await state(closing), 'waits');
  deepEqual([disposed, log], [1, ['expire']]);
  gate.resolve();
  await closing;
  deepEqual([disposed, log], [1, ['expire', 'close']]);
});

test('closed while the factory runs: no lease, and the resource is disposed of', async () => {
  const gate = deferred();
  const disposed = [];
  const manager = new PoolManager({ resource: () => gate.promise, dispose: (it) => { disposed.push(it); } });
  const lease = rejection(manager.lease('a'));
  const closing = manager.close();
  equal(await state(closing), 'waits');
  gate.resolve('late');
  equal((await lease).code, 'ERR_MILLPOND_CLOSED');
  await closing;
  deepEqual(disposed, ['late']);
});

test('a disposal that fails is told, or else written to the console; it holds up nobody', async (t) => {
  const written = console_(t);
  const boom = new Error('boom');
  for (const dispose of [() => { throw boom; }, async () => { throw boom; }]) {
    const manager = new PoolManager({ resource: (key) => key, dispose });
    const use = async (key) => { (await manager.lease(key)).release(); };
    await use('a');
    manager.delete('a');
    await settle();
    deepEqual(written.pop()?.slice(1), ['a', boom]);
    const told = [];
    manager.addEventListener('error', ({ detail: { key, error } }) => told.push(key, error), { once: true });
    await use('b');
    await use('c');
    await manager.close();
    deepEqual(told, ['b', boom]);
    deepEqual(written.pop()?.slice(1), ['c', boom], 'the listener is gone');
    equal(written.length, 0);
  }
});

test('a released lease runs nothing, and release() is idempotent', async () => {
  const { resource, dispose, disposed } = factory();
  const manager = new PoolManager({ resource, dispose });
  const [one, two] = [await manager.lease('a'), await manager.lease('a')];
  one.release();
  one.release();
  throws(() => one.run(() => {}), { code: 'ERR_MILLPOND_CLOSED' });
  equal(manager.delete('a'), false, 'the other one holds');
  two.release();
  equal(manager.delete('a'), true);
  deepEqual(disposed, [1]);
});

test('`using` releases', async () => {
  if (!Symbol.dispose) return;
  const manager = new PoolManager();
  const lease = await manager.lease('a');
  lease[Symbol.dispose]();
  equal(manager.delete('a'), true);
});

test('tasks of a lease that are refused, cancelled or wrong hold nothing', async () => {
  const { resource, dispose } = factory();
  const manager = new PoolManager({ pool: { concurrency: 1, queueCapacity: 1 }, resource, dispose });
  const { task, end } = stage();
  const lease = await manager.lease('a');
  const [running, waiting, refused] = [1, 2, 3].map((n) => lease.run(task(n)));
  match((await rejection(refused)).code, /QUEUE_FULL/);
  throws(() => lease.run('no function'), { code: 'ERR_MILLPOND_OPTION' });
  throws(() => lease.run(() => {}, { prio: 1 }), { code: 'ERR_MILLPOND_OPTION' });
  await rejection(lease.run(() => {}, { signal: AbortSignal.abort('early') }));
  waiting.cancel();
  lease.release();
  equal(manager.delete('a'), false);
  end(1);
  await running;
  equal(manager.delete('a'), true);
});

test('the pool of a lease is in use though nothing runs: it is idle, and stays', async () => {
  const manager = new PoolManager();
  const lease = await manager.lease('a');
  ok(lease.pool.isIdle && manager.isIdle);
  await manager.onIdle();
  notEqual(manager.has('a'), false);
});

test('a key whose pool was closed is leased anew after that', async () => {
  const { resource, dispose, disposed } = factory();
  const manager = new PoolManager({ resource, dispose });
  const lease = await manager.lease('a');
  const closing = lease.pool.close();
  await rejects(manager.lease('a'), { code: 'ERR_MILLPOND_CLOSED' });
  lease.release();
  await closing;
  deepEqual(disposed, [1]);
  const next = await manager.lease('a');
  deepEqual([next.resource.number, next.pool === lease.pool, next.pool.isClosed], [2, false, false]);
});

test('listeners and disposals may use the key again', async () => {
  const { resource, made } = factory();
  const manager = new PoolManager({ pool: 1, resource, dispose: () => again.push(manager.lease('a')) });
  const again = [];
  manager.addEventListener('expire', () => again.push(manager.lease('a')), { once: true });
  (await manager.lease('a')).release();
  manager.delete('a');
  const leases = await Promise.all(again);
  deepEqual([leases.length, made.length, manager.size], [2, 2, 1]);
  equal(leases[0].resource, leases[1].resource);
});

test('what is wrong with the options is said', async () => {
  const refused = { code: 'ERR_MILLPOND_OPTION' };
  for (const options of [{ resource: 1 }, { dispose: {} }, { maxPools: 0 }, { maxPools: 1.5 }, { maxPool: 1 }]) throws(() => new PoolManager(options), refused);
  const manager = new PoolManager();
  await rejects(manager.lease('a', { signal: 1 }), refused);
  await rejects(manager.lease('a', { sigal: 1 }), refused);
  equal(manager.size, 0);
});
