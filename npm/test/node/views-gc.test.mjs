// What nobody has any more is forgotten: pools of keys, and leases. Real garbage collection: it is asked for until it has come.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PoolManager } from 'millpond';
import { until } from '../cases/tools.mjs';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');
const collectUntil = (isSo) => until(() => (gc(), isSo()), isSo.toString(), 500);

test('asked for, and dropped: the pool is collected and its key with it', async () => {
  const manager = new PoolManager({ pool: 1 });
  const made = (() => {
    const list = [];
    for (let i = 0; i < 1000; i++) {
      const key = { i };
      list.push(new WeakRef(manager.get(key)), new WeakRef(key));
    }
    return list;
  })();
  await collectUntil(() => made.every((ref) => ref.deref() === undefined));
  assert.equal(manager.size, 0);
});

test('used, expired and dropped: as well, with the listeners it had', async () => {
  const manager = new PoolManager({ pool: 1, idleTimeout: 0 });
  let ended = 0;
  const made = await (async () => {
    const key = {};
    const view = manager.get(key);
    view.addEventListener('end', () => { ended++; });
    await manager.run(key, () => {});
    return [new WeakRef(view), new WeakRef(key)];
  })();
  assert.equal(ended, 1);
  await collectUntil(() => made.every((ref) => ref.deref() === undefined));
});

test('as long as there is a pool, its object and its listeners stay, whoever has it', async () => {
  const manager = new PoolManager({ pool: 1, idleTimeout: 60_000 });
  let ended = 0;
  await (async () => {
    manager.get('a').addEventListener('end', () => { ended++; });
    await manager.run('a', () => {});
  })();
  const had = new WeakRef(manager.get('a'));
  for (let i = 0; i < 20; i++) await until(() => (gc(), true));
  await manager.run('a', () => {});
  assert.equal(ended, 2);
  assert.equal(had.deref(), manager.get('a'));
});

test('a manager nobody has is collected, with its pools', async () => {
  const made = await (async () => {
    const manager = new PoolManager({ pool: 1, idleTimeout: Infinity, resource: () => ({}) });
    manager.addEventListener('idle', () => {});
    manager.get('a').addEventListener('idle', () => {});
    await manager.run('a', () => {});
    (await manager.lease('a')).release();
    return [new WeakRef(manager), new WeakRef(manager.get('a'))];
  })();
  await collectUntil(() => made.every((ref) => ref.deref() === undefined));
});

test('a forgotten lease is given back, and the developer told once', async (t) => {
  const warned = [];
  const { warn } = console;
  console.warn = (text) => warned.push(text);
  t.after(() => { console.warn = warn; });
  const disposed = [];
  const manager = new PoolManager({ resource: (key) => key, dispose: (it) => { disposed.push(it); } });
  await (async () => {
    for (const key of ['a', 'b']) await manager.lease(key);
    (await manager.lease('c')).release();
  })();
  assert.equal(manager.delete('a'), false);
  await collectUntil(() => manager.delete('a') || disposed.includes('a'));
  await collectUntil(() => manager.delete('b') || disposed.includes('b'));
  assert.equal(manager.delete('c'), true);
  assert.deepEqual(disposed.sort(), ['a', 'b', 'c']);
  assert.equal(warned.length, 1);
  assert.match(warned[0], /lease/);
});

test('a task goes on though its lease was forgotten', async () => {
  const disposed = [];
  const manager = new PoolManager({ resource: (key) => key, dispose: (it) => { disposed.push(it); } });
  let end;
  const [task] = await (async () => [(await manager.lease('a')).run(() => new Promise((resolve) => { end = resolve; }))])();
  for (let i = 0; i < 20; i++) await until(() => (gc(), true));
  assert.equal(manager.delete('a'), false);
  end('done');
  assert.equal(await task, 'done');
  await collectUntil(() => manager.delete('a'));
  assert.deepEqual(disposed, ['a']);
});
