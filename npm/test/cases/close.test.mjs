// Waiting for a pool, and its end: everything handed out settles.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pool } from 'millpond';
import { countListeners, settle, stage } from './tools.mjs';

/** Whether it is settled, in a while. */
async function isSettled(promise) {
  let settled = false;
  promise.then(() => { settled = true; }, () => { settled = true; });
  await settle();
  return settled;
}

test('close drains, may be called again, and takes nothing more', async () => {
  const pool = new Pool(1);
  const { task, end, started } = stage();
  const tasks = ['a', 'b'].map((name) => pool.run(task(name)));
  const closing = pool.close();
  assert.equal(pool.close(), closing);
  assert.ok(pool.isClosed);
  const late = pool.run(() => assert.fail('called'));
  await assert.rejects(late, { name: 'PoolClosedError', code: 'ERR_MILLPOND_CLOSED' });
  assert.equal(await isSettled(closing), false);
  end('a', 1);
  await settle();
  end('b', 2);
  assert.deepEqual(await Promise.all(tasks), [1, 2]);
  await closing;
  await pool.close();
  assert.deepEqual(started, ['a', 'b']);
  assert.equal(pool.stats.rejected, 1);
});

test('closing an idle pool, or one that is paused', async () => {
  await new Pool(1).close();
  const pool = new Pool({ autoStart: false });
  const task = pool.run(() => 1);
  await pool.close();
  assert.equal(await task, 1);
});

test('clear rejects what waits and says how many', async () => {
  const pool = new Pool(1);
  const { task, end } = stage();
  const [a, b, c] = 'abc'.split('').map((name) => pool.run(task(name)));
  assert.equal(pool.clear(), 2);
  await assert.rejects(b, { name: 'AbortError' });
  await assert.rejects(c, { name: 'AbortError' });
  assert.equal(pool.clear('again'), 0);
  end('a', 1);
  assert.equal(await a, 1);
});

test('abort tells those that run, too', async () => {
  const pool = new Pool(1);
  const { task, end, signal } = stage();
  const [a, b] = 'ab'.split('').map((name) => pool.run(task(name)));
  assert.equal(pool.abort('end'), 2);
  for (const each of [a, b]) await assert.rejects(each, (reason) => reason === 'end');
  assert.equal(signal('a').reason, 'end');
  const closing = pool.close();
  assert.equal(await isSettled(closing), false);
  end('a');
  await closing;
});

test('onIdle and onEmpty resolve at once when it is so, else when it becomes so', async () => {
  const pool = new Pool(1);
  await pool.onIdle();
  await pool.onEmpty();
  const { task, end } = stage();
  'ab'.split('').forEach((name) => pool.run(task(name)));
  const empty = pool.onEmpty();
  const idle = pool.onIdle();
  assert.equal(await isSettled(empty), false);
  end('a');
  await empty;
  assert.equal(await isSettled(idle), false);
  await settle();
  end('b');
  await idle;
  assert.ok(pool.isIdle);
});

test('cancelling the last one makes it idle', async () => {
  const pool = new Pool({ autoStart: false });
  const task = pool.run(() => 1);
  const idle = Promise.all([pool.onIdle(), pool.onEmpty()]);
  task.cancel();
  await idle;
});

test('waiting can be given up', async () => {
  const pool = new Pool(1);
  const { task, end } = stage();
  pool.run(task('a'));
  const controller = new AbortController();
  const { signal } = controller;
  const idle = pool.onIdle({ signal });
  await assert.rejects(pool.onIdle({ signal: AbortSignal.abort('before') }), (reason) => reason === 'before');
  controller.abort('enough');
  await assert.rejects(idle, (reason) => reason === 'enough');
  const other = new AbortController();
  const listeners = countListeners(other.signal);
  const waiting = pool.onIdle({ signal: other.signal });
  assert.equal(listeners(), 1);
  end('a');
  await waiting;
  assert.equal(listeners(), 0);
});

test('await using closes it', async () => {
  const pool = new Pool(1);
  const { task, end } = stage();
  pool.run(task('a'));
  const disposed = pool[Symbol.asyncDispose]();
  assert.ok(pool.isClosed);
  end('a');
  await disposed;
});

test('a pool can be closed from inside of its tasks', async () => {
  const pool = new Pool(1);
  let closing;
  const first = pool.run(() => { closing = pool.close(); });
  await first;
  await closing;
  await assert.rejects(pool.run(() => 1), { code: 'ERR_MILLPOND_CLOSED' });
});
