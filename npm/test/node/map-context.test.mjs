// The mapper's async context is that of whoever called map or stream, and a cooperative point keeps it.
import { deepEqual, equal } from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { Pool } from 'millpond';
import { deferred, settle } from '../cases/tools.mjs';

const storage = new AsyncLocalStorage();

async function* slowly(count) {
  for (let i = 0; i < count; i++) {
    await settle();
    yield i;
  }
}

test('map, whoever frees the slots', async () => {
  const pool = new Pool(2);
  const seen = [];
  const look = async () => { seen.push(storage.getStore()); await settle(); seen.push(storage.getStore()); };
  const ends = [deferred(), deferred()];
  ends.forEach(({ promise }, i) => storage.run(`other ${i}`, () => pool.run(() => promise)));
  const maps = ['a', 'b'].map((name) => storage.run(name, () => pool.map(name === 'a' ? [1, 2, 3, 4] : slowly(4), look)));
  storage.run('freeing', () => { ends.forEach(({ resolve }) => resolve()); });
  await Promise.all(maps);
  deepEqual(seen.filter((name) => name === 'a').length, 8);
  deepEqual(seen.filter((name) => name === 'b').length, 8);
});

test('the input is read in it, too', async () => {
  const seen = new Set();
  const source = { * [Symbol.iterator]() { for (let i = 0; i < 5; i++) { seen.add(storage.getStore()); yield i; } } };
  await storage.run('caller', () => new Pool(1).map(source, async () => { await settle(); }));
  deepEqual([...seen], ['caller']);
});

test('stream, whoever reads', async () => {
  const seen = new Set();
  const stream = storage.run('caller', () => new Pool(2).stream(slowly(6), async (x) => { seen.add(storage.getStore()); return x; }));
  await storage.run('reader', async () => {
    for await (const _ of stream) equal(storage.getStore(), 'reader');
  });
  deepEqual([...seen], ['caller']);
});

test('wrap, runAll and acquire', async () => {
  const pool = new Pool(1);
  const wrapped = pool.wrap(() => storage.getStore());
  const permit = pool.tryAcquire();
  const all = [
    storage.run('wrap', () => wrapped()),
    storage.run('all', () => pool.runAll([() => storage.getStore()])),
    storage.run('acquire', () => pool.acquire().then((own) => { own.release(); return storage.getStore(); })),
  ];
  storage.run('freeing', () => permit.release());
  deepEqual(await Promise.all(all), ['wrap', ['all'], 'acquire']);
});

test('a cooperative point keeps it', async () => {
  const pool = new Pool(2);
  const seen = [];
  const long = async (context) => {
    for (let i = 0; i < 20; i++) {
      await context.yield();
      seen.push(storage.getStore());
      if (i % 5 === 0) await settle();
    }
  };
  await Promise.all(['a', 'b'].map((name) => storage.run(name, () => pool.run(long))));
  deepEqual([seen.filter((name) => name === 'a').length, seen.filter((name) => name === 'b').length], [20, 20]);
});
