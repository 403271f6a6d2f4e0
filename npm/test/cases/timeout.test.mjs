// The clocks of a task. Real time is the subject here: short timeouts, and nothing that has to be quick.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pool, TimeoutError } from 'millpond';
import { accounted, deferred, settle, stage } from './tools.mjs';

const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const phase = (name) => (error) => error instanceof TimeoutError && error instanceof DOMException && error.name === 'TimeoutError' && error.phase === name;

test('running too long: rejects at once, the signal is told, the permit stays until the end', async () => {
  const pool = new Pool({ concurrency: 1, timeout: 20 });
  const { task, end, started, signal } = stage();
  const a = pool.run(task('a'));
  const b = pool.run(() => 'b');
  await assert.rejects(a, phase('run'));
  assert.ok(phase('run')(signal('a').reason));
  assert.deepEqual([a.state, pool.running, pool.waiting, started.length], ['timedOut', 1, 1, 1]);
  end('a');
  assert.equal(await b, 'b');
  assert.deepEqual([pool.stats.timedOut, pool.stats.succeeded], [1, 1]);
});

test('the run clock starts when the task does', async () => {
  const pool = new Pool({ concurrency: 1 });
  const gate = deferred();
  pool.run(() => gate.promise);
  const task = pool.run(() => 'in time', { timeout: 20 });
  await after(40);
  assert.equal(task.state, 'waiting');
  gate.resolve();
  assert.equal(await task, 'in time');
});

test('waiting too long: leaves the line, is never called', async () => {
  const pool = new Pool({ concurrency: 1, queueTimeout: 20 });
  const { task, end } = stage();
  const a = pool.run(task('a'));
  const b = pool.run(() => assert.fail('called'));
  const c = pool.run(() => 'c', { queueTimeout: Infinity });
  await assert.rejects(b, phase('queue'));
  assert.deepEqual([b.state, pool.waiting, a.state], ['timedOut', 1, 'running']);
  end('a', 'a');
  assert.equal(await a, 'a', 'the queue clock does not run on');
  assert.equal(await c, 'c');
});

test('a queueTimeout of 0: at once or not at all', async () => {
  const pool = new Pool({ concurrency: 1, queueTimeout: 0 });
  const { task } = stage();
  const a = pool.run(task('a'));
  await assert.rejects(pool.run(task('b')), phase('queue'));
  assert.equal(a.state, 'running');
});

test('the queue clock goes on while the pool is paused', async () => {
  const pool = new Pool({ autoStart: false });
  await assert.rejects(pool.run(() => 1, { queueTimeout: 10 }), phase('queue'));
});

test('the total clock covers waiting and running', async () => {
  const pool = new Pool({ concurrency: 1, totalTimeout: 30 });
  const { task, end } = stage();
  const tasks = ['a', 'b'].map((name) => pool.run(task(name)));
  for (const each of tasks) await assert.rejects(each, phase('total'));
  assert.deepEqual([pool.waiting, pool.running], [0, 1]);
  end('a');
  await pool.onIdle();
  assert.equal(accounted(pool.stats), 2);
});

test('the options of a task win over those of the pool', async () => {
  const pool = new Pool({ concurrency: 1, timeout: 10 });
  assert.equal(await pool.run(() => after(30).then(() => 'slow'), { timeout: Infinity }), 'slow');
  assert.equal(await pool.run(({ signal }) => after(1).then(() => signal.aborted), {}), false);
  const { id, promise } = (() => { const promise = pool.run(() => after(60)); return { id: promise.id, promise }; })();
  assert.ok(id);
  await assert.rejects(promise, phase('run'), 'asking for the id does not lose the timeout');
  const waits = pool.run(() => after(60));
  assert.equal(waits.state, 'waiting');
  assert.ok(waits.id);
  await assert.rejects(waits, phase('run'));
});

test('a task that times out without a grace blocks; with one its permit is given on', async () => {
  const pool = new Pool({ concurrency: 1, timeout: 10, abandon: 10 });
  const { task, started } = stage();
  const a = pool.run(task('a'));
  pool.run(task('b')).catch(() => {});
  await assert.rejects(a, phase('run'));
  while (started.length < 2) await settle();
  assert.deepEqual([pool.stats.abandoned, pool.stats.timedOut], [1, 1]);
  await pool.onIdle();
});

test('timeouts in any order, on one timer', async () => {
  const pool = new Pool();
  const order = [];
  const forever = () => new Promise(() => {});
  await Promise.all([50, 20, 35, 5].map((timeout) => pool.run(forever, { timeout }).catch(() => order.push(timeout))));
  assert.deepEqual(order, [5, 20, 35, 50]);
});
