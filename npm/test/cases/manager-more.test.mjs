// A manager as a whole: one pool object per key, pauses over all, a bound on how many pools there are.
import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PoolManager } from 'millpond';
import { virtualClock } from './clock.mjs';
import { settle, stage, state } from './tools.mjs';

/** Notes what goes, and why. */
function expired(manager) {
  const log = [];
  manager.addEventListener('expire', ({ detail: { key, reason } }) => log.push([key, reason]));
  return log;
}

test('the pool of a key is one object: before it is made, after, and across expiry (virtual clock)', async (t) => {
  const clock = virtualClock(t);
  const manager = new PoolManager({ pool: 1, idleTimeout: 10 });
  const view = manager.get('a');
  equal(manager.get('a'), view);
  await view.run(() => {});
  deepEqual([...manager], [['a', view]]);
  await clock.advance(10);
  equal(manager.size, 0);
  equal(manager.get('a'), view);
  await manager.run('a', () => {});
  equal([...manager.values()][0], view);
  manager.delete('a');
  equal(manager.get('a'), view);
  notEqual(manager.get('b'), view);
});

test('five hundred gets make one pool, and its limit holds', async () => {
  const manager = new PoolManager({ pool: 1 });
  const { task, started } = stage();
  for (let i = 0; i < 500; i++) manager.get('a').run(task(i));
  deepEqual([started.length, manager.size, manager.get('a').waiting, manager.stats.submitted], [1, 1, 499, 500]);
});

test('a closed pool is followed by another object', async () => {
  const manager = new PoolManager({ pool: 1 });
  const { task, end } = stage();
  const view = manager.get('a');
  const run = view.run(task(1));
  const closing = view.close();
  equal(manager.get('a'), view, 'as long as it is drained');
  end(1);
  await run;
  await closing;
  const next = manager.get('a');
  notEqual(next, view);
  deepEqual([view.isClosed, next.isClosed, manager.get('a') === next], [true, false, true]);
  equal(await next.run(() => 'again'), 'again');
  await manager.get('never used').close();
  equal(manager.get('never used').isClosed, false);
});

test('after close() of the manager every pool says that it is closed', async () => {
  const manager = new PoolManager({ pool: 1 });
  const unused = manager.get('unused');
  await manager.run('a', () => {});
  const log = expired(manager);
  await manager.close();
  deepEqual([unused.isClosed, manager.get('a').isClosed, manager.get('new').isClosed, manager.size], [true, true, true, 0]);
  deepEqual(log, [['a', 'closed']]);
  equal(manager.stats.succeeded, 1);
});

test('it is walked through like a Map', async () => {
  const manager = new PoolManager({ pool: 1 });
  await Promise.all(['a', 'b'].map((key) => manager.run(key, () => {})));
  const seen = [];
  const self = {};
  manager.forEach(function each(pool, key, all) { seen.push([pool, key, all, this]); }, self);
  deepEqual(seen.map(([pool, key]) => [key, pool]), [...manager.entries()]);
  ok(seen.every(([, , all, that]) => all === manager && that === self));
  const byKey = new Map([...manager].map(([key, pool]) => [key, pool.stats]));
  deepEqual([byKey.get('a').succeeded, manager.stats.succeeded], [1, 2]);
  for (const [key] of manager) manager.delete(key);
  equal(manager.size, 0);
});

test('pause() and resume() are for all pools, those made meanwhile included', async () => {
  const manager = new PoolManager({ pool: 1, pools: { held: { concurrency: 1, autoStart: false } } });
  const { task, started } = stage();
  manager.run('a', task('a1'));
  manager.get('own').pause();
  manager.pause();
  for (const key of ['a', 'b', 'own', 'held']) manager.run(key, task(`${key}2`));
  await settle();
  deepEqual([manager.isPaused, manager.get('a').isPaused, manager.get('unused').isPaused, started], [true, true, true, ['a1']]);
  manager.get('b').resume();
  await settle();
  equal(started.length, 1, 'no pool can end the pause of all');
  manager.get('b').pause();
  manager.get('b').resume();
  manager.resume();
  await settle();
  deepEqual([manager.isPaused, started], [false, ['a1', 'b2']]);
  deepEqual(['a', 'b', 'own', 'held'].map((key) => manager.get(key).isPaused), [false, false, true, true]);
  manager.get('own').resume();
  manager.get('held').resume();
  await settle();
  deepEqual(started.slice(2), ['own2', 'held2']);
});

