// A pool's cap and order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pool } from 'millpond';
import { accounted, deferred, settle, stage } from './tools.mjs';

test('runs no more than its concurrency, the others in order of submission', async () => {
  const pool = new Pool(2);
  const { task, started, end } = stage();
  const tasks = ['a', 'b', 'c', 'd'].map((name) => pool.run(task(name)));
  assert.deepEqual(started, ['a', 'b']);
  assert.deepEqual([pool.waiting, pool.running], [2, 2]);
  end('b', 2);
  assert.equal(await tasks[1], 2);
  assert.deepEqual(started, ['a', 'b', 'c']);
  ['a', 'c'].forEach((name) => end(name));
  await settle();
  end('d');
  await Promise.all(tasks);
  assert.ok(pool.isIdle);
});

test('a free slot calls the function before run returns', () => {
  const pool = new Pool(1);
  let called = false;
  pool.run(() => { called = true; });
  assert.ok(called);
});

test('without options there is no limit', () => {
  const pool = new Pool();
  const { task, started } = stage();
  for (let i = 0; i < 1000; i++) pool.run(task(i));
  assert.equal(started.length, 1000);
  assert.equal(pool.concurrency, Infinity);
});

test('higher priority first, in order of submission among equals', async () => {
  const pool = new Pool(1);
  const gate = deferred();
  const order = [];
  pool.run(() => gate.promise);
  const tasks = [[1, 'low'], [2, 0], [3, 'high'], [4, 7.5], [5, 'auto'], [6, 1], [7, -3]].map(([n, priority]) => pool.run(() => order.push(n), { priority }));
  gate.resolve();
  await Promise.all(tasks);
  assert.deepEqual(order, [4, 3, 6, 2, 5, 1, 7]);
});

test('the priority of a waiting task can be changed, by the task and by its id', async () => {
  const pool = new Pool(1);
  const gate = deferred();
  const order = [];
  pool.run(() => gate.promise);
  const [, b, c] = ['a', 'b', 'c', 'd'].map((id) => pool.run(() => order.push(id), { id }));
  assert.equal(c.priority, 0);
  c.priority = 'high';
  assert.equal(c.priority, 1);
  assert.ok(pool.setPriority('d', 2));
  assert.ok(pool.setPriority(b.id, -1));
  assert.equal(pool.setPriority('nobody', 1), false);
  gate.resolve();
  await pool.onIdle();
  assert.deepEqual(order, ['d', 'c', 'a', 'b']);
  b.priority = 5;
  assert.equal(b.priority, -1, 'a settled task stays as it was');
  assert.equal(pool.setPriority('d', 1), false, 'and is not found any more');
});

test('a task has an id, and of two with the same id the latest is meant', async () => {
  const pool = new Pool(1);
  const gate = deferred();
  const order = [];
  const first = pool.run(() => gate.promise);
  const plain = pool.run(() => order.push('plain'));
  assert.notEqual(plain.id, first.id);
  assert.equal(plain.id, plain.id);
  const twice = [1, 2].map((n) => pool.run(() => order.push(n), { id: 'twice' }));
  pool.setPriority('twice', 1);
  pool.setPriority(plain.id, 2);
  gate.resolve();
  await Promise.all(twice);
  assert.deepEqual(order, ['plain', 2, 1]);
});

test('resizing: more start at once, after a shrink none until fewer run', async () => {
  const pool = new Pool(1);
  const { task, started, end } = stage();
  for (let i = 0; i < 6; i++) pool.run(task(i));
  pool.concurrency = 3;
  await settle();
  assert.deepEqual(started, [0, 1, 2]);
  pool.concurrency = 1;
  end(0);
  end(1);
  await settle();
  assert.deepEqual([pool.running, pool.waiting], [1, 3]);
  end(2);
  await settle();
  assert.deepEqual(started, [0, 1, 2, 3]);
  pool.concurrency = Infinity;
  await settle();
  assert.equal(started.length, 6);
});

test('a paused pool starts nothing until it goes on', async () => {
  const pool = new Pool({ concurrency: 2, autoStart: false });
  const { task, started } = stage();
  assert.ok(pool.isPaused);
  for (const name of 'abc') pool.run(task(name));
  await settle();
  assert.deepEqual(started, []);
  pool.resume();
  await settle();
  assert.deepEqual(started, ['a', 'b']);
  pool.pause();
  assert.ok(pool.isPaused);
});

test('a full line rejects, and a place comes back when a task starts or leaves', async () => {
  const pool = new Pool({ concurrency: 1, queueCapacity: 1, name: 'tiles' });
  const { task, end } = stage();
  pool.run(task('a'));
  const waiting = pool.run(task('b'));
  let called = false;
  const refused = pool.run(() => { called = true; });
  await assert.rejects(refused, { name: 'QueueFullError', code: 'ERR_MILLPOND_QUEUE_FULL', message: /"tiles" is full: 1 tasks? wait/ });
  assert.equal(refused.state, 'failed');
  waiting.cancel();
  pool.run(task('c'));
  await assert.rejects(pool.run(task('d')), { code: 'ERR_MILLPOND_QUEUE_FULL' });
  end('a');
  await settle();
  pool.run(task('e'));
  assert.deepEqual([pool.stats.rejected, pool.stats.submitted, called], [2, 4, false]);
});

test('a line of length 0 takes what can start', async () => {
  const pool = new Pool({ concurrency: 1, queueCapacity: 0 });
  const { task } = stage();
  pool.run(task('a'));
  await assert.rejects(pool.run(task('b')), { code: 'ERR_MILLPOND_QUEUE_FULL' });
});

test('the counters add up, and say what became of each', async () => {
  const pool = new Pool({ concurrency: 2, queueCapacity: 4 });
  const { task, end, fail } = stage();
  const tasks = 'abcdef'.split('').map((name) => pool.run(task(name)));
  pool.run(task('g')).catch(() => {});
  tasks[5].cancel();
  end('a');
  fail('b', new Error('b'));
  await assert.rejects(tasks[1], { message: 'b' });
  await settle();
  tasks[2].cancel();
  assert.equal(tasks[2].state, 'cancelled');
  const { stats } = pool;
  assert.equal(accounted(stats), stats.submitted);
  assert.deepEqual(stats, { submitted: 6, waiting: 1, running: 2, succeeded: 1, failed: 1, cancelled: 1, timedOut: 0, dropped: 0, rejected: 1, abandoned: 0, recalled: 0, retried: 0 });
  end('c');
  await settle();
  assert.equal(pool.stats.cancelled, 2, 'a cancelled task is counted when its function has ended');
});

test('tasks may submit tasks to their own pool', async () => {
  const pool = new Pool(1);
  const inner = [];
  const outer = pool.run(() => { inner.push(pool.run(() => 'inner')); return 'outer'; });
  assert.equal(await outer, 'outer');
  assert.equal(await inner[0], 'inner');
});
