// How a pool treats those who wait: order, aging, weights, a full line, a rate; and how long they take.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pool, PoolManager } from 'millpond';
import { virtualClock } from './clock.mjs';
import { accounted, rejection, settle, stage } from './tools.mjs';

/** Runs tasks of these names behind one that blocks, and returns the order in which they start. */
async function order(pool, names, options = () => undefined, before = () => {}) {
  const { task, started, end } = stage();
  const blocker = pool.run(task('blocker'));
  const tasks = names.map((name) => pool.run(() => started.push(name), options(name)));
  await before(tasks);
  end('blocker');
  await Promise.all([blocker, ...tasks]);
  return started.slice(1).join('');
}

test('last in, first out: among tasks of equal priority', async () => {
  const pool = new Pool({ concurrency: 1, order: 'lifo' });
  assert.equal(await order(pool, [...'abcd']), 'dcba');
  assert.equal(await order(pool, [...'abcd'], (name) => ({ priority: name === 'b' ? 1 : 0 })), 'bdca');
});

test('aging: waiting for so many milliseconds is worth 1 of priority', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool({ concurrency: 1, aging: 100 });
  const { task, started, end } = stage();
  const tasks = [pool.run(task('blocker')), pool.run(task('old'), { priority: 0 })];
  await clock.advance(150);
  tasks.push(pool.run(task('one'), { priority: 1 }), pool.run(task('two'), { priority: 2 }), pool.run(task('late'), { priority: 5 }));
  tasks.at(-1).priority = 0;
  for (const name of ['blocker', 'two', 'old', 'one', 'late']) {
    end(name);
    await settle();
  }
  await Promise.all(tasks);
  assert.deepEqual(started, ['blocker', 'two', 'old', 'one', 'late'], 'old is worth 1.5 when the others come; a change of priority keeps the age');
  assert.deepEqual(clock.timers, []);
});

test('a heavy task takes as many units as it weighs, waits for room, and is not overtaken', async () => {
  const pool = new Pool(4);
  const { task, started, end } = stage();
  const tasks = [pool.run(task('a'), { weight: 3 }), pool.run(task('b'), { weight: 2 }), pool.run(task('c'))];
  assert.deepEqual(started, ['a'], 'c would fit, and waits behind b');
  end('a');
  await settle();
  assert.deepEqual(started, ['a', 'b', 'c']);
  tasks.push(pool.run(task('giant'), { weight: 2 ** 24 }));
  end('b');
  await settle();
  assert.equal(started.includes('giant'), false);
  end('c');
  await settle();
  assert.equal(started.at(-1), 'giant', 'heavier than the pool: it takes all there is');
  const next = pool.run(task('d'));
  assert.equal(started.at(-1), 'giant');
  end('giant');
  await settle();
  end('d');
  await Promise.all([...tasks, next]);
  for (const weight of [0, 1.5, 2 ** 24 + 1, '1', NaN]) {
    assert.throws(() => pool.run(() => {}, { weight }), { code: 'ERR_MILLPOND_OPTION', option: 'weight', message: /an integer from 1 to 16777216/ });
  }
});

test('a full line drops the oldest', async () => {
  const pool = new Pool({ concurrency: 1, queueCapacity: 2, overflow: 'drop-oldest', name: 'news' });
  const { task, started, end } = stage();
  const blocker = pool.run(task('blocker'));
  const [a, b, c] = ['a', 'b', 'c'].map((name) => pool.run(task(name)));
  const error = await rejection(a);
  assert.equal(error.code, 'ERR_MILLPOND_QUEUE_FULL');
  assert.match(error.message, /The pool "news" is full: the task had to go for a newer one/);
  assert.equal(a.state, 'dropped');
  assert.deepEqual([pool.stats.dropped, pool.stats.rejected, pool.waiting], [1, 0, 2]);
  assert.equal(accounted(pool.stats), pool.stats.submitted);
  for (const name of ['blocker', 'b', 'c']) {
    end(name);
    await settle();
  }
  await Promise.all([blocker, b, c]);
  assert.deepEqual(started, ['blocker', 'b', 'c']);
});

