// A task that is tried again is one task to its caller and to its pool: in the pause, in the line, at the end.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Pool, PoolClosedError, PoolManager } from 'millpond';
import { virtualClock } from './clock.mjs';
import { failing } from './retry-kit.mjs';
import { accounted, rejection, settle, stage, state, until } from './tools.mjs';

describe('ended in the pause', () => {
  const inPause = async (clock, options) => {
    const pool = new Pool(1);
    const { fn, calls } = failing(clock, 1);
    const task = pool.run(fn, { retry: 1, ...options });
    await clock.advance(100);
    assert.equal(task.state, 'waiting');
    return { pool, task, calls };
  };
  const isOver = async (clock, { pool, calls }) => {
    assert.deepEqual(clock.timers, []);
    assert.ok(pool.isIdle);
    await clock.advance(1000);
    assert.equal(calls.length, 1);
    assert.equal(accounted(pool.stats), pool.stats.submitted);
  };

  test('by its signal, with the very reason', async (t) => {
    const clock = virtualClock(t);
    const controller = new AbortController();
    const it = await inPause(clock, { signal: controller.signal });
    const failed = rejection(it.task);
    const reason = { why: 'enough' };
    controller.abort(reason);
    assert.equal(it.task.state, 'cancelled');
    assert.equal(await failed, reason);
    await isOver(clock, it);
  });

  test('by cancel(), clear() and abort(), without anybody to handle it', async (t) => {
    const clock = virtualClock(t);
    const ways = [({ task }) => task.cancel('x'), ({ pool }) => pool.clear('x') === 1, ({ pool }) => pool.abort('x') === 1];
    for (const way of ways) {
      const it = await inPause(clock);
      assert.ok(way(it));
      await settle();
      assert.equal(await rejection(it.task), 'x');
      assert.equal(it.task.cancel(), false);
      await isOver(clock, it);
    }
  });

  test('cancelled while an attempt waits or runs, it is not tried again', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool(1);
    const { started, task, signal } = stage();
    const first = pool.run(task('a'), { retry: { delay: () => 1 } });
    const second = pool.run(task('b'), { retry: { delay: () => 1 } });
    assert.ok(second.cancel('b') && first.cancel('a'));
    assert.deepEqual(await Promise.all([rejection(first), rejection(second)]), ['a', 'b']);
    assert.equal(signal('a').reason, 'a');
    await clock.advance(100);
    assert.deepEqual(started, ['a']);
    assert.deepEqual([first.state, second.state], ['cancelled', 'cancelled']);
  });

  test('a cancelled attempt needs no handler', async (t) => {
    virtualClock(t);
    const pool = new Pool(1);
    pool.run(() => new Promise(() => {}), { retry: 2 });
    pool.run(() => {}, { retry: 2 });
    await settle();
    assert.equal(pool.abort('all'), 2);
    await settle();
  });

  test('a signal that was aborted before', async () => {
    const pool = new Pool(1);
    assert.equal(await rejection(pool.run(() => assert.fail(), { retry: 3, signal: AbortSignal.abort('before') })), 'before');
    assert.ok(pool.isIdle);
  });
});

