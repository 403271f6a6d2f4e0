// Pools by key: made when needed, gone when idle, never more than the limits.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pool, PoolManager } from 'millpond';
import { virtualClock } from './clock.mjs';
import { accounted, deferred, settle, stage } from './tools.mjs';

/** The next event of that type. */
const next = (manager, type) => new Promise((resolve) => manager.addEventListener(type, ({ detail }) => resolve(detail), { once: true }));

test('every key has its own limit and line, under one limit over all', async () => {
  const manager = new PoolManager({ pool: 2, concurrency: 3 });
  const { task, started, end } = stage();
  const run = (name) => manager.run(name[0], task(name));
  const tasks = ['a1', 'a2', 'a3', 'b1', 'b2'].map(run);
  assert.deepEqual(started, ['a1', 'a2', 'b1']);
  assert.deepEqual([manager.running, manager.waiting, manager.get('a').waiting, manager.get('b').running], [3, 2, 1, 1]);
  end('a1');
  await settle();
  assert.equal(started.length, 4);
  manager.concurrency = 4;
  assert.equal(manager.concurrency, 4);
  await settle();
  assert.equal(started.length, 5);
  ['a2', 'a3', 'b1', 'b2'].forEach((name) => end(name));
  await Promise.all(tasks);
  assert.ok(manager.isIdle);
});

test('it is a Map of the pools there are', async () => {
  const manager = new PoolManager({ pool: 1 });
  const view = manager.get('a');
  assert.ok(view instanceof Pool);
  assert.deepEqual([manager.size, manager.has('a'), view.isIdle, view.concurrency, view.waiting], [0, false, true, 1, 0], 'asking makes nothing');
  await Promise.all(['a', 'b'].map((key) => manager.run(key, () => {})));
  assert.deepEqual([...manager.keys()], ['a', 'b']);
  assert.deepEqual([...manager].map(([key, pool]) => [key, pool.stats.succeeded]), [['a', 1], ['b', 1]]);
  assert.deepEqual([...manager.values()], [manager.get('a'), manager.get('b')]);
  assert.equal(manager.delete('a'), true);
  assert.equal(manager.delete('a'), false);
  assert.deepEqual([manager.size, manager.has('a')], [1, false]);
  assert.equal(view.stats.succeeded, 0);
  assert.equal(await view.run(() => 'again'), 'again');
  assert.ok(manager.has('a'));
  assert.equal(manager.stats.succeeded, 3, 'what a pool that is gone has counted stays in the sum');
  await manager.close();
});

test('a pool in use cannot be deleted', async () => {
  const manager = new PoolManager({ pool: 1 });
  const { task, end } = stage();
  const a = manager.run('a', task('a'));
  assert.equal(manager.delete('a'), false);
  end('a', 1);
  assert.equal(await a, 1);
  assert.equal(manager.delete('a'), true);
});

test('any value can be a key', async () => {
  const manager = new PoolManager({ pool: 1 });
  const keys = [1, '1', {}, NaN, undefined, null, Symbol('key')];
  const gate = deferred();
  for (const key of keys) manager.run(key, () => gate.promise);
  assert.deepEqual([manager.size, manager.running], [7, 7]);
  manager.run(NaN, () => {});
  assert.equal(manager.waiting, 1);
  gate.resolve();
  await manager.onIdle();
});

test('a pool that idles expires; its view is good for ever', async (t) => {
  const clock = virtualClock(t);
  const manager = new PoolManager({ pool: 1, idleTimeout: 20 });
  const view = manager.get('a');
  const created = next(manager, 'create');
  await view.run(() => {});
  assert.equal((await created).pool, manager.get('a'));
  const expired = next(manager, 'expire');
  await clock.advance(19);
  assert.equal(manager.size, 1);
  await clock.advance(1);
  const { key, pool, reason } = await expired;
  assert.deepEqual([key, reason, manager.size, pool.running], ['a', 'idle', 0, 0]);
  const { task, end, started } = stage();
  const tasks = [view.run(task(1)), pool.run(task(2)), manager.run('a', task(3))];
  assert.deepEqual([started.length, manager.size, view.waiting], [1, 1, 2], 'all share one pool');
  for (const n of [1, 2, 3]) {
    end(n);
    await settle();
  }
  await Promise.all(tasks);
});

test('a pool with work does not expire', async (t) => {
  const clock = virtualClock(t);
  const manager = new PoolManager({ pool: 1, idleTimeout: 10, lifetime: 20 });
  let expired = 0;
  manager.addEventListener('expire', () => { expired++; });
  const { task, end } = stage();
  const a = manager.run('a', task('a'));
  const b = manager.run('a', task('b'));
  manager.get('paused').pause();
  await clock.advance(60);
  assert.deepEqual([[...manager.keys()], expired], [['a', 'paused'], 0]);
  end('a');
  await a;
  await settle();
  end('b');
  assert.equal(await b, undefined);
});