test('a full line drops the lowest, which may be the newcomer', async () => {
  const pool = new Pool({ concurrency: 1, queueCapacity: 2, overflow: 'drop-lowest' });
  const { task, end } = stage();
  const blocker = pool.run(task('blocker'));
  const [low, high, normal] = [-1, 1, 0].map((priority) => pool.run(task(priority), { priority }));
  assert.equal((await rejection(low)).code, 'ERR_MILLPOND_QUEUE_FULL');
  assert.equal((await rejection(pool.run(task('x'), { priority: -5 }))).code, 'ERR_MILLPOND_QUEUE_FULL');
  assert.deepEqual([pool.stats.dropped, pool.stats.rejected, low.state], [1, 1, 'dropped']);
  end('blocker');
  await settle();
  end(1);
  await settle();
  end(0);
  await Promise.all([blocker, high, normal]);
});

test('a task that is dropped leaves no listener and no clock behind, and its function is never called', async (t) => {
  const clock = virtualClock(t);
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args) => { listeners++; add(...args); };
  signal.removeEventListener = (...args) => { listeners--; remove(...args); };
  const pool = new Pool({ concurrency: 1, queueCapacity: 1, overflow: 'drop-oldest', queueTimeout: 1000 });
  const { task, started, end } = stage();
  const blocker = pool.run(task('blocker'));
  const dropped = pool.run(task('dropped'), { signal });
  const last = pool.run(task('last'));
  await rejection(dropped);
  assert.equal(listeners, 0);
  end('blocker');
  await settle();
  assert.deepEqual(clock.timers, []);
  end('last');
  await Promise.all([blocker, last]);
  assert.deepEqual(started, ['blocker', 'last']);
});

test('a rate: never more starts in any interval, wherever it begins', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool({ interval: 100, intervalCap: 3 });
  const starts = [];
  const tasks = [];
  const run = () => tasks.push(pool.run(() => { starts.push(clock.time); }));
  for (let i = 0; i < 2; i++) run();
  await clock.advance(90);
  for (let i = 0; i < 6; i++) run();
  await clock.advance(400);
  await Promise.all(tasks);
  assert.deepEqual(starts, [0, 0, 90, 100, 100, 190, 200, 200]);
  assert.deepEqual(clock.timers, [], 'nobody waits, so no timer is set although the interval is not over');
  await clock.advance(1000);
  for (let i = 0; i < 4; i++) run();
  assert.equal(starts.length, 11);
  assert.deepEqual(clock.timers, [100 + clock.time]);
  tasks.at(-1).cancel();
  assert.deepEqual(clock.timers, [], 'the last that waited is gone, and its timer with it');
  await rejection(tasks.at(-1));
});

test('a rate and a limit hold together, through a pause, and cancelled tasks cost nothing', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool({ concurrency: 1, interval: 50, intervalCap: 2, autoStart: false });
  const { task, started, end } = stage();
  const tasks = [...'abcd'].map((name) => pool.run(task(name)));
  tasks[1].cancel();
  await clock.advance(500);
  pool.resume();
  await settle();
  assert.deepEqual(started, ['a']);
  end('a');
  await settle();
  assert.deepEqual(started, ['a', 'c']);
  end('c');
  await clock.advance(49);
  assert.deepEqual(started, ['a', 'c']);
  await clock.advance(1);
  assert.deepEqual(started, ['a', 'c', 'd']);
  end('d');
  await Promise.allSettled(tasks);
});

test('a key is not forgotten as long as its starts count', async (t) => {
  const clock = virtualClock(t);
  const manager = new PoolManager({ pool: { interval: 100, intervalCap: 1 }, idleTimeout: 0 });
  await manager.run('a', () => {});
  await clock.advance(99);
  const second = manager.run('a', () => clock.time);
  await clock.advance(1);
  assert.equal(await second, 100);
  await clock.advance(100);
  assert.equal(manager.size, 0);
});

