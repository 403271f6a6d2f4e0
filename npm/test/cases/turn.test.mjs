// Ready tasks are pumped in slices: nothing recurses, and everybody else gets a turn.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pool, PoolManager } from 'millpond';
import { settle } from './tools.mjs';

const MANY = 100_000;

test('many synchronous tasks in a row do not recurse', async () => {
  const pool = new Pool(1);
  let depth = 0;
  let deepest = 0;
  let done = 0;
  const fn = () => {
    deepest = Math.max(deepest, ++depth);
    done++;
    depth--;
  };
  const gate = settle();
  pool.run(() => gate);
  for (let i = 0; i < MANY; i++) pool.run(fn);
  await pool.onIdle();
  assert.deepEqual([done, deepest], [MANY, 1]);
});

for (const concurrency of [1, 10, Infinity]) {
  test(`a timer fires while many ready tasks are pumped, concurrency ${concurrency}`, async () => {
    const pool = new Pool({ concurrency, autoStart: false });
    let done = 0;
    const busy = () => {
      for (let x = 0; x < 500; x++) Math.sqrt(x);
      done++;
    };
    for (let i = 0; i < MANY; i++) pool.run(busy);
    let before;
    setTimeout(() => { before ??= done; }, 0);
    pool.resume();
    await pool.onIdle();
    assert.equal(done, MANY);
    assert.ok(before < MANY, 'before the last of them');
  });
}

test('tasks start in order, whatever turn they start in', async () => {
  const pool = new Pool({ concurrency: 100, autoStart: false });
  const order = [];
  for (let i = 0; i < 5000; i++) pool.run(async () => { order.push(i); });
  pool.resume();
  await pool.onIdle();
  assert.deepEqual(order, Array.from({ length: 5000 }, (_, i) => i));
});

test('the lanes of a manager share the slices', async () => {
  const manager = new PoolManager({ pool: 2, concurrency: 5 });
  let most = 0;
  let running = 0;
  await Promise.all(Array.from({ length: 3000 }, (_, i) => manager.run(`${i % 7}`, async () => {
    most = Math.max(most, ++running);
    await null;
    running--;
  })));
  assert.equal(most, 5);
  await manager.close();
});