test('a pool that is too old goes as soon as it is idle', async (t) => {
  const clock = virtualClock(t);
  const manager = new PoolManager({ pool: 1, lifetime: 20 });
  const { task, end } = stage();
  const a = manager.run('a', task('a'));
  await clock.advance(40);
  const expired = next(manager, 'expire');
  end('a');
  await a;
  await clock.advance(0);
  assert.equal((await expired).reason, 'lifetime');
});

test('a listener of expire may use the key again', async (t) => {
  const clock = virtualClock(t);
  const manager = new PoolManager({ pool: 1, idleTimeout: 5 });
  await manager.run('a', () => {});
  let again;
  manager.addEventListener('expire', ({ detail }) => { again = detail.pool.run(() => 'again'); }, { once: true });
  await clock.advance(5);
  assert.equal(await again, 'again');
});

test('single keys may differ', async () => {
  for (const pools of [{ a: 3 }, { a: { concurrency: 3 } }, (key) => (key === 'a' ? 3 : undefined)]) {
    const manager = new PoolManager({ pool: 1, pools });
    assert.deepEqual(['a', 'b'].map((key) => manager.get(key).concurrency), [3, 1]);
    const { task, started } = stage();
    for (const name of ['a1', 'a2', 'b1', 'b2']) manager.run(name[0], task(name));
    assert.deepEqual(started, ['a1', 'a2', 'b1']);
  }
});

test('a function for single keys that uses the key itself does not double its cap', async () => {
  const running = [];
  let once = true;
  const manager = new PoolManager({
    pools: (key) => {
      if (once) {
        once = false;
        manager.run(key, () => new Promise(() => running.push('inner')));
      }
      return 1;
    },
  });
  manager.run('a', () => running.push('outer')).catch(() => {});
  assert.deepEqual([running, manager.get('a').waiting, manager.size], [['inner'], 1, 1]);
});

test('a limit set on a key stays when its pool expires', async (t) => {
  const clock = virtualClock(t);
  const manager = new PoolManager({ pool: 1, idleTimeout: 5 });
  const view = manager.get('a');
  view.concurrency = 2;
  assert.equal(view.concurrency, 2);
  await view.run(() => {});
  const expired = next(manager, 'expire');
  await clock.advance(5);
  await expired;
  const { task, started } = stage();
  for (let i = 0; i < 3; i++) manager.run('a', task(i));
  assert.deepEqual([started.length, manager.get('a').concurrency, manager.get('b').concurrency], [2, 2, 1]);
});

test('closing one key: it is drained, then gone, and can be made anew', async () => {
  const manager = new PoolManager({ pool: 1 });
  const { task, end } = stage();
  const a = manager.run('a', task('a'));
  const view = manager.get('a');
  const closing = view.close();
  await assert.rejects(manager.run('a', () => {}), { code: 'ERR_MILLPOND_CLOSED' });
  end('a', 1);
  assert.equal(await a, 1);
  await closing;
  assert.equal(manager.has('a'), false);
  await assert.rejects(view.run(() => {}), { code: 'ERR_MILLPOND_CLOSED' });
  assert.equal(await manager.run('a', () => 2), 2);
});

test('closing all: nothing more is taken, for any key, and it ends when all is done', async () => {
  const manager = new PoolManager({ pool: 1 });
  const { task, end } = stage();
  const tasks = ['a', 'b', 'a'].map((key, i) => manager.run(key, task(i)));
  const closing = manager.close();
  assert.equal(manager.close(), closing);
  assert.ok(manager.isClosed);
  for (const key of ['a', 'c']) await assert.rejects(manager.run(key, () => {}), { code: 'ERR_MILLPOND_CLOSED' });
  assert.equal(manager.has('c'), false);
  assert.ok(manager.get('a').isClosed);
  let closed = false;
  closing.then(() => { closed = true; });
  end(0);
  end(1);
  await settle();
  assert.equal(closed, false);
  end(2);
  await closing;
  await Promise.all(tasks);
});

test('clear and abort work on all keys', async () => {
  const manager = new PoolManager({ pool: 1 });
  const { task, end, signal } = stage();
  const tasks = ['a1', 'a2', 'b1', 'b2'].map((name) => manager.run(name[0], task(name)));
  assert.equal(manager.get('b').clear('b'), 1);
  assert.equal(manager.clear('all'), 1);
  assert.equal(manager.abort('end'), 2);
  const reasons = (await Promise.allSettled(tasks)).map(({ reason }) => reason);
  assert.deepEqual(reasons, ['end', 'all', 'end', 'b']);
  assert.equal(signal('a1').reason, 'end');
  end('a1');
  end('b1');
  await manager.onIdle();
  assert.equal(accounted(manager.stats), 4);
});
