// Running several functions, wrapped ones, waiting for a pool's states, and seeing what runs.
import { deepEqual, equal, fail, ok, rejects, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { Pool, PoolClosedError, PoolManager } from 'millpond';
import { virtualClock } from './clock.mjs';
import { deferred, rejection, settle, stage, state, turn } from './tools.mjs';

test('runAll: results in order, under the limit', async () => {
  const pool = new Pool(1);
  deepEqual(await pool.runAll([() => 1, async () => 'two', () => Promise.resolve([3])]), [1, 'two', [3]]);
  deepEqual(await pool.runAll([]), []);
  let most = 0;
  const task = async () => { most = Math.max(most, pool.running); await settle(); };
  await pool.runAll([task, task, task]);
  equal(most, 1);
});

test('runAll: the first error, and the others go on', async () => {
  const pool = new Pool(2);
  const { task, started, end, fail: fails } = stage();
  const all = rejection(pool.runAll([task('a'), task('b'), task('c')]));
  fails('b', 'bad');
  equal(await all, 'bad');
  deepEqual(started, ['a', 'b', 'c']);
  fails('c', 'worse');
  end('a');
  await pool.onIdle();
  equal(pool.stats.succeeded, 1);
});

test('runAll: bad arguments run nothing', () => {
  const pool = new Pool();
  throws(() => pool.runAll([fail, 5]), { code: 'ERR_MILLPOND_OPTION', option: 'fns[1]' });
  throws(() => pool.runAll([fail], { prio: 1 }), { option: 'prio' });
  throws(() => pool.runAll(5), { option: 'fns' });
  equal(pool.stats.submitted, 0);
});

test('runAll: the options are those of every task', async () => {
  const pool = new Pool(1);
  const controller = new AbortController();
  const all = rejection(pool.runAll([() => new Promise(() => {}), fail], { signal: controller.signal }));
  controller.abort('why');
  equal(await all, 'why');
});

test('wrap: every call is a task, with its arguments and its this', async () => {
  const pool = new Pool(1);
  const object = { base: 10, add: pool.wrap(function (a, b) { return this.base + a + b; }, { priority: 2 }) };
  const first = object.add(1, 2);
  equal(first.priority, 2);
  equal(await first, 13);
  const slow = pool.wrap(async (x) => { if (x < 0) throw new Error('negative'); return x; });
  deepEqual(await Promise.all([slow(1), slow(2)]), [1, 2]);
  await rejects(slow(-1), /negative/);
  throws(() => pool.wrap(5), { option: 'fn' });
  throws(() => pool.wrap(fail, { priority: 'urgent' }), { option: 'priority' });
});

test('onWaitingLessThan: at once, or when so many have left the line, however they do', async () => {
  const pool = new Pool(1);
  await pool.onWaitingLessThan(1);
  const { task, end } = stage();
  pool.run(task('a'));
  const [b, c, d] = ['b', 'c', 'd'].map((name) => pool.run(task(name)));
  await pool.onWaitingLessThan(4);
  const three = pool.onWaitingLessThan(3);
  const two = pool.onWaitingLessThan(2);
  const one = pool.onWaitingLessThan(1);
  equal(await state(three), 'waits');
  end('a');
  await three;
  equal(await state(two), 'waits');
  d.cancel();
  rejection(d);
  await two;
  equal(await state(one), 'waits');
  pool.concurrency = 2;
  await one;
  end('b');
  end('c');
  await Promise.all([b, c]);
});

test('onWaitingLessThan: what a signal and wrong numbers do', async () => {
  const pool = new Pool({ concurrency: 1, autoStart: false });
  pool.run(() => {});
  const controller = new AbortController();
  const waits = rejection(pool.onWaitingLessThan(1, { signal: controller.signal }));
  controller.abort('why');
  equal(await waits, 'why');
  for (const n of [0, -1, 1.5, '1', undefined, NaN]) throws(() => pool.onWaitingLessThan(n), { code: 'ERR_MILLPOND_OPTION', option: 'n' });
  throws(() => pool.onWaitingLessThan(1, { sginal: 1 }), { option: 'sginal' });
  pool.resume();
  await pool.onIdle();
});

test('onEmpty and onWaitingLessThan hear of a resume and of a wider limit', async () => {
  const pool = new Pool({ concurrency: 1, autoStart: false });
  const { task, end } = stage();
  const tasks = [pool.run(task('a')), pool.run(task('b'))];
  const one = pool.onWaitingLessThan(2);
  const empty = pool.onEmpty();
  pool.resume();
  await one;
  equal(await state(empty), 'waits');
  pool.concurrency = 2;
  await empty;
  await settle();
  end('a');
  end('b');
  await Promise.all(tasks);
});

test('onEmpty hears of tasks that time lets start', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool({ interval: 100, intervalCap: 1 });
  const end = deferred();
  const tasks = [pool.run(() => end.promise), pool.run(() => end.promise)];
  const empty = pool.onEmpty();
  equal(await state(empty), 'waits');
  await clock.advance(100);
  await empty;
  end.resolve();
  await Promise.all(tasks);
});

