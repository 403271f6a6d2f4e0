// Items of an input mapped in a pool: as much as there is room for, in its line, and everything settles.
import { deepEqual, equal, fail, ok, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { Pool, PoolManager, skip, stop } from 'millpond';
import { asyncNumbers, hand, numbers, turns } from './map-kit.mjs';
import { deferred, rejected, rejection, settle, stage, state, until } from './tools.mjs';

test('results come in the order of the input, of whatever kind it is', async () => {
  const pool = new Pool(2);
  const double = async (x) => { if (x % 2) await settle(); return 2 * x; };
  deepEqual(await pool.map([1, 2, 3], double), [2, 4, 6]);
  deepEqual(await pool.map(new Set([1, 2, 3]), (x) => 2 * x), [2, 4, 6]);
  deepEqual(await pool.map([Promise.resolve(1), 2, Promise.resolve(3)], double), [2, 4, 6]);
  deepEqual(await pool.map(asyncNumbers(4), double), [0, 2, 4, 6]);
  deepEqual(await pool.map(numbers(4), double), [0, 2, 4, 6]);
  deepEqual(await pool.map('abc', (char, i) => char + i), ['a0', 'b1', 'c2']);
  deepEqual(await pool.map([], fail), []);
  deepEqual(await pool.map(asyncNumbers(0), fail), []);
  deepEqual(await pool.map([undefined, null], (x) => x), [undefined, null]);
  equal(pool.isIdle, true);
});

test('the mapper is called with the item, its index, and the context of its task', async () => {
  const pool = new Pool();
  const seen = await pool.map(['a'], (item, index, context) => [item, index, context.signal.aborted, context.attempt, typeof context.id]);
  deepEqual(seen, [['a', 0, false, 1, 'string']]);
});

for (const [kind, make] of [['sync', numbers], ['async', asyncNumbers]]) {
  test(`no more is read than there is room for: ${kind}`, async () => {
    const pool = new Pool(2);
    const source = make();
    const { mapper, calls } = hand();
    const all = pool.map(source, mapper);
    await turns();
    equal(source.read, 2);
    calls[0].resolve();
    await until(() => source.read === 3);
    await turns();
    equal(source.read, 3);
    calls[1].resolve();
    calls[2].resolve(stop);
    await all;
    deepEqual([source.read, source.ended], [3, 1]);
  });

  test(`its own limit holds beside the pool's: ${kind}`, async () => {
    const pool = new Pool(8);
    const source = make(20);
    let running = 0;
    let most = 0;
    await pool.map(source, async () => {
      most = Math.max(most, ++running);
      await settle();
      running--;
    }, { concurrency: 3 });
    deepEqual([most, source.ended], [3, 1]);
  });
}

test('a bigger limit than the pool\'s does not read ahead', async () => {
  const source = numbers();
  const { mapper, calls } = hand();
  const controller = new AbortController();
  const all = rejection(new Pool(2).map(source, mapper, { concurrency: 5, signal: controller.signal }));
  await turns();
  equal(source.read, 2);
  equal(calls.length, 2);
  controller.abort('enough');
  equal(await all, 'enough');
});

test('the limit of a manager counts, too', async () => {
  const manager = new PoolManager({ concurrency: 2 });
  const source = numbers();
  const { mapper } = hand();
  const all = rejection(manager.get('key').map(source, mapper));
  await turns();
  equal(source.read, 2);
  manager.abort('enough');
  equal(await all, 'enough');
});

test('items are tasks of the pool: they share its slots, its line and its pause', async () => {
  const pool = new Pool(2);
  const { task, started, end } = stage();
  const first = pool.run(task('first'));
  const all = pool.map(['a', 'b', 'c'], (name, i, context) => task(name)(context), { priority: 1 });
  await turns();
  deepEqual(started, ['first', 'a']);
  const low = pool.run(task('low'));
  equal(pool.running, 2);
  end('a', 'A');
  await until(() => started.length === 3);
  deepEqual(started, ['first', 'a', 'b']);
  pool.pause();
  end('first');
  end('b', 'B');
  await turns();
  deepEqual(started, ['first', 'a', 'b']);
  pool.resume();
  await until(() => started.length === 5);
  deepEqual(started, ['first', 'a', 'b', 'c', 'low']);
  end('c', 'C');
  end('low');
  deepEqual(await all, ['A', 'B', 'C']);
  await Promise.all([first, low]);
});

test('the first error ends it: nothing more is read, what waits leaves, what runs is told', async () => {
  const pool = new Pool(3);
  const { mapper, calls } = hand();
  const permits = [pool.tryAcquire(), pool.tryAcquire()];
  const error = new Error('bad');
  const bad = deferred();
  let ended = 0;
  const source = (function* () { try { yield* ['runs', 'waits', bad.promise, 'is not read']; } finally { ended++; } })();
  const all = rejection(pool.map(source, mapper));
  await turns();
  deepEqual([calls.length, pool.waiting], [1, 1]);
  bad.reject(error);
  equal(await all, error);
  deepEqual([calls.length, pool.waiting, ended], [1, 0, 1]);
  equal(calls[0].signal.reason, error);
  equal(pool.running, 3);
  permits.forEach((permit) => permit.release());
  await turns();
  equal(pool.running, 1);
  calls[0].resolve();
  await pool.onIdle();
  equal(calls.length, 1);
});

test('after an error, or stop, none begins that waited for the very slot', async () => {
  for (const last of ['error', 'sync error', 'stop']) {
    const pool = new Pool(3);
    const permits = [pool.tryAcquire(), pool.tryAcquire()];
    const called = [];
    const all = pool.map([1, 2, 3], (x) => {
      called.push(x);
      if (last === 'sync error') throw last;
      return settle().then(() => { if (last === 'error') throw last; return stop; });
    });
    deepEqual(await all.catch((error) => error), last === 'stop' ? [] : last);
    await turns();
    deepEqual([called, pool.waiting], [[1], 0]);
    permits.forEach((permit) => permit.release());
  }
});

test('errors of an item, of a synchronous mapper and of the input', async () => {
  const pool = new Pool(2);
  const error = new Error('bad');
  equal(await rejection(pool.map([1, rejected(error)], (x) => x)), error);
  equal(await rejection(pool.map([1], () => { throw error; })), error);
  const broken = { * [Symbol.iterator]() { yield 1; throw error; } };
  equal(await rejection(pool.map(broken, (x) => x)), error);
  let returned = 0;
  const next = { next: () => Promise.reject(error), return: () => { returned++; return {}; } };
  equal(await rejection(pool.map({ [Symbol.asyncIterator]: () => next }, (x) => x)), error);
  equal(returned, 0);
  equal(await rejection(pool.map({ [Symbol.iterator]() { throw error; } }, (x) => x)), error);
  await rejects(pool.map({ [Symbol.iterator]: () => ({ next: () => 5 }) }, (x) => x, { signal: AbortSignal.abort(error) }), error);
  equal(pool.isIdle, true);
});

test('an item whose promise, or place in the line, comes after the end is not mapped', async () => {
  const late = deferred();
  const called = [];
  const pool = new Pool({ concurrency: 2, queueCapacity: 0 });
  const map = (input) => rejection(pool.map(input, (x) => { called.push(x); throw x; }));
  equal(await map([late.promise, 'bad']), 'bad');
  late.resolve('late');
  await turns();
  deepEqual(called, ['bad']);
  const permits = [pool.tryAcquire(), pool.tryAcquire()];
  const bad = deferred();
  const all = map(['waits for a place', bad.promise]);
  await turns();
  bad.reject('worse');
  equal(await all, 'worse');
  permits.forEach((permit) => permit.release());
  await turns();
  deepEqual(called, ['bad']);
});

test('weights and priorities that are functions are those of each item', async () => {
  const pool = new Pool(4);
  const { mapper, calls } = hand();
  let asked = 0;
  const all = pool.map([1, 2, 3], mapper, { weight: 2, priority: () => ++asked });
  await turns();
  deepEqual([calls.length, pool.waiting], [2, 1]);
  ok(asked >= 3);
  calls[0].resolve('a');
  calls[1].resolve('b');
  await until(() => calls.length === 3);
  calls[2].resolve('c');
  deepEqual(await all, ['a', 'b', 'c']);
});

test('an input whose return() fails does not hide the error', async () => {
  const error = new Error('bad');
  for (const ends of [() => { throw new Error('worse'); }, () => Promise.reject(new Error('worse'))]) {
    const source = { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false, value: 1 }), return: ends }) };
    equal(await rejection(new Pool(1).map(source, () => { throw error; })), error);
  }
});

