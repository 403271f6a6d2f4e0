// A task can be cancelled at every instant; nothing of it is left, and its permit goes where it belongs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pool } from 'millpond';
import { virtualClock } from './clock.mjs';
import { accounted, countListeners, deferred, settle, stage } from './tools.mjs';

const never = () => assert.fail('must not be called');

test('a waiting task leaves the line at once, with an AbortError', async () => {
  const pool = new Pool(1);
  const { task, end, started } = stage();
  pool.run(task('a'));
  const b = pool.run(never);
  const c = pool.run(task('c'));
  assert.equal(b.cancel(), true);
  assert.deepEqual([b.state, pool.waiting], ['cancelled', 1]);
  assert.equal(b.cancel(), false);
  await assert.rejects(b, { name: 'AbortError' });
  assert.ok(await b.catch((error) => error instanceof DOMException));
  end('a');
  await settle();
  end('c', 'c');
  assert.equal(await c, 'c');
  assert.deepEqual(started, ['a', 'c']);
});

test('the reason is handed on untouched, whatever it is', async () => {
  for (const reason of [null, 0, '', Symbol('x'), new Error('x'), { then: 1 }]) {
    const pool = new Pool(1);
    const { task } = stage();
    const a = pool.run(task('a'));
    const b = pool.run(never);
    const controller = new AbortController();
    const c = pool.run(never, { signal: controller.signal });
    a.cancel(reason);
    b.cancel(reason);
    controller.abort(reason);
    for (const each of [a, b, c]) await assert.rejects(each, (got) => got === reason);
  }
});

test('a running task is told, rejects at once, and keeps its permit until it has ended', async () => {
  const pool = new Pool(1);
  const { task, end, started, signal } = stage();
  const a = pool.run(task('a'));
  const b = pool.run(task('b'));
  const reason = new Error('enough');
  a.cancel(reason);
  await assert.rejects(a, (got) => got === reason);
  assert.ok(signal('a').aborted);
  assert.equal(signal('a').reason, reason);
  assert.deepEqual([a.state, pool.running, pool.waiting, pool.stats.cancelled], ['cancelled', 1, 1, 0]);
  end('a');
  await settle();
  assert.deepEqual(started, ['a', 'b']);
  assert.equal(pool.stats.cancelled, 1);
  end('b');
  await b;
});

test('a signal asked for after the cancel is aborted already', async () => {
  const pool = new Pool(1);
  const gate = deferred();
  let seen;
  const a = pool.run(async (context) => { await gate.promise; seen = context.signal; });
  a.cancel('why');
  gate.resolve();
  await pool.onIdle();
  assert.ok(seen.aborted);
  assert.equal(seen.reason, 'why');
  await assert.rejects(a, (got) => got === 'why');
});

test('between the hand-over and the start: never called, and the permit goes on', async () => {
  for (const how of ['cancel', 'signal']) {
    const pool = new Pool(1);
    const { task, end, started } = stage();
    pool.run(task('a'));
    const controller = new AbortController();
    const b = pool.run(never, { signal: controller.signal });
    const c = pool.run(task('c'));
    // A higher concurrency hands a permit over now; the function would be called in a microtask.
    pool.concurrency = 2;
    assert.deepEqual([pool.running, pool.waiting], [2, 1]);
    if (how === 'cancel') b.cancel();
    else controller.abort();
    assert.deepEqual([pool.running, pool.waiting], [2, 0]);
    await assert.rejects(b, { name: 'AbortError' });
    assert.deepEqual(started, ['a', 'c']);
    end('a');
    end('c');
    await c;
    await pool.onIdle();
    assert.equal(pool.stats.cancelled, 1);
  }
});

test('while it waits for its turn of the event loop, too', async () => {
  const pool = new Pool({ autoStart: false });
  let called = 0;
  const tasks = Array.from({ length: 100 }, () => pool.run(() => { called++; }));
  pool.resume();
  assert.equal(pool.running, 100);
  for (const task of tasks.slice(0, 90)) task.cancel();
  assert.equal(pool.running, 10);
  await pool.onIdle();
  assert.deepEqual([called, pool.stats.succeeded, pool.stats.cancelled], [10, 10, 90]);
});

test('a task may cancel itself, before it has returned', async () => {
  const pool = new Pool(1);
  const controller = new AbortController();
  for (const result of [1, Promise.resolve(1), { then: (resolve) => resolve(1) }]) {
    for (const wait of [false, true]) {
      const own = new AbortController();
      if (wait) pool.run(async () => {});
      const task = pool.run(({ signal }) => { own.abort('self'); assert.ok(signal.aborted); return result; }, { signal: own.signal });
      await assert.rejects(task, (got) => got === 'self');
    }
  }
  const thrown = pool.run(() => { controller.abort('first'); throw new Error('second'); }, { signal: controller.signal });
  await assert.rejects(thrown, (got) => got === 'first');
  await pool.onIdle();
  assert.equal(pool.stats.cancelled, 7);
});

