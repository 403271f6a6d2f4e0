/**
 * Pools by key: made when they are needed, gone when they idle, and one limit over all of them.
 */
import { type AsyncDisposing, disposable } from './disposal.js';
import type { Task, TaskFunction } from './handle.js';
import { COUNTERS, type PoolStats, type RunOptions, type Settings, type WaitOptions } from './lane.js';
import { type Gone, Lanes } from './lanes.js';
import { check, duration, limit, refuse, type Rule } from './options.js';
import { cancelAll, type Pool, type PoolOptions, viewOf } from './pool.js';
import { settings } from './pool-options.js';
import { Pond } from './pond.js';

/** How one key's pool differs from the others. */
export type PoolOverrides<K> = Readonly<Record<string, number | PoolOptions>> | ((key: K) => number | PoolOptions | undefined);

/** How a manager is made. */
export interface PoolManagerOptions<K> {
  /** Every key's pool. Default: no limit of its own. */
  pool?: number | PoolOptions | undefined;
  /**
   * The pools of some keys, in place of `pool`: an object by key, checked now; or a function, asked whenever a pool is made. A key that
   * has none is as `pool` says.
   */
  pools?: PoolOverrides<K> | undefined;
  /** How many tasks may run at once in all pools together: an integer of at least 1, or `Infinity`. Default: `Infinity`. */
  concurrency?: number | undefined;
  /** How long a pool in which nothing waits or runs is kept, in milliseconds, from its last task's end. Default: 60 000. */
  idleTimeout?: number | undefined;
  /** How old a pool may get, in milliseconds, from its making; over that it goes as soon as it is idle. Default: `Infinity`. */
  lifetime?: number | undefined;
}

const OPTIONS: Record<string, Rule> = {
  pool: settings as Rule, pools: (value) => value, concurrency: limit, idleTimeout: duration, lifetime: duration,
};

/** What the events of a manager tell, as `event.detail`. */
export interface PoolManagerEventDetail<K> {
  readonly key: K;
  readonly pool: Pool;
  /** Of `expire`: whether the pool was idle too long, idle and too old, closed, or deleted. */
  readonly reason?: Gone | undefined;
}

/** The events of a {@link PoolManager}: a pool was made (told in a microtask), a pool is gone. */
export interface PoolManagerEvents<K> {
  create: CustomEvent<PoolManagerEventDetail<K>>;
  expire: CustomEvent<PoolManagerEventDetail<K>>;
}

/** What makes a key's settings out of a manager's options. */
function settingsBy<K>(pool: Settings, pools: PoolOverrides<K> | undefined): (key: K) => Settings {
  if (typeof pools === 'function') {
    return (key) => {
      const own = pools(key);
      return own === undefined ? pool : settings(own, 'what pools() has returned');
    };
  }
  if (pools !== undefined && (typeof pools !== 'object' || pools === null)) refuse('pools', 'an object or a function', pools);
  const table = new Map<unknown, Settings>();
  for (const [key, own] of Object.entries(pools ?? {})) table.set(key, settings(own, `pools[${JSON.stringify(key)}]`));
  return (key) => table.get(typeof key === 'number' ? String(key) : key) ?? pool;
}

export interface PoolManager<K = string> extends AsyncDisposing {
  addEventListener<E extends keyof PoolManagerEvents<K>>(
    type: E,
    listener: (this: this, event: PoolManagerEvents<K>[E]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
}

/**
 * A pool for every key, each with its own limit and line, under one limit over all; pools that idle go by themselves. With several lines
 * waiting for the limit over all they take turns.
 *
 * @example
 * ```js
 * const users = new PoolManager({ pool: { concurrency: 1 }, concurrency: 50, idleTimeout: 60_000 });
 * await users.run(userId, () => save(user));          // one at a time for each user, fifty in all
 * ```
 */
export class PoolManager<K = string> extends EventTarget {
  readonly #lanes: Lanes<K>;
  #closing: Promise<void> | undefined;

  static {
    disposable(this.prototype);
  }

  /**
   * @throws {@link OptionError} (`ERR_MILLPOND_OPTION`) an option is unknown, of the wrong type or out of range
   * @throws `Error` (`ERR_MILLPOND_WASM`) WebAssembly is forbidden here, usually by a Content-Security-Policy without `'wasm-unsafe-eval'`
   */
  constructor(options?: PoolManagerOptions<K>) {
    super();
    const checked = check(options, OPTIONS, 'options') as Omit<PoolManagerOptions<K>, 'pool'> & { pool?: Settings };
    const { pool = settings(undefined), pools, concurrency = Infinity, idleTimeout = 60_000, lifetime = Infinity } = checked;
    const by = settingsBy(pool, pools);
    const pond = new Pond(concurrency, idleTimeout, lifetime);
    this.#lanes = new Lanes(pond, by, ({ key }, reason) => {
      this.dispatchEvent(new CustomEvent(reason ? 'expire' : 'create', { detail: { key, pool: this.get(key), reason } }));
    });
  }