test('pools expire also while the manager is paused, and are made paused again (virtual clock)', async (t) => {
  const clock = virtualClock(t);
  const manager = new PoolManager({ pool: 1, idleTimeout: 10 });
  await manager.run('a', () => {});
  manager.pause();
  await clock.advance(10);
  equal(manager.size, 0);
  const run = manager.run('a', () => 'later');
  equal(await state(run), 'waits');
  manager.resume();
  equal(await run, 'later');
});

test('close() ends the pause', async () => {
  const manager = new PoolManager({ pool: 1 });
  manager.pause();
  const run = manager.run('a', () => 'done');
  await manager.close();
  equal(await run, 'done');
});

test('onEmpty and onWaitingLessThan look at all pools', async () => {
  const manager = new PoolManager({ pool: 1 });
  const { task, end } = stage();
  for (const name of ['a1', 'a2', 'a3', 'b1', 'b2']) manager.run(name[0], task(name));
  await manager.onWaitingLessThan(4);
  const fewer = manager.onWaitingLessThan(2);
  const empty = manager.onEmpty();
  end('a1');
  await settle();
  equal(await state(fewer), 'waits');
  manager.get('b').clear();
  await fewer;
  equal(await state(empty), 'waits');
  manager.get('a').concurrency = 2;
  await empty;
  equal(manager.isIdle, false);
  await manager.onEmpty();
});

describe('maxPools', () => {
  test('the pool idle longest goes for the next one', async () => {
    const manager = new PoolManager({ pool: 1, maxPools: 2 });
    const log = expired(manager);
    for (const key of ['a', 'b', 'a', 'c']) await manager.run(key, () => {});
    deepEqual([log, [...manager.keys()]], [[['b', 'capacity']], ['a', 'c']]);
    await manager.run('b', () => {});
    deepEqual([log.at(-1), manager.size, manager.stats.succeeded], [['a', 'capacity'], 2, 5]);
  });

  test('if none is idle there are more for a while, and fewer as soon as one is', async () => {
    const manager = new PoolManager({ pool: 1, maxPools: 2 });
    const log = expired(manager);
    const { task, end } = stage();
    const tasks = ['a', 'b', 'c', 'd'].map((key) => manager.run(key, task(key)));
    deepEqual([manager.size, manager.running, log], [4, 4, []]);
    end('c');
    await tasks[2];
    end('a');
    await tasks[0];
    deepEqual([manager.size, log], [2, [['c', 'capacity'], ['a', 'capacity']]]);
    end('b');
    end('d');
    await Promise.all(tasks);
    equal(manager.size, 2, 'as many as there may be stay');
  });

  test('pools that are leased or paused are not idle', async () => {
    const disposed = [];
    const manager = new PoolManager({ pool: 1, maxPools: 1, resource: (key) => key, dispose: (it) => { disposed.push(it); } });
    const lease = await manager.lease('leased');
    manager.get('paused').pause();
    await manager.run('a', () => {});
    deepEqual([...manager.keys()], ['leased', 'paused']);
    lease.release();
    deepEqual([[...manager.keys()], disposed], [['paused'], ['leased']]);
    await manager.run('b', () => {});
    manager.get('paused').resume();
    equal(manager.size, 1);
  });

  test('a listener that uses the very key does not double its cap', async () => {
    const manager = new PoolManager({ pool: 1, maxPools: 1 });
    const { task, started } = stage();
    await manager.run('a', () => {});
    manager.addEventListener('expire', () => manager.run('b', task('inner')), { once: true });
    manager.run('b', task('outer'));
    deepEqual([started, manager.size, manager.get('b').waiting], [['inner'], 1, 1]);
  });

  test('asking for a pool makes none, so none has to go', async () => {
    const manager = new PoolManager({ pool: 1, maxPools: 1 });
    await manager.run('a', () => {});
    manager.get('b');
    ok(manager.has('a'));
  });
});

test('create is told before expire, however soon that comes', async () => {
  const manager = new PoolManager({ pool: 1, maxPools: 1 });
  const log = [];
  for (const type of ['create', 'expire']) manager.addEventListener(type, ({ detail: { key, pool } }) => log.push([type, key, pool === manager.get(key)]));
  await Promise.all(['a', 'b'].map((key) => manager.run(key, () => {})));
  manager.delete('b');
  await settle();
  deepEqual(log, [['create', 'a', true], ['expire', 'a', true], ['create', 'b', true], ['expire', 'b', true]]);
});
