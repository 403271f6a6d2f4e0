/**
 * The types of `limit`, as one who comes from p-limit meets them. Compiling it is the test.
 */
import { limit, type LimitFunction, limitFunction, type LimitOptions, type OptionError, Pool } from '../../dist/index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Fails to compile unless it is called with `true`. */
declare function check<_T extends true>(): void;

const one: LimitFunction = limit(1);

// Results and arguments are inferred.
const text = one(async () => 'text');
check<Equal<typeof text, Promise<string>>>();
const length = one((a: string, b: number) => a.length + b, 'a', 1);
check<Equal<typeof length, Promise<number>>>();
const mapped = one.map(new Set(['a']), (item, index) => {
  check<Equal<[typeof item, typeof index], [string, number]>>();
  return Promise.resolve(index > 0);
});
check<Equal<typeof mapped, Promise<boolean[]>>>();
const all: Promise<[string, number]> = Promise.all([text, length]);

/** Stands where a generic function of the caller's expects its own promise back, as p-limit does. */
export function later<T>(fn: () => Promise<T>): Promise<T> {
  return one(fn);
}

// @ts-expect-error too few arguments
one((a: string) => a);
// @ts-expect-error a wrong one
one((a: string) => a, 1);
// @ts-expect-error no function
one(Promise.resolve(1));
// @ts-expect-error read only
one.activeCount = 1;
// @ts-expect-error read only
one.pool = new Pool(1);
one.concurrency = 2;
const { map, clearQueue } = one;
const counts: number = one.activeCount + one.pendingCount + one.concurrency;
const pool: Pool = one.pool;
const cleared: void = clearQueue();

// Options: those of a pool, and the concurrency has to be there.
const options: LimitOptions = { concurrency: 1, rejectOnClear: undefined, queueCapacity: 10, name: undefined };
limit(options);
limit({ concurrency: Infinity, rejectOnClear: false });
// @ts-expect-error no concurrency
limit({ rejectOnClear: true });
// @ts-expect-error no concurrency
limit({ concurrency: undefined });
// @ts-expect-error nothing at all
limit();
// @ts-expect-error a string
limit('1');
// @ts-expect-error unknown
limit({ concurrency: 1, concurency: 2 });

const limited = limitFunction(async (a: string, b?: number) => a.length + (b ?? 0), { concurrency: 1 });
const sum: Promise<number> = limited('a');
limited.clearQueue();
// @ts-expect-error a wrong argument
limited(1);
// @ts-expect-error not p-limit's either
limited.map([], () => 1);

export function named(error: unknown): string {
  return (error as OptionError).option;
}

export { all, cleared, counts, map, pool, sum };
