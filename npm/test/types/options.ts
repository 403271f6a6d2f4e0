/**
 * What holds for all options, and the promise that a limited fetch is a fetch. Compiling it is the test.
 */
import {
  createFetch, type FetchOptions, type LaneOptions, limit, type LimitOptions, Pool, PoolManager, type PoolManagerOptions, type PoolOptions, type PoolStats, type PoolTimings,
  type PondInit, type RunOptions, type Task, type WaitOptions,
} from '../../dist/index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Fails to compile unless it is called with `true`. */
declare function check<_T extends true>(): void;

/** An option may be there and undefined: who passes one on that may not be set writes no condition. Under `exactOptionalPropertyTypes` that has to be said. */
type Undefined<T> = { [K in keyof T]-?: undefined };
declare function none<T>(): Undefined<T>;
const pool: PoolOptions = none<PoolOptions>();
const run: RunOptions = none<RunOptions>();
const wait: WaitOptions = none<WaitOptions>();
const manager: PoolManagerOptions<string> = none<PoolManagerOptions<string>>();
const fetching: FetchOptions = none<FetchOptions>();
const lane: LaneOptions = none<LaneOptions>();
const pond: PondInit = none<PondInit>();
const limiting: LimitOptions = { ...none<LimitOptions>(), concurrency: 1 };

/** And none has to be there, but for the concurrency of a limit. */
new Pool({}).run(() => {}, {}).cancel();
new PoolManager({}).run('key', () => {}, {}).cancel();
createFetch({})('https://a.example', { pond: {} });
// @ts-expect-error it has to be told
limit({});

/** What is told cannot be changed. */
type Writable<T> = { -readonly [K in keyof T]: T[K] };
check<Equal<Equal<PoolStats, Writable<PoolStats>>, false>>();
check<Equal<Equal<PoolTimings, Writable<PoolTimings>>, false>>();

/** A fetch, wherever one is taken. */
const fetch: typeof globalThis.fetch = createFetch();
globalThis.fetch = createFetch({ fetch: globalThis.fetch });
function api(options: { fetch?: (input: Request | URL | string, init?: RequestInit) => Promise<Response> }): void {
  options.fetch?.('https://a.example');
}
api({ fetch: createFetch() });

/** No `any` comes out of what has gone in. */
type IsAny<T> = 0 extends 1 & T ? true : false;
const value = new Pool().run(() => JSON.stringify(1));
check<Equal<IsAny<Awaited<typeof value>>, false>>();
const keyed = new PoolManager<symbol>().run(Symbol(), async () => ({ a: 1 as const }));
check<Equal<typeof keyed, Task<{ a: 1 }>>>();
const failing = new Pool().run((): never => { throw new Error('never'); });
check<Equal<typeof failing, Task<never>>>();

export { fetch, fetching, lane, limiting, manager, pond, pool, run, wait };
