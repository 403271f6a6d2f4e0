// Results one by one: no further ahead than asked for, in order or not, and whoever leaves early leaves nothing behind.
import { deepEqual, equal, fail, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { Pool, skip, stop } from 'millpond';
import { hand, numbers, turns } from './map-kit.mjs';
import { deferred, rejection, settle, state, until } from './tools.mjs';

const collect = async (stream) => {
  const results = [];
  for await (const result of stream) results.push(result);
  return results;
};

test('results come in the order of the input, or as they are there', async () => {
  for (const preserveOrder of [true, false]) {
    const pool = new Pool(3);
    const { mapper, calls } = hand();
    const all = collect(pool.stream([0, 1, 2], mapper, { preserveOrder }));
    await until(() => calls.length === 3);
    for (const i of [2, 0, 1]) {
      calls[i].resolve(i);
      await settle();
    }
    deepEqual(await all, preserveOrder ? [0, 1, 2] : [2, 0, 1]);
    equal(pool.isIdle, true);
  }
});

test('nothing is read before it is asked for, and no further ahead than backpressure says', async () => {
  for (const preserveOrder of [true, false]) {
    const source = numbers();
    const stream = new Pool(10).stream(source, (x) => x, { concurrency: 2, backpressure: 3, preserveOrder });
    await turns();
    equal(source.read, 0);
    deepEqual(await stream.next(), { done: false, value: 0 });
    await turns();
    equal(source.read, 4);
    await turns();
    equal(source.read, 4);
    deepEqual(await stream.next(), { done: false, value: 1 });
    await turns();
    equal(source.read, 5);
    await stream.return();
    equal(source.ended, 1);
  }
});

test('backpressure is the concurrency unless it is given', async () => {
  for (const [concurrency, read] of [[undefined, 4], [2, 2], [9, 4]]) {
    const source = numbers();
    const { mapper, calls } = hand();
    const stream = new Pool(4).stream(source, mapper, { concurrency });
    const first = stream.next();
    await turns();
    equal(source.read, read);
    calls.slice(1).forEach((call, i) => call.resolve(i + 1));
    await turns();
    equal(source.read, read);
    calls[0].resolve('first');
    equal((await first).value, 'first');
    await turns();
    equal(source.read, read + 1);
    const ending = stream.return();
    calls.forEach((call) => call.resolve());
    await ending;
  }
});

test('backpressure above the concurrency reads on while results are not asked for', async () => {
  const source = numbers();
  const stream = new Pool(4).stream(source, (x) => x, { concurrency: 2, backpressure: 10 });
  await stream.next();
  await until(() => source.read === 11);
  await turns();
  equal(source.read, 11);
  await stream.return();
});

test('skip and stop', async () => {
  for (const preserveOrder of [true, false]) {
    const pool = new Pool(2);
    deepEqual(await collect(pool.stream(numbers(6), (x) => (x % 2 ? skip : x), { preserveOrder })), [0, 2, 4]);
    deepEqual(await collect(pool.stream(numbers(6), () => skip, { preserveOrder })), []);
    const source = numbers();
    deepEqual(await collect(pool.stream(source, (x) => (x === 3 ? stop : x), { preserveOrder, concurrency: 1 })), [0, 1, 2]);
    equal(source.ended, 1);
  }
});

test('stop lets earlier items go on, and ends later ones', async () => {
  const pool = new Pool(3);
  const source = numbers();
  const { mapper, calls } = hand();
  const all = collect(pool.stream(source, mapper));
  await until(() => calls.length === 3);
  calls[2].resolve('late');
  await settle();
  calls[1].resolve(stop);
  await until(() => source.ended === 1);
  equal(await state(all), 'waits');
  calls[0].resolve('first');
  deepEqual(await all, ['first']);
  equal(source.read, 3);
});

test('an error comes after the results before it, and ends what is after it', async () => {
  const pool = new Pool(3);
  const source = numbers();
  const { mapper, calls } = hand();
  const stream = pool.stream(source, mapper);
  const first = stream.next();
  await until(() => calls.length === 3);
  const error = new Error('bad');
  calls[1].reject(error);
  await until(() => source.ended === 1);
  equal(calls[2].signal.reason, error);
  equal(calls[0].signal.aborted, false);
  const second = rejection(stream.next());
  const third = stream.next();
  calls[0].resolve('first');
  deepEqual(await first, { done: false, value: 'first' });
  equal(await second, error);
  deepEqual(await third, { done: true, value: undefined });
  deepEqual(await stream.next(), { done: true, value: undefined });
  calls[2].resolve();
  await pool.onIdle();
});

test('out of order an error comes before what is on its way', async () => {
  const pool = new Pool(3);
  const { mapper, calls } = hand();
  const all = rejection(collect(pool.stream(numbers(), mapper, { preserveOrder: false })));
  await until(() => calls.length === 3);
  calls[1].reject('bad');
  equal(await all, 'bad');
  equal(calls[0].signal.reason, 'bad');
  calls.forEach((call) => call.resolve());
  await pool.onIdle();
});

test('the input\'s own error comes after the results before it', async () => {
  const source = { async* [Symbol.asyncIterator]() { yield 1; yield 2; throw new Error('input'); } };
  const results = [];
  const error = await rejection((async () => {
    for await (const result of new Pool(4).stream(source, async (x) => { await settle(); return x; })) results.push(result);
  })());
  deepEqual([results, error.message], [[1, 2], 'input']);
});

test('break stops the reading, cancels what waits and runs, and waits for the end of the input', async () => {
  const pool = new Pool(3);
  const held = pool.tryAcquire();
  let end = deferred();
  let ended = false;
  const source = (async function* () { try { for (let i = 0; ; i++) yield i; } finally { await end.promise; ended = true; } })();
  const { mapper, calls } = hand();
  const over = (async () => {
    for await (const result of pool.stream(source, mapper)) {
      equal(result, 'first');
      break;
    }
    equal(ended, true);
  })();
  await until(() => calls.length === 2 && pool.waiting === 1);
  calls[0].resolve('first');
  await until(() => calls[1].signal.aborted);
  equal(calls[1].signal.reason.name, 'AbortError');
  equal(pool.waiting, 0);
  equal(await state(over), 'waits');
  end.resolve();
  await over;
  held.release();
  calls.forEach((call) => call.resolve());
  await pool.onIdle();
});

test('return() answers who waits, and does not wait for an input that owes an item', async () => {
  const pool = new Pool(2);
  let returned = 0;
  const source = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}), return: () => { returned++; return new Promise(() => {}); } }) };
  const stream = pool.stream(source, fail);
  const readers = [stream.next(), stream.next()];
  await turns();
  deepEqual(await stream.return(), { done: true, value: undefined });
  deepEqual(await Promise.all(readers), [{ done: true, value: undefined }, { done: true, value: undefined }]);
  equal(returned, 1);
});

