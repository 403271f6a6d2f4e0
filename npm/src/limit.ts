/**
 * The shape of p-limit around a pool: for one who comes from there, or needs no more. The one place that has its names.
 */
import type { Task } from './handle.js';
import type { Lane } from './lane.js';
import { flag, limit as count } from './options.js';
import { laneOf, Pool, type PoolOptions } from './pool.js';
import { Job, soon } from './task.js';
import { ignore } from './thenable.js';

/** How a {@link limit} is made: as a pool, with a concurrency that has to be told. */
export interface LimitOptions extends PoolOptions {
  /** How many functions may run at once: an integer of at least 1, or `Infinity`. */
  concurrency: number;
  /**
   * Whether {@link LimitFunction.clearQueue} rejects the promises of what it clears. False: they never settle, which is what p-limit does
   * unless told otherwise; whoever awaits one waits for ever. Default: true.
   */
  rejectOnClear?: boolean | undefined;
}

/** What {@link limit} makes. */
export interface LimitFunction {
  /**
   * Calls a function with these arguments as soon as there is room: in a microtask, if there is now; else when its turn has come. Either
   * way in the caller's async context.
   *
   * @returns a promise of what the function returns. It rejects with what the function throws; an `AbortError` if it was cleared; or as
   * {@link Pool.run} does, if the options have given a reason to
   */
  <A extends unknown[], R>(fn: (...args: A) => R | PromiseLike<R>, ...args: A): Promise<R>;
  /** How many functions run, and those about to be called. */
  readonly activeCount: number;
  /** How many wait. */
  readonly pendingCount: number;
  /**
   * How many functions may run at once. Can be changed at any time; after a shrink nothing starts until fewer run.
   *
   * @throws {@link OptionError} (`ERR_MILLPOND_OPTION`) on setting anything but an integer of at least 1, or `Infinity`
   */
  concurrency: number;
  /** Calls none of those that wait any more, and rejects their promises with an `AbortError`, which nobody has to handle. Those that run go on. */
  readonly clearQueue: () => void;
  /**
   * Calls a function for every item, with the item and its index, and resolves with the results in the order of the items. Rejects with the
   * first error; the other calls go on, and so do those already made if the iterable throws.
   */
  readonly map: <T, R>(iterable: Iterable<T>, fn: (item: T, index: number) => R | PromiseLike<R>) => Promise<R[]>;
  /** The pool behind it, for all that p-limit has not. What its own `run()` starts at once it starts at once. */
  readonly pool: Pool;
}

type Submit = (fn: (...args: unknown[]) => unknown, ...args: unknown[]) => Promise<unknown>;

/** A call of a function with its arguments. Its promise is a plain one, unless somebody listens who is told of a task. */
class Call extends Job {
  static override readonly specimen = /* @__PURE__ */ new Call(undefined as never, ignore, []);

  /** Them; or the only one, if that is no array itself. A line of those that wait is so much shorter. */
  readonly #args: unknown;

  constructor(lane: Lane, fn: (...args: never[]) => unknown, args: unknown[]) {
    super(lane, fn, undefined);
    this.#args = args.length === 1 && !Array.isArray(args[0]) ? args[0] : args;
  }

  protected override invoke(fn: (...args: never[]) => unknown): unknown {
    const args = this.#args;
    return Array.isArray(args) ? fn(...args as never[]) : fn(args as never);
  }

  protected override hand(promise: Promise<unknown>): Promise<unknown> {
    return this.lane.audience ? super.hand(promise) : promise;
  }

  /** What starts at once is called in a microtask all the same, unless it was cancelled until then. */
  override begin(): Task<unknown> {
    return this.beginSoon();
  }
}

/** How calls are given to the pool; with retries it is another call for each attempt. */
function submitter(pool: Pool, retries: boolean): Submit {
  if (retries) return (fn, ...args) => pool.run(({ signal }) => soon.then(() => (signal.aborted ? undefined : fn(...args))));
  return (fn, ...args) => {
    const lane = laneOf(pool);
    return lane.admit(new Call(lane, fn, args));
  };
}

/** As p-limit's own, `Array.from` included. */
async function map<T, R>(limited: LimitFunction, iterable: Iterable<T>, fn: (item: T, index: number) => R | PromiseLike<R>): Promise<R[]> {
  const calls: Promise<R>[] = [];
  try {
    Array.from(iterable, (item, index) => calls.push(limited(fn, item, index)));
  } catch (error) {
    Promise.all(calls).catch(ignore);
    throw error;
  }
  return Promise.all(calls);
}

/**
 * Makes a function that runs others, no more than so many at once: p-limit's exact shape, on a {@link Pool}.
 *
 * @param options how many at once, or {@link LimitOptions}
 * @throws {@link OptionError} (`ERR_MILLPOND_OPTION`) an option is missing, unknown, of the wrong type or out of range
 * @throws `Error` (`ERR_MILLPOND_WASM`) WebAssembly is forbidden here, usually by a Content-Security-Policy without `'wasm-unsafe-eval'`
 * @example
 * ```js
 * import { limit } from 'millpond';
 *
 * const two = limit(2);
 * const sizes = await Promise.all(['a', 'bb', 'ccc'].map((name) => two(async () => name.length)));
 * sizes; // → [1, 2, 3]
 * ```
 */
export function limit(options: number | LimitOptions): LimitFunction {
  const { rejectOnClear = true, ...rest } = Object(options) === options ? options as LimitOptions : { concurrency: options as number };
  const isTold = flag(rejectOnClear, 'rejectOnClear');
  const pool = new Pool({ ...rest, concurrency: count(rest.concurrency, 'concurrency') });
  const submit = submitter(pool, rest.retry !== undefined);
  const mute = (error: unknown) => (error === pool ? new Promise(ignore) : Promise.reject(error));
  const limited = isTold ? submit : (...args: Parameters<Submit>) => submit(...args).catch(mute);
  return Object.defineProperties(limited, {
    activeCount: { get: () => pool.running },
    pendingCount: { get: () => pool.waiting },
    concurrency: { get: () => pool.concurrency, set: (value: number) => { pool.concurrency = value; } },
    clearQueue: { value: () => { pool.clear(isTold ? undefined : pool); } },
    map: { value: map.bind(undefined, limited as LimitFunction) },
    pool: { value: pool },
  }) as LimitFunction;
}

/**
 * Makes a function that runs no more than so many times at once: p-limit's `limitFunction`.
 *
 * @param options how many at once, or {@link LimitOptions}
 * @throws as {@link limit}
 * @example
 * ```js
 * import { limitFunction } from 'millpond';
 *
 * const double = limitFunction(async (n) => n * 2, { concurrency: 1 });
 * await Promise.all([1, 2, 3].map((n) => double(n))); // → [2, 4, 6]
 * ```
 */
export function limitFunction<A extends unknown[], R>(
  fn: (...args: A) => R | PromiseLike<R>,
  options: number | LimitOptions,
): ((...args: A) => Promise<R>) & Pick<LimitFunction, 'clearQueue'> {
  const limited = limit(options);
  return Object.defineProperties((...args: A) => limited(fn, ...args), { clearQueue: { value: limited.clearQueue } }) as ReturnType<typeof limitFunction<A, R>>;
}
