/**
 * The pool: a limit on how many tasks run at once, and the line of those that wait.
 */
import { Closing } from './disposal.js';
import { Audience, nextError, type PoolEvents } from './events.js';
import { Lane, type Settings } from './lane.js';
import { RUN_OPTIONS, type RunOptions } from './run-options.js';
import type { WaitOptions } from './scope.js';
import type { Task, TaskFunction } from './handle.js';
import { Collecting, type MapOptions } from './map.js';
import type { MapInput, Mapped, Mapper, MapSettledOptions } from './mapping.js';
import { callable, check, limit, type Rank, rank, refuse, signal } from './options.js';
import { Lanes } from './lanes.js';
import { Pond } from './pond.js';
import { type PoolOptions, settings } from './pool-options.js';
import { acquire, type Permit, type PermitOptions, tryAcquire } from './permit.js';
import { type RunningTask, runningTasks } from './running.js';
import { COUNTERS, noStats, type PoolStats } from './stats.js';
import { type ResultStream, Streaming, type StreamOptions } from './stream.js';
import { Job } from './task.js';
import type { PoolTimings } from './timings.js';

export type { PoolOptions } from './pool-options.js';
export type { PoolStats } from './stats.js';

let openLane: (pool: Pool) => Lane;
let poolAt: <K>(lanes: Lanes<K>, key: K) => Pool;

/** The lane of a pool, made if there is none. @internal */
export function laneOf(pool: Pool): Lane {
  return openLane(pool);
}

/** The pool of a key. @internal */
export function viewOf<K>(lanes: Lanes<K>, key: K): Pool {
  return lanes.view(key, poolAt);
}

export interface Pool {
  removeEventListener<E extends keyof PoolEvents>(
    type: E,
    listener: (this: Pool, event: PoolEvents[E]) => void,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void;
}

/**
 * Runs tasks, no more than `concurrency` at once; the others wait in line, by priority. `await using` closes it.
 *
 * @example
 * ```js
 * const pool = new Pool(4);
 * const sizes = await Promise.all(files.map((file) => pool.run(() => measure(file))));
 * ```
 */
export class Pool extends Closing {
  readonly #lanes: Lanes<unknown>;
  readonly #key: unknown;
  #lane: Lane | undefined;
  #closing: Promise<void> | undefined;
  #audience: Audience | undefined;

  static {
    openLane = (pool) => pool.#open();
    poolAt = (lanes, key) => new (Pool as new (lanes: unknown, key: unknown) => Pool)(lanes, key);
    Lanes.specimen.entries.set(0, { key: 0, lane: Lane.specimen, pool: poolAt(Lanes.specimen, 0), told: true });
  }

  /**
   * @param options how many tasks may run at once, or {@link PoolOptions}
   * @throws {@link OptionError} (`ERR_MILLPOND_OPTION`) an option is unknown, of the wrong type or out of range
   * @throws `Error` (`ERR_MILLPOND_WASM`) WebAssembly is forbidden here, usually by a Content-Security-Policy without `'wasm-unsafe-eval'`
   * @example
   * ```js
   * new Pool(4);
   * new Pool({ concurrency: 4, queueCapacity: 1000, timeout: 10_000 });
   * ```
   */
  constructor(options?: number | PoolOptions);
  constructor(options?: number | PoolOptions | Lanes<unknown>, key?: unknown) {
    super();
    this.#key = key;
    if (options instanceof Lanes) this.#lanes = options;
    else {
      const own = settings(options);
      this.#lanes = new Lanes(Pond.make(Infinity, Infinity, Infinity, Infinity), () => own);
      this.#open();
    }
  }