  /**
   * The pool of a key. It stays good for ever: should the pool expire, its next use makes it anew, and all who have asked for the key share
   * it. Asking makes nothing yet; running, pausing and closing do.
   */
  get(key: K): Pool {
    const entry = this.#lanes.entries.get(key);
    return entry ? (entry.pool ??= viewOf(this.#lanes, key)) : viewOf(this.#lanes, key);
  }

  /** Whether the key has a pool now. */
  has(key: K): boolean {
    return this.#lanes.entries.has(key);
  }

  /** Removes a key's pool if nothing waits or runs in it. False if something does, or if there is none. */
  delete(key: K): boolean {
    return this.#lanes.remove(this.#lanes.find(key), 'deleted');
  }

  /** How many pools there are now. */
  get size(): number {
    return this.#lanes.entries.size;
  }

  /** The keys that have a pool now, the oldest pool first. */
  keys(): IterableIterator<K> {
    return this.#lanes.entries.keys();
  }

  /** The pools there are now, the oldest first. */
  *values(): IterableIterator<Pool> {
    for (const key of this.keys()) yield this.get(key);
  }

  /** The pools there are now, with their keys, the oldest first. */
  *entries(): IterableIterator<[K, Pool]> {
    for (const key of this.keys()) yield [key, this.get(key)];
  }

  /** As {@link PoolManager.entries}. */
  [Symbol.iterator](): IterableIterator<[K, Pool]> {
    return this.entries();
  }

  /** As {@link Pool.run} of the key's pool. */
  run<T>(key: K, fn: TaskFunction<T>, options?: RunOptions): Task<Awaited<T>> {
    return this.get(key).run(fn, options);
  }

  /** As {@link Pool.clear}, for all pools. */
  clear(reason?: unknown): number {
    return cancelAll(this.#all, reason, false);
  }

  /** As {@link Pool.abort}, for all pools. */
  abort(reason?: unknown): number {
    return cancelAll(this.#all, reason, true);
  }

  /**
   * Takes no more tasks, for any key, and resolves when none waits or runs any more. Ends all pauses. May be called again: it is the same promise.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#shut());
  }

  #shut(): Promise<void> {
    this.#lanes.shut();
    return this.onIdle();
  }

  /**
   * How many tasks may run at once in all pools together: an integer of at least 1, or `Infinity`. Can be changed at any time.
   *
   * @throws {@link OptionError} (`ERR_MILLPOND_OPTION`) on setting anything else
   */
  get concurrency(): number {
    return this.#all.concurrency;
  }

  set concurrency(value: number) {
    this.#lanes.pond.resize(limit(value, 'concurrency'));
  }

  /** How many tasks wait, in all pools together. */
  get waiting(): number {
    return this.#all.stat(COUNTERS.waiting);
  }

  /** How many tasks hold a permit, in all pools together. */
  get running(): number {
    return this.#all.stat(COUNTERS.running);
  }

  /** Whether nothing waits and nothing runs. */
  get isIdle(): boolean {
    return this.#all.idle;
  }

  /** Whether {@link PoolManager.close} was called. */
  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  /** Counters over all pools, those that are gone included, taken in one instant: they add up. */
  get stats(): PoolStats {
    return this.#all.stats;
  }

  /** Resolves when nothing waits and nothing runs in any pool; at once if that is so. */
  onIdle(options?: WaitOptions): Promise<void> {
    return this.#all.until(() => this.#all.idle, options);
  }

  get #all() {
    return this.#lanes.pond.all;
  }
}