test('return() before anything was asked for reads nothing', async () => {
  let asked = 0;
  const stream = new Pool(2).stream({ [Symbol.iterator]() { asked++; return [1].values(); } }, fail);
  await stream.return();
  deepEqual(await stream.next(), { done: true, value: undefined });
  deepEqual(await stream.return(), { done: true, value: undefined });
  await turns();
  equal(asked, 0);
});

test('after return() there is nothing, though results were ready', async () => {
  for (const preserveOrder of [true, false]) {
    const stream = new Pool(3).stream(numbers(), (x) => x, { preserveOrder });
    equal((await stream.next()).done, false);
    await turns();
    await stream.return();
    deepEqual(await stream.next(), { done: true, value: undefined });
  }
});

test('return() rejects if the end of the input does', async () => {
  const error = new Error('bad');
  const source = { [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 }), return() { throw error; } }) };
  const stream = new Pool(2).stream(source, (x) => x);
  await stream.next();
  await turns();
  equal(await rejection(stream.return()), error);
});

test('a signal ends it at once, whatever is ready', async () => {
  for (const preserveOrder of [true, false]) {
    const pool = new Pool(3);
    const controller = new AbortController();
    const { signal } = controller;
    const source = numbers();
    const stream = pool.stream(source, (x) => x, { signal, preserveOrder });
    deepEqual(await stream.next(), { done: false, value: 0 });
    await turns();
    controller.abort('enough');
    equal(await rejection(stream.next()), 'enough');
    deepEqual(await stream.next(), { done: true, value: undefined });
    equal(source.ended, 1);
    const late = pool.stream(source, fail, { signal });
    equal(await rejection(late.next()), 'enough');
    deepEqual(await late.next(), { done: true, value: undefined });
  }
});

test('await using ends it', async () => {
  if (!Symbol.asyncDispose) return;
  const source = numbers();
  const stream = new Pool(2).stream(source, (x) => x);
  await stream.next();
  await turns();
  equal(await stream[Symbol.asyncDispose](), undefined);
  equal(source.ended, 1);
});

test('readers that ask at once are answered in their order', async () => {
  const stream = new Pool(2).stream([1, 2, 3], async (x) => x);
  const steps = await Promise.all([1, 2, 3, 4, 5].map(() => stream.next()));
  deepEqual(steps.map(({ value }) => value), [1, 2, 3, undefined, undefined]);
  deepEqual(steps.map(({ done }) => done), [false, false, false, true, true]);
});

test('a stream is an input of another', async () => {
  const pool = new Pool(3);
  const other = new Pool(2);
  const source = numbers();
  const results = [];
  for await (const result of other.stream(pool.stream(source, (x) => x + 1), async (x) => x * 2)) {
    results.push(result);
    if (results.length === 4) break;
  }
  deepEqual(results, [2, 4, 6, 8]);
  equal(source.ended, 1);
});

test('many results are neither kept nor nested, unlimited or not', async () => {
  for (const options of [{ concurrency: 5 }, { preserveOrder: false, concurrency: 5 }, {}]) {
    let sum = 0;
    for await (const x of new Pool().stream(numbers(10_000), (x) => x, options)) sum += x;
    equal(sum, 49_995_000);
  }
});

test('re-entrancy: a mapper that ends the stream it is in', async () => {
  const pool = new Pool(2);
  const source = numbers();
  let own;
  const stream = pool.stream(source, async (x, i, { signal }) => {
    if (x < 3) return x;
    own ??= signal;
    await stream.return();
    return x;
  });
  const results = await collect(stream);
  ok(results.length <= 3);
  equal(own.aborted, true);
  await until(() => source.ended === 1);
  await pool.onIdle();
});
