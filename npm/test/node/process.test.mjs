// What is seen of a process as a whole: which rejections it is told of, how long it lives, what it keeps in memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Pool } from 'millpond';
import { settle } from '../cases/tools.mjs';
import { script } from './kit.mjs';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

test('what the owner of the pool cancels need not be handled; what a signal aborts does, as with fetch', () => {
  const { stdout } = script(`
    process.on('unhandledRejection', (reason) => console.log(reason));
    const pool = new Pool(1);
    const forever = () => new Promise(() => {});
    const controller = new AbortController();
    const running = pool.run(forever);
    const waiting = pool.run(forever);
    pool.run(forever);
    pool.run(forever, { signal: controller.signal });
    running.cancel('cancel');
    waiting.cancel('cancel');
    controller.abort('signal');
    pool.clear('clear');
    pool.run(forever);
    pool.abort('abort');
  `);
  assert.equal(stdout, 'signal\n');
});

test('a rejection nobody handles is reported on both ways, one that is handled on neither', () => {
  const { stdout } = script(`
    process.on('unhandledRejection', (reason) => console.log(reason));
    const fail = async () => { throw 'unhandled'; };
    const pool = new Pool(1);
    pool.run(fail);
    pool.run(fail);
    for (let i = 0; i < 2; i++) pool.run(async () => { throw 'handled'; }).catch(() => {});
  `);
  assert.equal(stdout, 'unhandled\nunhandled\n');
});

test('a task that ends in time leaves no timer behind, so the process ends (real time)', () => {
  const { status } = script(`
    const pool = new Pool({ concurrency: 1, timeout: 600_000, queueTimeout: 600_000, totalTimeout: 600_000, abandon: 600_000 });
    pool.run(() => new Promise(() => {})).cancel();
    const other = new Pool(1);
    other.run(() => 1, { timeout: 600_000 });
    await Promise.all([1, 2].map((n) => other.run(async () => n, { timeout: 600_000, queueTimeout: 600_000 })));
    other.run(() => new Promise(() => {}));
    other.run(() => {}, { queueTimeout: 600_000 }).cancel();
    process.on('exit', () => console.log('bye'));
    setTimeout(() => process.exit(3), 30_000).unref();
    pool.abort();
    process.exitCode = 0;
  `.replace('abandon: 600_000', "abandon: 'hold'"));
  assert.equal(status, 0);
});

test('a timer keeps the process alive as long as a task waits on it (real time)', () => {
  const { status, stdout } = script("await new Pool().run(() => new Promise(() => {}), { timeout: 20 }).catch(({ phase }) => console.log(phase));");
  assert.deepEqual([status, stdout], [0, 'run\n']);
});

test('an idle manager does not keep the process alive', () => {
  const { status, stdout } = script(`
    const manager = new PoolManager({ idleTimeout: 600_000, lifetime: 600_000 });
    console.log(await manager.run('a', () => 'done'), manager.size);
  `);
  assert.deepEqual([status, stdout], [0, 'done 1\n']);
});

test('what a settled task held is not kept by the pool', async () => {
  const pool = new Pool(1);
  const weak = [];
  const collected = new Set();
  const registry = new FinalizationRegistry((n) => collected.add(n));
  await (async () => {
    for (let i = 0; i < 3; i++) {
      const value = { i };
      registry.register(value, i);
      weak.push(new WeakRef(value));
      await pool.run(() => value);
    }
  })();
  for (let i = 0; i < 10 && collected.size < 3; i++) {
    await settle();
    gc();
  }
  assert.equal(collected.size, 3);
});