test('priorities may be functions, asked again when told to', async () => {
  const pool = new Pool(1);
  const distance = { a: 1, b: 2, c: 3 };
  const turn = () => {
    Object.assign(distance, { a: 3, c: 1 });
    pool.reprioritize();
  };
  const near = (name) => ({ priority: () => -distance[name] });
  assert.equal(await order(pool, [...'bac'], near), 'abc');
  assert.equal(await order(pool, [...'bac'], near, turn), 'cba');
  assert.equal(await order(pool, [...'abc'], undefined, ([, , c]) => { c.priority = () => 7; assert.equal(c.priority, 7); }), 'cab');
});

test('a priority function that fails changes nothing', async () => {
  const pool = new Pool(1);
  assert.throws(() => pool.run(() => {}, { priority: () => NaN }), { code: 'ERR_MILLPOND_OPTION', message: /what priority\(\) has returned/ });
  assert.throws(() => pool.run(() => {}, { priority: () => { throw new Error('mine'); } }), /mine/);
  assert.equal(pool.stats.submitted, 0);
  let bad = false;
  const options = (name) => ({ priority: () => (bad && name === 'b' ? 'urgent' : { a: 1, b: 2, c: bad ? 9 : 3 }[name]) });
  const result = await order(pool, [...'abc'], options, () => {
    bad = true;
    assert.throws(() => pool.reprioritize(), { code: 'ERR_MILLPOND_OPTION' });
  });
  assert.equal(result, 'cba');
  pool.reprioritize();
  new PoolManager().get('nothing').reprioritize();
});

test('timings: how long tasks wait and run', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool({ concurrency: 1, timings: true });
  const none = { count: 0, mean: 0, min: 0, max: 0, p50: 0, p95: 0, p99: 0 };
  assert.deepEqual(pool.timings, { waiting: none, running: none });
  const { task, end } = stage();
  const tasks = [1, 2, 3, 4].map((name) => pool.run(task(name)));
  for (const name of [1, 2, 3, 4]) {
    await clock.advance(100 * name);
    end(name);
    await settle();
  }
  await Promise.all(tasks);
  const { waiting, running } = pool.timings;
  const near = (value, expected) => assert.ok(Math.abs(value / expected - 1) < 0.023, `${value} is not about ${expected}`);
  assert.deepEqual([running.count, running.min, running.max, running.mean], [4, 100, 400, 250]);
  assert.deepEqual([waiting.count, waiting.min, waiting.max], [4, 0, 600]);
  near(running.p50, 200);
  near(running.p99, 400);
  near(waiting.p50, 100);
  pool.run(task(5)).catch(() => {});
  pool.run(task(6)).cancel();
  assert.equal(pool.timings.waiting.count, 5, 'what never starts has not waited to start');
  assert.equal(new Pool(1).timings, undefined);
  end(5);
});

test('options: name, value and rule', () => {
  for (const [options, message] of [
    [{ order: 'random' }, /order must be 'fifo' or 'lifo', got "random"/],
    [{ overflow: 'drop' }, /overflow must be 'reject' or 'drop-oldest' or 'drop-lowest', got "drop"/],
    [{ aging: 0 }, /aging must be more than 0 milliseconds, got 0/],
    [{ interval: 0 }, /interval must be more than 0 milliseconds, got 0/],
    [{ interval: Infinity }, /interval must be finite, got Infinity/],
    [{ intervalCap: 0 }, /intervalCap must be an integer of at least 1, or Infinity, got 0/],
    [{ timings: 1 }, /timings must be a boolean, got 1/],
    [{ intervallCap: 1 }, /intervalCap\?/],
  ]) assert.throws(() => new Pool(options), { code: 'ERR_MILLPOND_OPTION', message });
});