test('onError: the first task that fails after the call, and nothing else', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool(2);
  await rejection(pool.run(() => { throw 'before'; }));
  const errors = [pool.onError(), pool.onError()];
  await pool.run(() => 1);
  const end = deferred();
  const cancelled = pool.run(() => end.promise);
  cancelled.cancel('of no account');
  end.reject('of no account, too');
  equal(await state(errors[0]), 'waits');
  const bad = new Error('bad');
  rejection(pool.run(async () => { throw bad; }));
  rejection(pool.run(async () => { throw new Error('later'); }));
  deepEqual(await Promise.all(errors.map(rejection)), [bad, bad]);
  await pool.onIdle();
  const sync = pool.onError();
  rejection(pool.run(() => { throw 'sync'; }));
  equal(await rejection(sync), 'sync');
  const timed = pool.onError();
  rejection(pool.run(() => new Promise(() => {}), { timeout: 5 }));
  await clock.advance(5);
  equal((await rejection(timed)).name, 'TimeoutError');
});

test('onError: a signal ends it, and nobody has to handle it', async () => {
  const pool = new Pool(1);
  const controller = new AbortController();
  const error = rejection(pool.onError({ signal: controller.signal }));
  controller.abort('why');
  equal(await error, 'why');
  equal(await rejection(pool.onError({ signal: controller.signal })), 'why');
  // Unhandled: the process would end here.
  pool.onError();
  await rejection(pool.run(() => { throw 'bad'; }));
  await settle();
  throws(() => pool.onError({ sginal: 1 }), { option: 'sginal' });
});

test('onError of a key: its own tasks, also after its pool was made anew', async () => {
  const manager = new PoolManager();
  const error = manager.get('a').onError();
  await rejection(manager.run('b', () => { throw 'other'; }));
  await manager.run('a', () => {});
  equal(manager.delete('a'), true);
  await rejection(manager.run('a', () => { throw 'own'; }));
  equal(await rejection(error), 'own');
});

test('runningTasks: what holds a permit', async () => {
  const pool = new Pool(2);
  deepEqual(pool.runningTasks, []);
  const end = deferred();
  const first = pool.run(() => end.promise, { id: 'first', priority: 3 });
  const second = pool.run(() => end.promise);
  const third = pool.run(() => {});
  deepEqual(pool.runningTasks, [{ id: 'first', priority: 3, isStopped: false }, { id: second.id, priority: 0, isStopped: false }]);
  first.cancel();
  equal(pool.runningTasks.length, pool.running);
  equal(pool.runningTasks.find(({ id }) => id === 'first').isStopped, true);
  end.resolve();
  await third;
  deepEqual(pool.runningTasks, []);
  deepEqual(new PoolManager().get('none').runningTasks, []);
});

test('the context of a task knows its id and its attempt', async () => {
  const pool = new Pool(1);
  const seen = await pool.run(({ id, attempt }) => [id, attempt], { id: 'mine' });
  deepEqual(seen, ['mine', 1]);
  const task = pool.run((context) => settle().then(() => context.id));
  equal(await task, task.id);
});

test('yield: soon, and in another turn when 3 ms are over', async (t) => {
  const { now } = performance;
  let passed = 0;
  performance.now = () => passed;
  t.after(() => { performance.now = now; });
  await new Pool(1).run(async (context) => {
    let turns = 0;
    const watch = () => { turn().then(() => { turns++; }); };
    await context.yield();
    watch();
    for (let i = 0; i < 50; i++) await context.yield();
    passed += 2;
    await context.yield();
    equal(turns, 0);
    for (let i = 0; i < 3; i++) {
      passed += 5;
      await context.yield();
    }
    equal(turns, 1);
  });
});

test('yield: a turn nobody has measured is not trusted', async () => {
  await settle();
  let turned = false;
  await new Pool(1).run(async (context) => {
    turn().then(() => { turned = true; });
    await context.yield();
  });
  equal(turned, true);
});

test('yield lets others have a go: a timer, a turn, and a task that waits', async () => {
  const pool = new Pool(2);
  let turned = false;
  turn().then(() => { turned = true; });
  let yields = 0;
  await pool.run(async (context) => {
    while (!turned && yields < 1e6) {
      yields++;
      await context.yield();
    }
  });
  equal(turned, true);
  ok(yields < 1e6);
});

test('yield rejects with the reason when the task is stopped, before and meanwhile', async () => {
  const pool = new Pool(1);
  const go = deferred();
  const seen = [];
  const task = pool.run(async (context) => {
    await go.promise;
    seen.push(await rejection(context.yield()));
    throw new Error('of no account');
  });
  task.cancel('why');
  go.resolve();
  await pool.onIdle();
  let yielding;
  const other = pool.run(async (context) => {
    yielding = rejection(context.yield());
    seen.push(await yielding);
  });
  other.cancel('meanwhile');
  await pool.onIdle();
  deepEqual(seen, ['why', 'meanwhile']);
});

test('yield of a task that is over only waits', async () => {
  const pool = new Pool(1);
  const context = await pool.run((own) => ({ own }));
  await context.own.yield();
  await pool.close();
  ok(await rejection(pool.run(fail)) instanceof PoolClosedError);
});