describe('the task', () => {
  test('has one id through all attempts, also one made up', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool(1);
    const ids = [];
    const fn = ({ id }) => { ids.push(id); throw new Error(); };
    const named = pool.run(fn, { id: 'mine', retry: { limit: 1, delay: () => 5 } });
    named.catch(() => {});
    const unnamed = pool.run(fn, { retry: { limit: 1, delay: () => 5 } });
    unnamed.catch(() => {});
    const { id } = unnamed;
    await clock.advance(100);
    assert.equal(named.id, 'mine');
    assert.equal(unnamed.id, id);
    if (ids[0] !== undefined) assert.deepEqual(ids, ['mine', id, 'mine', id]);
  });

  test('can be given another priority, waiting or in the pause', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool(1);
    const order = [];
    const run = (name) => {
      let calls = 0;
      return pool.run(() => { if (++calls === 1) throw new Error(); order.push(name); }, { id: name, retry: { delay: () => 10 } });
    };
    const tasks = [run('a'), run('b'), run('c')];
    const { task, end } = stage();
    pool.run(task('hold'));
    await clock.advance(5);
    tasks[1].priority = 5;
    assert.equal(tasks[1].priority, 5);
    assert.ok(pool.setPriority('c', 7));
    await clock.advance(10);
    assert.equal(pool.waiting, 3);
    assert.equal(tasks[1].priority, 5, 'and not the number it is in the line with');
    assert.ok(pool.setPriority('a', 6));
    end('hold');
    await Promise.all(tasks);
    assert.deepEqual(order, ['c', 'a', 'b']);
    assert.equal(pool.setPriority('a', 1), false);
  });

  test('has a priority that is asked anew, also in the pause', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool(1);
    const order = [];
    let [first, calls] = [1, 0];
    const again = pool.run(() => { if (++calls === 1) throw new Error(); order.push('again'); }, { priority: () => first, retry: { delay: () => 10 } });
    await clock.advance(1);
    const { task, end } = stage();
    pool.run(task('hold'));
    const other = pool.run(() => order.push('other'), { priority: 1 });
    first = -1;
    pool.reprioritize();
    assert.equal(again.priority, -1);
    await clock.advance(20);
    end('hold');
    await Promise.all([again, other]);
    assert.deepEqual(order, ['other', 'again']);
  });

  test('is waiting in the pause, running while it runs', async (t) => {
    const clock = virtualClock(t);
    const { task, fail, end } = stage();
    const it = new Pool(1).run(task('a'), { retry: { delay: () => 10 } });
    assert.equal(it.state, 'running');
    fail('a', new Error());
    await clock.advance(9);
    assert.equal(it.state, 'waiting');
    await clock.advance(1);
    assert.equal(it.state, 'running');
    end('a', 1);
    assert.equal(await it, 1);
    assert.equal(it.state, 'succeeded');
  });
});

describe('the pool', () => {
  test('is not idle as long as a task pauses', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool(1);
    const { fn } = failing(clock, 1);
    let idle = false;
    const task = pool.run(fn, { retry: 1 });
    pool.onIdle().then(() => { idle = true; });
    await clock.advance(299);
    assert.equal(idle, false);
    assert.equal(pool.isIdle, false);
    assert.deepEqual([pool.waiting, pool.running], [0, 0]);
    await clock.advance(1);
    await task;
    await settle();
    assert.ok(idle);
  });

  test('closed, it tries again, takes nothing else, and is closed when that is over', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool(1);
    const { fn, calls } = failing(clock, 2);
    const task = pool.run(fn, { retry: 2 });
    await settle();
    let closed = false;
    pool.close().then(() => { closed = true; });
    await settle();
    for (const options of [undefined, { priority: 1 }, { retry: 3 }]) {
      assert.ok(await rejection(pool.run(() => assert.fail(), options)) instanceof PoolClosedError);
    }
    await clock.advance(900);
    assert.equal(await task, 'done');
    assert.equal(calls.length, 3);
    await settle();
    assert.ok(closed);
    assert.ok(await rejection(pool.run(() => assert.fail(), { retry: 1 })) instanceof PoolClosedError);
    assert.equal(pool.stats.rejected, 1, 'of the others the core was not told');
    assert.equal(accounted(pool.stats), pool.stats.submitted);
  });

  test('closed and cleared, it is closed at once', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool(1);
    const task = pool.run(failing(clock, 1).fn, { retry: 2 });
    await settle();
    const closed = pool.close();
    assert.equal(pool.clear('no more'), 1);
    await closed;
    assert.equal(await rejection(task), 'no more');
  });

  test('paused, it starts no further attempt', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool(1);
    const { fn, calls } = failing(clock, 1);
    const task = pool.run(fn, { retry: 1 });
    pool.pause();
    await clock.advance(1000);
    assert.equal(calls.length, 1);
    assert.equal(pool.waiting, 1);
    pool.resume();
    assert.equal(await task, 'done');
  });

  test('of a manager, it does not expire in a pause, nor can it be deleted', async (t) => {
    const clock = virtualClock(t);
    const pools = new PoolManager({ idleTimeout: 100 });
    const { fn } = failing(clock, 1);
    const task = pools.run('a', fn, { retry: { delay: () => 1000 } });
    await clock.advance(999);
    assert.ok(pools.has('a'));
    assert.equal(pools.delete('a'), false);
    assert.equal(pools.isIdle, false);
    await clock.advance(1);
    assert.equal(await task, 'done');
    assert.equal(pools.stats.retried, 1);
    await clock.advance(100);
    assert.equal(pools.has('a'), false);
    assert.equal(pools.stats.retried, 1);
  });

  test('of a manager, it is cleared and closed with the others', async (t) => {
    const clock = virtualClock(t);
    const pools = new PoolManager();
    const task = pools.run('a', failing(clock, 1).fn, { retry: 1 });
    await settle();
    let closed = false;
    const closing = pools.close().then(() => { closed = true; });
    await settle();
    assert.equal(closed, false);
    assert.equal(pools.clear('all'), 1);
    await closing;
    assert.equal(await rejection(task), 'all');
  });
});

