/**
 * The types of what maps, waits and holds permits, as a consumer meets them. Compiling it is the test.
 */
import {
  type MapOptions, type MapSettledOptions, type Permit, Pool, type ResultStream, type RunningTask, skip, stop, type StreamOptions, type Task, type TaskContext,
} from '../../dist/index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Fails to compile unless it is called with `true`. */
declare function check<_T extends true>(): void;

const pool = new Pool(4);
declare const numbers: number[];
declare const promised: Promise<string>[];
declare const rows: AsyncIterable<{ id: number }>;

// Items are awaited, results inferred and awaited; `skip` and `stop` are no results.
const lengths = pool.map(promised, (text, index, context) => {
  check<Equal<[typeof text, typeof index, typeof context], [string, number, TaskContext]>>();
  return text.length;
});
check<Equal<typeof lengths, Promise<number[]>>>();
const ids = pool.map(rows, async ({ id }) => id);
check<Equal<typeof ids, Promise<number[]>>>();
const some = pool.map(numbers, (n) => (n > 1 ? skip : n > 2 ? stop : String(n)));
check<Equal<typeof some, Promise<string[]>>>();
const later = pool.map(numbers, async (n) => {
  if (n > 1) return skip;
  return String(n);
});
check<Equal<typeof later, Promise<string[]>>>();
const mixed = pool.map([1, Promise.resolve('a')], (x) => x);
check<Equal<typeof mixed, Promise<(string | number)[]>>>();
const chars: Promise<string[]> = pool.map('abc', (char) => char);
const settled = pool.mapSettled(new Set(['a']), (text) => text.length);
check<Equal<typeof settled, Promise<PromiseSettledResult<number>[]>>>();
const stream = pool.stream(rows, async ({ id }) => (id ? id : skip));
check<Equal<typeof stream, ResultStream<number>>>();
// A function with fewer parameters, or of its own types.
const parsed: Promise<number[]> = pool.map(['1'], Number);

async function read(): Promise<void> {
  for await (const id of stream) check<Equal<typeof id, number>>();
  const step = await stream.next();
  if (!step.done) check<Equal<typeof step.value, number>>();
  const done: IteratorResult<number, undefined> = await stream.return();
  await using other = pool.stream(numbers, (n) => n);
  return void [done, other];
}

// Options: every member may be undefined; what makes no sense is an error.
const { signal } = new AbortController();
const options: MapOptions = { concurrency: undefined, stopOnError: undefined, signal, priority: 'high', timeout: 5, queueTimeout: undefined, totalTimeout: 1 };
const each: MapSettledOptions = { concurrency: 2, signal: undefined };
const streaming: StreamOptions = { concurrency: 2, preserveOrder: undefined, backpressure: undefined };
pool.map(numbers, (n) => n, options);
pool.mapSettled(numbers, (n) => n, each);
pool.stream(numbers, (n) => n, streaming);
// @ts-expect-error an id for many
pool.map(numbers, (n) => n, { id: 'x' });
// @ts-expect-error errors end nothing there
pool.mapSettled(numbers, (n) => n, { stopOnError: true });
// @ts-expect-error a list is in order
pool.map(numbers, (n) => n, { preserveOrder: false });
// @ts-expect-error nothing to iterate
pool.map(5, (n) => n);
// @ts-expect-error not what the items are
pool.map(numbers, (text: string) => text);

// Tuples stay tuples.
const three = pool.runAll([() => 1, async () => 'two', ({ signal: own }) => own.aborted]);
check<Equal<typeof three, Promise<[number, string, boolean]>>>();
const list = pool.runAll(numbers.map((n) => () => n), { priority: 1 });
check<Equal<typeof list, Promise<number[]>>>();
// @ts-expect-error promises are no functions
pool.runAll([Promise.resolve(1)]);

// Wrapped functions keep their parameters and `this`.
const wrapped = pool.wrap(async (name: string, age?: number) => ({ name, age }));
const person: Task<{ name: string; age: number | undefined }> = wrapped('a');
check<Equal<Parameters<typeof wrapped>, [name: string, age?: number | undefined]>>();
// @ts-expect-error not its parameter
wrapped(5);
const method = pool.wrap(function (this: Date) { return this.getTime(); }, { timeout: 5 });
const time: Task<number> = method.call(new Date());

// Permits.
async function hold(): Promise<void> {
  using permit = await pool.acquire({ signal, queueTimeout: 5 });
  const aborted: boolean = permit.signal.aborted;
  const maybe: Permit | undefined = pool.tryAcquire();
  maybe?.release();
  return void aborted;
}
// @ts-expect-error read only
pool.tryAcquire()!.signal = signal;

// Waiting, and seeing.
const waits: Promise<void> = pool.onWaitingLessThan(5, { signal });
const never: Promise<never> = pool.onError({ signal: undefined });
const tasks: readonly RunningTask[] = pool.runningTasks;
// @ts-expect-error read only
tasks[0]!.isStopped = true;
const points: Task<void> = pool.run((context) => context.yield());
const told: Task<[string, number]> = pool.run((context) => [context.id, context.attempt] as [string, number]);

export { chars, hold, never, parsed, person, points, read, time, told, waits };