test('what the function still does after the cancel is nobody\'s business', async () => {
  const pool = new Pool(1);
  const { task, fail } = stage();
  const a = pool.run(task('a'));
  a.cancel('first');
  fail('a', new Error('second'));
  await assert.rejects(a, (got) => got === 'first');
  await settle();
  assert.deepEqual([pool.stats.cancelled, pool.stats.failed], [1, 0]);
});

test('a task that is over cannot be cancelled', async () => {
  const pool = new Pool(1);
  const task = pool.run(() => 1);
  assert.equal(task.cancel(), false);
  assert.equal(await task, 1);
  assert.equal(task.cancel(), false);
  assert.equal(pool.stats.cancelled, 0);
});

test('with a grace the permit of who does not end is given on, and counted as abandoned', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool({ concurrency: 1, abandon: 10 });
  const { task, end, started } = stage();
  const a = pool.run(task('a'));
  const b = pool.run(task('b'));
  a.cancel();
  await assert.rejects(a, { name: 'AbortError' });
  assert.deepEqual(started, ['a']);
  await clock.advance(9);
  assert.equal(started.length, 1);
  await clock.advance(1);
  assert.equal(started.length, 2);
  assert.deepEqual([pool.running, pool.stats.abandoned, pool.stats.cancelled], [1, 1, 1]);
  end('a');
  await settle();
  assert.deepEqual([pool.running, pool.stats.abandoned, accounted(pool.stats)], [1, 1, 2]);
  end('b', 'b');
  assert.equal(await b, 'b');
});

test('with a grace, who ends in time is not abandoned', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool({ concurrency: 1, abandon: 60_000 });
  const { task, end } = stage();
  const a = pool.run(task('a'));
  a.cancel();
  end('a');
  await pool.onIdle();
  assert.deepEqual([pool.stats.abandoned, pool.stats.cancelled, clock.timers], [0, 1, []]);
});

test('a signal that is aborted already: no wait, no permit, not counted', async () => {
  const pool = new Pool(1);
  const task = pool.run(never, { signal: AbortSignal.abort('before') });
  await assert.rejects(task, (got) => got === 'before');
  assert.equal(task.state, 'cancelled');
  assert.equal(pool.stats.submitted, 0);
  const { task: busy } = stage();
  pool.run(busy('a'));
  await assert.rejects(pool.run(never, { signal: AbortSignal.abort('before') }), (got) => got === 'before');
});

test('many tasks share one listener on a signal, and none is left', async () => {
  const pool = new Pool(1);
  const { signal } = new AbortController();
  const listeners = countListeners(signal);
  const { task, end } = stage();
  const first = pool.run(task('a'), { signal });
  const rest = Array.from({ length: 100 }, () => pool.run(() => {}, { signal }));
  assert.equal(listeners(), 1);
  end('a');
  await Promise.all([first, ...rest]);
  assert.equal(listeners(), 0);
  await pool.run(() => {}, { signal });
  assert.equal(listeners(), 0);
  const running = pool.run(task('b'), { signal });
  running.cancel();
  assert.equal(listeners(), 1, 'it still runs');
  end('b');
  await pool.onIdle();
  assert.equal(listeners(), 0);
});

test('ten thousand waiting tasks of one signal are cancelled together', async () => {
  const pool = new Pool(1);
  const { task, started } = stage();
  pool.run(task('a'));
  const controller = new AbortController();
  const tasks = Array.from({ length: 10_000 }, () => pool.run(never, { signal: controller.signal }));
  const after = pool.run(() => 'after');
  controller.abort('all');
  assert.equal(pool.waiting, 1);
  const settled = await Promise.allSettled(tasks);
  assert.ok(settled.every(({ reason }) => reason === 'all'));
  assert.deepEqual(started, ['a']);
  assert.equal(after.state, 'waiting');
});

test('listeners of a signal may do anything', async () => {
  const pool = new Pool(1);
  const { task, end, started } = stage();
  const controller = new AbortController();
  const running = pool.run(({ signal }) => {
    signal.addEventListener('abort', () => { pool.run(task('new')); pool.concurrency = 3; other.cancel('other'); });
    return task('a')({ signal });
  }, { signal: controller.signal });
  const other = pool.run(never);
  const doomed = pool.run(never, { signal: controller.signal });
  controller.signal.addEventListener('abort', () => pool.run(task('after'), { priority: 1 }));
  controller.abort('now');
  for (const [each, reason] of [[running, 'now'], [doomed, 'now'], [other, 'other']]) await assert.rejects(each, (got) => got === reason);
  await settle();
  assert.deepEqual(started.sort(), ['a', 'after', 'new']);
  ['a', 'after', 'new'].forEach((name) => end(name));
  await pool.onIdle();
  assert.equal(accounted(pool.stats), pool.stats.submitted);
});
