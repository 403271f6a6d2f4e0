// Whatever a function does, its task settles as an await of it would, and its permit comes back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pool } from 'millpond';
import { deferred, settle, stage } from './tools.mjs';

/** Runs it on both ways: at once, and after a wait in the line. */
function onBothWays(name, body) {
  test(`${name} (at once)`, () => body((pool, ...args) => pool.run(...args)));
  test(`${name} (after waiting)`, () => body((pool, ...args) => {
    const gate = deferred();
    pool.run(() => gate.promise);
    const task = pool.run(...args);
    assert.equal(task.state, 'waiting');
    gate.resolve();
    return task;
  }));
}

onBothWays('a value', async (run) => {
  const pool = new Pool(1);
  assert.equal(await run(pool, () => 5), 5);
  assert.equal(await run(pool, async () => 6), 6);
  assert.equal(await run(pool, () => undefined), undefined);
  assert.ok(pool.isIdle);
});

onBothWays('an error, thrown or rejected', async (run) => {
  const pool = new Pool(1);
  const error = new Error('no');
  for (const fn of [() => { throw error; }, async () => { throw error; }, () => Promise.reject(error)]) {
    const task = run(pool, fn);
    await assert.rejects(task, (reason) => reason === error);
    assert.equal(task.state, 'failed');
  }
  await assert.rejects(run(pool, () => { throw undefined; }), (reason) => reason === undefined);
  assert.ok(pool.isIdle);
});

onBothWays('any thenable', async (run) => {
  const pool = new Pool(1);
  assert.equal(await run(pool, () => ({ then: (resolve) => resolve(1) })), 1);
  assert.equal(await run(pool, () => Object.assign(() => {}, { then: (resolve) => resolve(2) })), 2);
  await assert.rejects(run(pool, () => ({ then() { throw new TypeError('then'); } })), TypeError);
  await assert.rejects(run(pool, () => ({ get then() { throw new RangeError('getter'); } })), RangeError);
  class Sub extends Promise {}
  assert.equal(await run(pool, () => Sub.resolve(3)), 3);
  assert.equal(await run(pool, () => run(new Pool(1), () => 4)), 4, 'a task of another pool');
  assert.deepEqual(await run(pool, () => ({ then: 5 })), { then: 5 });
  assert.ok(pool.isIdle);
});

onBothWays('a thenable that settles twice frees one permit', async (run) => {
  const pool = new Pool(1);
  const { task, started } = stage();
  let again;
  const twice = run(pool, () => ({ then(resolve, reject) { resolve(1); again = () => { resolve(2); reject(3); }; } }));
  for (const name of 'ab') pool.run(task(name));
  assert.equal(await twice, 1);
  await settle();
  again();
  await settle();
  assert.deepEqual(started, ['a']);
});

onBothWays('a promise that lies about itself', async (run) => {
  const pool = new Pool(1);
  const liar = Promise.resolve(1);
  Object.defineProperty(liar, 'constructor', { get() { throw new Error('constructor'); } });
  await assert.rejects(run(pool, () => liar), { message: 'constructor' });
  const double = Object.assign(Promise.resolve(), { then(resolve) { resolve(1); resolve(2); } });
  assert.equal(await run(pool, () => double), 1);
  assert.ok(pool.isIdle);
});

onBothWays('the promise is a fresh one, and a promise in every respect', async (run) => {
  const own = Promise.resolve(1);
  const task = run(new Pool(1), () => own);
  assert.notEqual(task, own);
  assert.ok(task instanceof Promise);
  assert.equal(Promise.resolve(task), task);
  assert.equal(Object.prototype.toString.call(task), '[object Promise]');
  assert.equal(await task.then((value) => value + 1), 2);
  assert.equal(await task.finally(() => {}), 1);
  assert.equal('cancel' in task.then(), false);
});

onBothWays('the context has a signal, made when it is asked for', async (run) => {
  const pool = new Pool(1);
  const seen = await run(pool, (context) => [context.signal, context.signal, Object.keys(context)]);
  assert.equal(seen[0], seen[1]);
  assert.ok(seen[0] instanceof AbortSignal && !seen[0].aborted);
});

test('a task says where it is', async () => {
  const pool = new Pool(1);
  const { task, end } = stage();
  const [a, b] = 'ab'.split('').map((name) => pool.run(task(name)));
  assert.deepEqual([a.state, b.state], ['running', 'waiting']);
  end('a');
  await a;
  await settle();
  assert.deepEqual([a.state, b.state], ['succeeded', 'running']);
});