test('an older task of the same priority goes before another attempt, with aging', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool({ concurrency: 2, aging: 100 });
  const order = [];
  const { task, end } = stage();
  pool.run(task('a'));
  pool.run(task('b'));
  const older = pool.run(() => order.push('older'));
  await clock.advance(1000);
  // Starts at once, as it is heavy with priority, and comes back with less of it.
  let calls = 0;
  const again = pool.run(() => { if (++calls === 1) throw new Error(); order.push('again'); }, { priority: 1000, retry: { delay: () => 10 } });
  pool.run(task('c'), { priority: 999 });
  end('a');
  await until(() => calls === 1);
  again.priority = 0;
  await clock.advance(10);
  assert.equal(pool.waiting, 2);
  end('c');
  await Promise.all([again, older]);
  assert.deepEqual(order, ['older', 'again']);
});

test('its signal is not listened to any more when it is over', async (t) => {
  const clock = virtualClock(t);
  const { signal } = new AbortController();
  let listeners = 0;
  for (const [name, change] of [['addEventListener', 1], ['removeEventListener', -1]]) {
    const native = signal[name];
    signal[name] = (...args) => { listeners += change; native.apply(signal, args); };
  }
  const task = new Pool(1).run(failing(clock, 1).fn, { signal, retry: 1 });
  await settle();
  assert.equal(listeners, 1);
  await clock.advance(300);
  await task;
  assert.equal(listeners, 0);
});

test('options are checked', () => {
  const pool = new Pool(1);
  const refused = [
    [-1, RangeError, 'retry.limit'], ['3', TypeError, 'retry'], [{ limit: 1.5 }, RangeError, 'retry.limit'], [{ delay: 5 }, TypeError, 'retry.delay'],
    [{ backoffLimit: -1 }, RangeError, 'retry.backoffLimit'], [{ jitter: 1 }, TypeError, 'retry.jitter'],
    [{ retryOnTimeout: 1 }, TypeError, 'retry.retryOnTimeout'], [{ shouldRetry: true }, TypeError, 'retry.shouldRetry'], [{ limits: 1 }, RangeError, 'limits'],
  ];
  for (const [retry, Kind, option] of refused) {
    const isRight = (error) => error instanceof Kind && error.code === 'ERR_MILLPOND_OPTION' && error.option === option;
    assert.throws(() => pool.run(() => assert.fail(), { retry }), isRight, JSON.stringify(retry));
    assert.throws(() => new Pool({ retry }), isRight, JSON.stringify(retry));
  }
});
