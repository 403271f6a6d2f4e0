// The caller's async context is the task's, whether it starts at once or waits.
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { Pool, PoolManager } from 'millpond';

test('a task runs in the async context of its caller, on every way', async () => {
  const storage = new AsyncLocalStorage();
  const pool = new Pool(2);
  const seen = [];
  const tasks = Array.from({ length: 50 }, (_, i) => storage.run(i, () => pool.run(async () => {
    const before = storage.getStore();
    await null;
    seen.push([i, before, storage.getStore()]);
  })));
  await Promise.all(tasks);
  assert.deepEqual(seen, Array.from({ length: 50 }, (_, i) => [i, i, i]));
});

test('also when synchronous tasks, a resize, a cancel or a timer let it start', async () => {
  const storage = new AsyncLocalStorage();
  const pool = new PoolManager({ pool: { concurrency: 1, abandon: 5 } }).get('key');
  const submit = (name) => storage.run(name, () => pool.run(() => storage.getStore()));
  const blocker = storage.run('blocker', () => pool.run(() => new Promise(() => {})));
  const tasks = ['a', 'b', 'c'].map(submit);
  storage.run('resize', () => { pool.concurrency = 2; });
  assert.deepEqual(await Promise.all(tasks), ['a', 'b', 'c']);
  pool.concurrency = 1;
  const late = submit('late');
  storage.run('cancel', () => blocker.cancel());
  assert.equal(await late, 'late');
});
