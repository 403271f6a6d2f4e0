// The clocks of a task.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pool, TimeoutError } from 'millpond';
import { virtualClock } from './clock.mjs';
import { accounted, deferred, stage } from './tools.mjs';

const phase = (name) => (error) => error instanceof TimeoutError && error instanceof DOMException && error.name === 'TimeoutError' && error.phase === name;

test('running too long: rejects at once, the signal is told, the permit stays until the end', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool({ concurrency: 1, timeout: 20 });
  const { task, end, started, signal } = stage();
  const a = pool.run(task('a'));
  const b = pool.run(() => 'b');
  const late = assert.rejects(a, phase('run'));
  await clock.advance(20);
  await late;
  assert.ok(phase('run')(signal('a').reason));
  assert.deepEqual([a.state, pool.running, pool.waiting, started.length], ['timedOut', 1, 1, 1]);
  end('a');
  assert.equal(await b, 'b');
  assert.deepEqual([pool.stats.timedOut, pool.stats.succeeded], [1, 1]);
});

test('the run clock starts when the task does', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool({ concurrency: 1 });
  const gate = deferred();
  pool.run(() => gate.promise);
  const task = pool.run(() => 'in time', { timeout: 20 });
  await clock.advance(40);
  assert.equal(task.state, 'waiting');
  gate.resolve();
  assert.equal(await task, 'in time');
  assert.deepEqual(clock.timers, []);
});

test('waiting too long: leaves the line, is never called', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool({ concurrency: 1, queueTimeout: 20 });
  const { task, end } = stage();
  const a = pool.run(task('a'));
  const b = pool.run(() => assert.fail('called'));
  const c = pool.run(() => 'c', { queueTimeout: Infinity });
  await clock.advance(19);
  assert.equal(b.state, 'waiting');
  const late = assert.rejects(b, phase('queue'));
  await clock.advance(1);
  await late;
  assert.deepEqual([b.state, pool.waiting, a.state], ['timedOut', 1, 'running']);
  end('a', 'a');
  assert.equal(await a, 'a', 'the queue clock does not run on');
  assert.equal(await c, 'c');
});

test('a queueTimeout of 0: at once or not at all', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool({ concurrency: 1, queueTimeout: 0 });
  const { task } = stage();
  const a = pool.run(task('a'));
  const late = assert.rejects(pool.run(task('b')), phase('queue'));
  await clock.advance(0);
  await late;
  assert.equal(a.state, 'running');
});

test('the queue clock goes on while the pool is paused', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool({ autoStart: false });
  const late = assert.rejects(pool.run(() => 1, { queueTimeout: 10 }), phase('queue'));
  await clock.advance(10);
  await late;
});

test('the total clock covers waiting and running', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool({ concurrency: 1, totalTimeout: 30 });
  const { task, end } = stage();
  const tasks = ['a', 'b'].map((name) => pool.run(task(name)));
  const late = Promise.all(tasks.map((each) => assert.rejects(each, phase('total'))));
  await clock.advance(30);
  await late;
  assert.deepEqual([pool.waiting, pool.running], [0, 1]);
  end('a');
  await pool.onIdle();
  assert.equal(accounted(pool.stats), 2);
});

test('the options of a task win over those of the pool', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool({ concurrency: 1, timeout: 10 });
  const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const slow = pool.run(() => after(30).then(() => 'slow'), { timeout: Infinity });
  await clock.advance(30);
  assert.equal(await slow, 'slow');
  const quick = pool.run(({ signal }) => after(1).then(() => signal.aborted), {});
  await clock.advance(1);
  assert.equal(await quick, false);
  const runs = pool.run(() => after(60));
  const waits = pool.run(() => after(60));
  assert.ok(runs.id && waits.id, 'asking for the id does not lose the timeout');
  const late = Promise.all([runs, waits].map((each) => assert.rejects(each, phase('run'))));
  await clock.advance(59);
  assert.deepEqual([runs.state, waits.state], ['timedOut', 'waiting']);
  await clock.advance(11);
  await late;
});

test('a task that times out without a grace blocks; with one its permit is given on', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool({ concurrency: 1, timeout: 10, abandon: 10 });
  const { task, started } = stage();
  const a = pool.run(task('a'));
  pool.run(task('b')).catch(() => {});
  const late = assert.rejects(a, phase('run'));
  await clock.advance(19);
  assert.equal(started.length, 1);
  await clock.advance(1);
  await late;
  assert.equal(started.length, 2);
  assert.deepEqual([pool.stats.abandoned, pool.stats.timedOut], [1, 1]);
  await clock.advance(20);
  assert.ok(pool.isIdle);
});

test('timeouts in any order, on one timer', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool();
  const order = [];
  const forever = () => new Promise(() => {});
  const all = Promise.all([50, 20, 35, 5].map((timeout) => pool.run(forever, { timeout }).catch(() => order.push(timeout))));
  assert.deepEqual(clock.timers, [5]);
  await clock.advance(50);
  await all;
  assert.deepEqual(order, [5, 20, 35, 50]);
});