  /** The lane to work in, made if need be. A closed pool stays with its own, which takes nothing. */
  #open(): Lane {
    if (this.#lane && (this.#lane.alive || this.#closing)) return this.#lane;
    this.#lane = this.#lanes.make(this.#key, this);
    if (this.#audience) this.#lane.hear(this.#audience);
    return this.#lane;
  }

  /**
   * As with every `EventTarget`. What is told, and when, is said at each of the {@link PoolEvents}. Costs nothing as long as nobody listens.
   *
   * @example
   * ```js
   * pool.addEventListener('error', ({ detail: { id, error } }) => console.warn(id, error));
   * ```
   */
  override addEventListener<E extends keyof PoolEvents>(
    type: E,
    listener: (this: Pool, event: PoolEvents[E]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    (this.#audience ??= new Audience(this)).add(args[0]);
    this.#peek()?.hear(this.#audience);
    super.addEventListener(...args);
  }

  /** The lane there is; none is made for looking. */
  #peek(): Lane | undefined {
    return this.#lane?.alive ? this.#lane : this.#lanes.find(this.#key);
  }

  get #settings(): Settings {
    return this.#peek()?.settings ?? this.#lanes.settings(this.#key);
  }

  /**
   * Runs a function as soon as there is room: at once, before `run` returns, if there is now; else when its turn has come.
   * The async context of the caller (`AsyncLocalStorage` and its like) is that of the function, either way.
   *
   * @param fn called with a {@link TaskContext}; may be synchronous, throw, or return any thenable
   * @returns a promise of what the function returns, with some members of its own: see {@link Task}. It rejects with
   * what the function throws; the `reason` of the `signal`, of `cancel()`, `clear()` or `abort()`; a {@link TimeoutError};
   * a {@link QueueFullError} (`ERR_MILLPOND_QUEUE_FULL`); or a {@link PoolClosedError} (`ERR_MILLPOND_CLOSED`).
   * @throws {@link OptionError} (`ERR_MILLPOND_OPTION`) `fn` is no function, or an option is unknown, of the wrong type or out of range
   * @example
   * ```js
   * const page = await pool.run(({ signal }) => load(url, signal), { priority: 'high', timeout: 5000 });
   * ```
   */
  run<T>(fn: TaskFunction<T>, options?: RunOptions): Task<Awaited<T>> {
    return this.#open().run(Job, fn, options);
  }

  /**
   * Runs several functions, each as {@link Pool.run} does.
   *
   * @param options those of every task
   * @returns a promise of their results, in order. As `Promise.all`, it rejects with the first error, and the others go on.
   * @throws {@link OptionError} (`ERR_MILLPOND_OPTION`) one of them is no function, or an option is unknown, of the wrong type or out of range;
   * none is run then
   * @example
   * ```js
   * const [user, posts] = await pool.runAll([() => loadUser(id), () => loadPosts(id)]);
   * ```
   */
  runAll<const F extends readonly TaskFunction<unknown>[]>(fns: F, options?: RunOptions): Promise<{ -readonly [I in keyof F]: Awaited<ReturnType<F[I]>> }> {
    if (!Array.isArray(fns)) refuse('fns', 'an array', fns);
    fns.forEach((fn, i) => callable(fn, `fns[${i}]`));
    check(options, RUN_OPTIONS, 'options');
    return Promise.all(fns.map((fn) => this.run(fn, options))) as Promise<{ -readonly [I in keyof F]: Awaited<ReturnType<F[I]>> }>;
  }

  /**
   * Makes a function that runs in this pool whenever it is called; `this` and the arguments are passed on.
   *
   * @param options those of every task
   * @throws {@link OptionError} (`ERR_MILLPOND_OPTION`) `fn` is no function, or an option is unknown, of the wrong type or out of range
   * @example
   * ```js
   * const save = pool.wrap(async (name, text) => { await store(name, text); });
   * await Promise.all([save('a', '1'), save('b', '2')]);
   * ```
   */
  wrap<This, A extends unknown[], T>(fn: (this: This, ...args: A) => T | PromiseLike<T>, options?: RunOptions): (this: This, ...args: A) => Task<Awaited<T>> {
    callable(fn, 'fn');
    check(options, RUN_OPTIONS, 'options');
    const run = (task: TaskFunction<T>) => this.run(task, options);
    return function (...args) {
      return run(() => fn.apply(this, args));
    };
  }

  /**
   * Maps the items of an input, each in a task of this pool, under its limit and in its line. The input is read as there is room: never
   * further ahead than `options.concurrency` and the pool's own.
   *
   * @returns a promise of the results, in the order of the input, without those that are {@link skip}. It rejects with the first error of
   * the mapper, of an item or of the input, or with the reason of the `signal`: then nothing more is read, the input's `return()` is called,
   * items that wait are cancelled, and those that run are told by their `signal`.
   * @throws {@link OptionError} (`ERR_MILLPOND_OPTION`) `input` cannot be iterated, `mapper` is no function, or an option is unknown, of the
   * wrong type or out of range
   * @example
   * ```js
   * const pages = await pool.map(urls, (url, index, { signal }) => load(url, signal), { concurrency: 3 });
   * ```
   */
  map<I, O>(input: MapInput<I>, mapper: Mapper<I, O>, options?: MapOptions): Promise<Mapped<O>[]> {
    return new Collecting(false, openLane, this, input, mapper, options).collect() as Promise<Mapped<O>[]>;
  }

  /**
   * As {@link Pool.map}, with results like those of `Promise.allSettled`: an item that fails, or is cancelled, ends nothing. It still rejects if
   * the input fails, the `signal` is aborted, or the pool is closed before the end.
   *
   * @example
   * ```js
   * const results = await pool.mapSettled(urls, load);
   * const failed = results.filter(({ status }) => status === 'rejected');
   * ```
   */
  mapSettled<I, O>(input: MapInput<I>, mapper: Mapper<I, O>, options?: MapSettledOptions): Promise<PromiseSettledResult<Mapped<O>>[]> {
    return new Collecting(true, openLane, this, input, mapper, options).collect() as Promise<PromiseSettledResult<Mapped<O>>[]>;
  }

  /**
   * As {@link Pool.map}, one result at a time, and no further ahead of who reads them than `backpressure` says. Nothing is read before the first
   * `next()`. An error comes after the results before it. `break` or `return()` ends the reading of the input and cancels the items that wait or run.
   *
   * @example
   * ```js
   * for await (const page of pool.stream(urls, load, { preserveOrder: false })) {
   *   if (isLast(page)) break;
   * }
   * ```
   */
  stream<I, O>(input: MapInput<I>, mapper: Mapper<I, O>, options?: StreamOptions): ResultStream<Mapped<O>> {
    return new Streaming(openLane, this, input, mapper, options) as unknown as ResultStream<Mapped<O>>;
  }

  /**
   * Waits in the line, as a task does, for a permit to hold: for work that is no single function. The `timeout` is that of holding it.
   *
   * @returns a promise of the permit; it rejects as that of {@link Pool.run} does
   * @example
   * ```js
   * using permit = await pool.acquire({ queueTimeout: 1000 });      // or permit.release(), in a `finally`
   * await work(permit.signal);
   * ```
   */
  acquire(options?: PermitOptions): Task<Permit> {
    return acquire(this.#open(), options);
  }

  /**
   * A permit, if one is to be had at once without overtaking anybody. A refusal counts as `rejected`, if nobody waits.
   *
   * @param options as those of {@link Pool.acquire}, without meaning where they are about the line
   * @throws {@link PoolClosedError} (`ERR_MILLPOND_CLOSED`) the pool is closed
   */
  tryAcquire(options?: PermitOptions): Permit | undefined {
    return tryAcquire(this.#open(), options);
  }

  /**
   * Changes the priority of a waiting task; it keeps its age among its new equals.
   *
   * @param id the `id` it was given in `run()`, or its {@link Task.id}
   * @returns false if no such task waits
   * @throws {@link OptionError} (`ERR_MILLPOND_OPTION`) the priority is neither a finite number nor a known name
   */
  setPriority(id: string, value: Rank): boolean {
    const ranked = rank(value, 'priority');
    return this.#peek()?.find(id)?.prioritize(ranked) ?? false;
  }

  /**
   * Asks the waiting tasks whose priority is a function for it, and puts them in the line accordingly: after whatever those functions look at
   * has changed. Takes time for each task there is.
   *
   * @throws whatever one of the functions throws, or an {@link OptionError} if one does not return a priority; none is moved then
   * @example
   * ```js
   * for (const tile of tiles) pool.run(() => load(tile), { priority: () => -distance(tile, centre) });
   * map.on('move', () => pool.reprioritize());
   * ```
   */
  reprioritize(): void {
    this.#peek()?.reprioritize();
  }

  /** Starts no more tasks until {@link Pool.resume}. Those that run go on, and so do all clocks. */
  pause(): void {
    this.#open().pause(true);
  }

  /** Ends a pause. */
  resume(): void {
    this.#peek()?.pause(false);
  }

  /**
   * Cancels all tasks whose function was not called yet, or that wait for another attempt.
   *
   * @param reason what their promises reject with; nobody has to handle that. Default: an `AbortError`
   * @returns how many there were
   */
  clear(reason?: unknown): number {
    return this.#peek()?.cancel(reason, false) ?? 0;
  }

  /**
   * Cancels all tasks. Those that run are told by their `signal`, and hold their permits until they have really ended.
   *
   * @param reason what their promises reject with; nobody has to handle that. Default: an `AbortError`
   * @returns how many there were
   */
  abort(reason?: unknown): number {
    return this.#peek()?.cancel(reason, true) ?? 0;
  }

  /**
   * Takes no more tasks, and resolves when none waits or runs any more. Ends a pause. Tasks that have failed are tried again still, as their
   * `retry` says. May be called again: it is the same promise.
   * To get there sooner call {@link Pool.clear} or {@link Pool.abort} too.
   *
   * @example
   * ```js
   * await pool.close();                                  // when all is done
   * setTimeout(() => pool.abort(), 10_000);              // or sooner: drop the rest after 10 s
   * ```
   */
  override close(): Promise<void> {
    return (this.#closing ??= this.#drain(this.#open()));
  }

  async #drain(lane: Lane): Promise<void> {
    lane.shut();
    await lane.until(() => lane.drained);
    this.#lanes.drained(lane);
    lane.tell('close');
  }

  /**
   * How many tasks may run at once: an integer of at least 1, or `Infinity`. Can be changed at any time; after a shrink nothing starts until
   * fewer run.
   *
   * @throws {@link OptionError} (`ERR_MILLPOND_OPTION`) on setting anything else
   */
  get concurrency(): number {
    return this.#peek()?.concurrency ?? this.#settings.concurrency;
  }

  set concurrency(value: number) {
    this.#lanes.resize(this.#key, limit(value, 'concurrency'));
  }

  /** How many tasks wait in the line. */
  get waiting(): number {
    return this.#peek()?.stat(COUNTERS.waiting) ?? 0;
  }

  /** How many tasks hold a permit, so also those that were cancelled and have not ended. */
  get running(): number {
    return this.#peek()?.stat(COUNTERS.running) ?? 0;
  }

  /** The tasks that hold a permit, in no particular order. Made when it is asked for. */
  get runningTasks(): readonly RunningTask[] {
    return runningTasks(this.#peek());
  }

  /** Whether no task is started until {@link Pool.resume}. */
  get isPaused(): boolean {
    return this.#lanes.pond.paused || (this.#peek()?.paused ?? !this.#settings.autoStart);
  }

  /** Whether nothing waits and nothing runs. */
  get isIdle(): boolean {
    return this.#peek()?.idle ?? true;
  }

  /** Whether {@link Pool.close} was called. */
  get isClosed(): boolean {
    return this.#closing !== undefined || this.#lanes.closed;
  }

  /** Counters since the pool was made, taken in one instant: they add up. */
  get stats(): PoolStats {
    return this.#peek()?.stats ?? noStats();
  }

  /** How long tasks have waited and run since the pool was made; nothing unless the option `timings` is on. */
  get timings(): PoolTimings | undefined {
    return this.#peek()?.timings?.summary;
  }

  /** The name it was given. */
  get name(): string | undefined {
    return this.#settings.name;
  }

  /**
   * Resolves when nothing waits and nothing runs; at once if that is so.
   *
   * @throws the `reason` of the `signal`, if that is aborted before
   */
  onIdle(options?: WaitOptions): Promise<void> {
    return this.#until((lane) => lane.idle, options);
  }

  /**
   * Resolves when nothing waits; at once if that is so.
   *
   * @throws the `reason` of the `signal`, if that is aborted before
   */
  onEmpty(options?: WaitOptions): Promise<void> {
    return this.#until((lane) => lane.empty, options);
  }

  /**
   * Resolves when fewer tasks than that wait; at once if that is so.
   *
   * @param n an integer of at least 1
   * @throws the `reason` of the `signal`, if that is aborted before
   * @example
   * ```js
   * for await (const job of jobs) {
   *   await pool.onWaitingLessThan(100);
   *   pool.run(() => work(job));
   * }
   * ```
   */
  onWaitingLessThan(n: number, options?: WaitOptions): Promise<void> {
    limit(n, 'n');
    return this.#until((lane) => lane.stat(COUNTERS.waiting) < n, options);
  }

  /**
   * Never resolves: rejects with the error of the first task that throws, rejects or times out after this call. Nobody has to handle that.
   * Where it is called again and again, end it by its `signal`.
   *
   * @throws the `reason` of the `signal`, if that is aborted before
   * @example
   * ```js
   * await Promise.race([pool.onIdle(), pool.onError()]);
   * ```
   */
  onError(options?: WaitOptions): Promise<never> {
    return nextError(this, check(options, { signal }, 'options').signal as AbortSignal | undefined);
  }

  #until(over: (lane: Lane) => boolean, options: WaitOptions | undefined): Promise<void> {
    const lane = this.#peek();
    return (lane ?? this.#lanes.pond.all).until(() => !lane || over(lane), options);
  }
}
