/**
 * Pools by key: made when they are needed, gone when they idle, and one limit over all of them.
 */
import { Closing } from './disposal.js';
import type { Task, TaskFunction } from './handle.js';
import { PoolClosedError } from './errors.js';
import { Audience } from './events.js';
import type { RunOptions } from './run-options.js';
import type { WaitOptions } from './scope.js';
import { type Entry, type Gone, Lanes } from './lanes.js';
import { type Household, lease, type Lease } from './lease.js';
import type { PoolManagerEvents } from './manager-events.js';
import { managerSettings, type PoolManagerOptions } from './manager-options.js';
import { check, limit, signal } from './options.js';
import { laneOf, type Pool, viewOf } from './pool.js';
import { Pond } from './pond.js';
import { COUNTERS, type PoolStats } from './stats.js';

export interface PoolManager<K = string, R = undefined> {
  removeEventListener<E extends keyof PoolManagerEvents<K>>(
    type: E,
    listener: (this: PoolManager<K, R>, event: PoolManagerEvents<K>[E]) => void,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void;
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
export class PoolManager<K = string, R = undefined> extends Closing {
  readonly #lanes: Lanes<K>;
  readonly #household: Household<K, R>;
  #closing: Promise<void> | undefined;
  #audience: Audience | undefined;

  /** Lets no pool start anything, those to come included; or lets go of them. @internal */
  static setOffline(manager: PoolManager<string>, isOffline: boolean): void {
    manager.#lanes.pond.offline = isOffline;
  }

  /**
   * @throws {@link OptionError} (`ERR_MILLPOND_OPTION`) an option is unknown, of the wrong type or out of range
   * @throws `Error` (`ERR_MILLPOND_WASM`) WebAssembly is forbidden here, usually by a Content-Security-Policy without `'wasm-unsafe-eval'`
   */
  constructor(options?: PoolManagerOptions<K, R>) {
    super();
    const { by, concurrency, idleTimeout, lifetime, maxPools, resource: make, dispose } = managerSettings(options);
    const pond = Pond.make(concurrency, idleTimeout, lifetime, maxPools);
    this.#lanes = new Lanes(pond, by, (entry, reason) => this.#tell(entry, reason));
    this.#household = { make, dispose, lifetime, disposals: new Set(), failed: (key, error) => this.#report(key, error) };
  }

  #tell({ key, pool, generation }: Entry<K>, reason: Gone | undefined): void {
    this.#audience?.tell(reason ? 'expire' : 'create', { key, pool, reason });
    if (reason) generation?.retire();
  }

  #report(key: K, error: unknown): void {
    let isHeard = false;
    this.#audience?.tell('error', {
      key,
      get error() {
        isHeard = true;
        return error;
      },
    });
    if (!isHeard) console.error('millpond: a resource could not be disposed of:', key, error);
  }

  /**
   * As with every `EventTarget`. What is told, and when, is said at each of the {@link PoolManagerEvents}.
   *
   * @example
   * ```js
   * users.addEventListener('expire', ({ detail: { key, reason } }) => console.log(key, reason));
   * ```
   */
  override addEventListener<E extends keyof PoolManagerEvents<K>>(
    type: E,
    listener: (this: PoolManager<K, R>, event: PoolManagerEvents<K>[E]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    (this.#audience ??= new Audience(this)).add(args[0]);
    this.#all.hear(this.#audience);
    super.addEventListener(...args);
  }

  /**
   * The pool of a key, to run tasks in and to listen to. It stays good for ever: should the pool expire, its next use makes it anew. Asking
   * makes nothing yet; running, pausing and closing do.
   *
   * It is the same object as long as the key has a pool, or anybody has that object; so it is heard again, by the listeners it has, when
   * it is made anew. One that was closed is followed by another.
   */
  get(key: K): Pool {
    return viewOf(this.#lanes, key);
  }

  /**
   * Asks for what the tasks of a key share, and keeps the key's pool until {@link Lease.release}. The first who asks has the `resource` made;
   * those who come meanwhile wait for the same, and those who come later get it at once, until it is disposed of.
   *
   * @param options a `signal` ends the waiting, not the factory: others may wait for it. If nobody does, the resource is disposed of when it comes.
   * @throws what `resource(key)` throws; the `reason` of the `signal`, if that is aborted before
   * @throws {@link PoolClosedError} (`ERR_MILLPOND_CLOSED`) the manager or the key's pool is closed, or was before the resource has come
   * @example
   * ```js
   * const databases = new PoolManager({ pool: 4, resource: (region) => connect(region), dispose: (connection) => connection.end() });
   * await using lease = await databases.lease('eu');
   * const rows = await lease.run(() => lease.resource.query(sql));
   * ```
   */
  async lease(key: K, options?: WaitOptions): Promise<Lease<R, K>> {
    const { signal: stop } = check(options, { signal }, 'options') as WaitOptions;
    if (stop?.aborted) throw stop.reason;
    const lane = laneOf(this.get(key));
    if (!lane.alive || lane.closed) throw new PoolClosedError('The pool is closed');
    return lease(lane.owner as Entry<K>, this.#household, { signal: stop });
  }

  /** Whether the key has a pool now. */
  has(key: K): boolean {
    return this.#lanes.entries.has(key);
  }

  /** Removes a key's pool if nothing waits or runs in it and nobody leases it. False otherwise, and if there is none. */
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

  /** Calls a function with each of the pools there are now and its key, the oldest first. */
  forEach(callback: (pool: Pool, key: K, manager: this) => void, thisArg?: unknown): void {
    for (const [key, pool] of this) callback.call(thisArg, pool, key, this);
  }

  /** As {@link PoolManager.entries}. */
  [Symbol.iterator](): IterableIterator<[K, Pool]> {
    return this.entries();
  }

  /** As {@link Pool.run} of the key's pool. */
  run<T>(key: K, fn: TaskFunction<T>, options?: RunOptions): Task<Awaited<T>> {
    return this.get(key).run(fn, options);
  }

  /**
   * Starts no more tasks in any pool, those made later included, until {@link PoolManager.resume}. Those that run go on, and so do all clocks.
   * Pools that are paused by themselves stay so after that.
   */
  pause(): void {
    this.#lanes.pond.pause(true);
  }

  /** Ends a pause of the manager. */
  resume(): void {
    this.#lanes.pond.pause(false);
  }

  /** Whether no task is started in any pool until {@link PoolManager.resume}. */
  get isPaused(): boolean {
    return this.#lanes.pond.paused;
  }

  /** As {@link Pool.clear}, for all pools. */
  clear(reason?: unknown): number {
    return this.#all.cancel(reason, false);
  }

  /** As {@link Pool.abort}, for all pools. */
  abort(reason?: unknown): number {
    return this.#all.cancel(reason, true);
  }

  /**
   * Takes no more tasks and gives no more leases, for any key, and resolves when the last task has ended, the last lease was released, and
   * every resource is disposed of. Ends all pauses. May be called again: it is the same promise.
   */
  override close(): Promise<void> {
    return (this.#closing ??= this.#shut());
  }

  async #shut(): Promise<void> {
    await this.#lanes.shut();
    const { disposals } = this.#household;
    while (disposals.size) await Promise.all(disposals);
    this.#audience?.tell('close');
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

  /**
   * Counters over all pools, those that are gone included, taken in one instant: they add up. For those of each:
   *
   * @example
   * ```js
   * const byKey = new Map([...manager].map(([key, pool]) => [key, pool.stats]));
   * ```
   */
  get stats(): PoolStats {
    return this.#all.stats;
  }

  /** Resolves when nothing waits and nothing runs in any pool; at once if that is so. */
  onIdle(options?: WaitOptions): Promise<void> {
    return this.#all.until(() => this.#all.idle, options);
  }

  /** As {@link PoolManager.onIdle}, when nothing waits. */
  onEmpty(options?: WaitOptions): Promise<void> {
    return this.#all.until(() => this.#all.empty, options);
  }

  /**
   * Resolves when fewer than `n` tasks wait in all pools together; at once if that is so.
   *
   * @throws {@link OptionError} (`ERR_MILLPOND_OPTION`) `n` is no integer of at least 1
   */
  onWaitingLessThan(n: number, options?: WaitOptions): Promise<void> {
    limit(n, 'n');
    return this.#all.until(() => this.waiting < n, options);
  }

  get #all() {
    return this.#lanes.pond.all;
  }
}
