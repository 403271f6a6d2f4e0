/**
 * The types of pools and managers, as a consumer meets them. Compiling it is the test.
 */
import { type OptionError, Pool, PoolManager, type PoolManagerOptions, type PoolOptions, type PoolStats, QueueFullError, type RetryOptions, type RunOptions, type Task, TimeoutError } from '../../dist/index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Fails to compile unless it is called with `true`. */
declare function check<_T extends true>(): void;

const pool = new Pool(4);

// Results are inferred, promises unwrapped.
const five = pool.run(() => 5);
check<Equal<typeof five, Task<number>>>();
const text = pool.run(async ({ signal }) => (signal.aborted ? 'aborted' : 'done'));
check<Equal<typeof text, Task<'aborted' | 'done'>>>();
const nested = pool.run(() => Promise.resolve(Promise.resolve([1])));
check<Equal<Awaited<typeof nested>, number[]>>();
const thenable = pool.run(() => ({ then(resolve: (value: 'x') => void) { resolve('x'); } }) as PromiseLike<'x'>);
check<Equal<Awaited<typeof thenable>, 'x'>>();
const nothing: Promise<void> = pool.run(() => {});
const all: Promise<[number, string]> = Promise.all([five, text]);

// A task is a promise with members of its own.
const state: 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'timedOut' | 'dropped' = five.state;
five.priority = 'high';
const priority: number = five.priority;
const cancelled: boolean = five.cancel(new Error('why'));
const id: string = five.id;
// @ts-expect-error read only
five.id = 'x';
// @ts-expect-error no such name
five.priority = 'urgent';

// Options: every member may be undefined; unknown ones and wrong types are errors.
const signal: AbortSignal | undefined = new AbortController().signal;
const run: RunOptions = { priority: undefined, signal, timeout: undefined, queueTimeout: 5, totalTimeout: Infinity, id: 'x', retry: 3 };
pool.run(() => {}, run);
const options: PoolOptions = { concurrency: 3, queueCapacity: 10, timeout: 1, queueTimeout: 1, totalTimeout: 1, abandon: 'hold', autoStart: false, name: 'x', retry: { limit: 1 } };
new Pool(options);
const retry: RetryOptions = { limit: Infinity, jitter: (ms) => ms, delay: undefined, backoffLimit: 5, retryOnTimeout: true, shouldRetry: ({ error, attempt }) => error instanceof Error && attempt < 3 };
pool.run(({ attempt }) => attempt, { retry });
const retried: number = pool.stats.retried;
// @ts-expect-error of requests only
pool.run(() => {}, { retry: { statusCodes: [503] } });
new Pool({ abandon: 500 });
new Pool();
// @ts-expect-error unknown option
new Pool({ concurency: 3 });
// @ts-expect-error a string
new Pool('6');
// @ts-expect-error not a function
pool.run(Promise.resolve());
// @ts-expect-error unknown option
pool.run(() => {}, { prio: 1 });
// @ts-expect-error unknown name
pool.run(() => {}, { priority: 'urgent' });

const changed: boolean = pool.setPriority('x', 'low');
const counts: number = pool.clear() + pool.abort('why') + pool.waiting + pool.running;
const flags: boolean = pool.isPaused && pool.isIdle && pool.isClosed;
const stats: PoolStats = pool.stats;
// @ts-expect-error read only
stats.waiting = 1;
const waited: Promise<void> = pool.onIdle({ signal }).then(() => pool.onEmpty()).then(() => pool.close());

async function scope(): Promise<void> {
  await using inner = new Pool(1);
  await using manager = new PoolManager();
  await inner.run(() => manager.run('key', () => {}));
}

// Keys have a type, `string` unless said otherwise or seen from the options.
const users = new PoolManager<number>({ pool: 1, concurrency: 50, idleTimeout: 60_000, lifetime: Infinity, pools: { 7: { concurrency: 2 } } });
const saved: Task<Date> = users.run(7, async () => new Date());
// @ts-expect-error not a key
users.run('7', () => {});
const lanes = new PoolManager();
const lane: Pool = lanes.get('https://example.com');
const managed: PoolManagerOptions<string> = { pools: (key) => (key.startsWith('https:') ? 6 : undefined) };
for (const [key, each] of users) check<Equal<[typeof key, typeof each], [number, Pool]>>();
const keys: IterableIterator<number> = users.keys();
users.addEventListener('expire', ({ detail }) => {
  check<Equal<typeof detail.key, number>>();
  const reason: 'idle' | 'lifetime' | 'capacity' | 'closed' | 'deleted' | undefined = detail.reason;
  return reason;
});
users.addEventListener('create', { handleEvent(event: Event) { return event.type; } });

// Errors.
function explain(error: unknown): string | undefined {
  if (error instanceof TimeoutError) {
    const phase: 'queue' | 'run' | 'headers' | 'body' | 'total' = error.phase;
    return phase;
  }
  if (error instanceof QueueFullError) {
    check<Equal<typeof error.code, 'ERR_MILLPOND_QUEUE_FULL'>>();
    return error.code;
  }
  return (error as OptionError).option;
}

export { all, cancelled, changed, counts, explain, flags, id, keys, lane, managed, nothing, priority, retried, saved, scope, state, waited };