test('stopOnError: false collects all errors, in the order of the input', async () => {
  const pool = new Pool(3);
  const { mapper, calls } = hand();
  const all = rejection(pool.map([0, 1, 2, 3], mapper, { stopOnError: false }));
  await turns();
  calls[2].reject('c');
  calls[0].reject('a');
  calls[1].resolve();
  await until(() => calls.length === 4);
  calls[3].resolve();
  const error = await all;
  ok(error instanceof AggregateError);
  deepEqual(error.errors, ['a', 'c']);
  deepEqual(await pool.map([1], (x) => x, { stopOnError: false }), [1]);
});

test('mapSettled tells of each', async () => {
  const pool = new Pool(2);
  const results = await pool.mapSettled([1, rejected('item'), 3, 4, 5], (x) => {
    if (x === 3) throw 'mapper';
    return x === 4 ? skip : x;
  });
  deepEqual(results, [
    { status: 'fulfilled', value: 1 }, { status: 'rejected', reason: 'item' }, { status: 'rejected', reason: 'mapper' }, { status: 'fulfilled', value: 5 },
  ]);
  const error = new Error('input');
  await rejects(pool.mapSettled({ * [Symbol.iterator]() { yield 1; throw error; } }, (x) => x), error);
});

test('skip leaves out, and does not shift the others', async () => {
  deepEqual(await new Pool(2).map([0, 1, 2, 3, 4], async (x) => { if (x === 1) await settle(); return x % 2 ? skip : x; }), [0, 2, 4]);
  deepEqual(await new Pool(2).map([0, 1], () => skip), []);
});

test('stop ends it there: earlier items go on, later ones are told and do not count', async () => {
  const pool = new Pool(4);
  const source = numbers();
  const { mapper, calls } = hand();
  const all = pool.map(source, mapper);
  await until(() => calls.length === 4);
  calls[3].resolve('after');
  await until(() => calls.length === 5);
  calls[1].resolve(stop);
  await until(() => source.ended === 1);
  equal(calls[2].signal.reason.name, 'AbortError');
  equal(calls[0].signal.aborted, false);
  equal(await state(all), 'waits');
  calls[2].reject(new Error('of no account'));
  calls[0].resolve('first');
  deepEqual(await all, ['first']);
  equal(source.read, 5);
  calls[4].resolve();
  await pool.onIdle();
});

test('of two stops the earlier one counts, and errors after it do not', async () => {
  const pool = new Pool(4);
  const { mapper, calls } = hand();
  const all = pool.map(numbers(), mapper, { stopOnError: false });
  await until(() => calls.length === 4);
  calls[2].reject(new Error('too late'));
  await settle();
  calls[3].resolve(stop);
  await settle();
  calls[1].resolve(stop);
  calls[0].resolve('first');
  deepEqual(await all, ['first']);
  pool.abort();
  calls[4]?.resolve();
});
