/**
 * The pool: a limit on how many tasks run at once, and the line of those that wait.
 */
import { type AsyncDisposing, disposable } from './disposal.js';
import { Audience, type PoolEvents } from './events.js';
import type { Lane, RunOptions, Scope, Settings, WaitOptions } from './lane.js';
import type { Task, TaskFunction } from './handle.js';
import { capacity, check, duration, flag, limit, oneOf, type Rank, rank, refuse, type Rule, span, text } from './options.js';
import { Lanes } from './lanes.js';
import { Pond } from './pond.js';
import { retry, type RetryOptions } from './retry.js';
import type { Again } from './series.js';
import type { Slot } from './slot.js';
import { COUNTERS, noStats, type PoolStats } from './stats.js';
import { Job, SlotJob } from './task.js';
import type { PoolTimings } from './timings.js';

export type { PoolStats } from './stats.js';

/** How a pool is made. Every timeout is in milliseconds, from 0 to 2147483647; `Infinity` is none. */
export interface PoolOptions {
  /** How many tasks may run at once: an integer of at least 1, or `Infinity`. Default: `Infinity`. */
  concurrency?: number | undefined;
  /** How many tasks may wait: an integer of at least 0, or `Infinity`. One more is rejected with a {@link QueueFullError}. Default: `Infinity`. */
  queueCapacity?: number | undefined;
  /** The longest a task may run, from the call of its function. Default: `Infinity`. */
  timeout?: number | undefined;
  /** The longest a task may wait in the line, from `run()`. Goes on while the pool is paused. Default: `Infinity`. */
  queueTimeout?: number | undefined;
  /** The longest a task may take altogether, from `run()`. Default: `Infinity`. */
  totalTimeout?: number | undefined;
  /**
   * When the permit of a cancelled or timed out task comes back: `'hold'`, when its function has really ended, so that no more than
   * `concurrency` ever run; or at most so many milliseconds after it was told, then it is counted as `abandoned`. Default: `'hold'`.
   */
  abandon?: 'hold' | number | undefined;
  /**
   * `'fifo'`: first come, first served; `'lifo'`: the freshest first, for work that loses its worth by waiting. Among tasks of equal priority.
   * Default: `'fifo'`.
   */
  order?: 'fifo' | 'lifo' | undefined;
  /**
   * So many milliseconds of waiting are worth as much as 1 of priority, so that nothing waits for ever behind what is more urgent; more than 0.
   * Default: `Infinity`, strict priorities.
   */
  aging?: number | undefined;
  /**
   * What happens if one more comes to a full line: `'reject'` the newcomer, or drop the one that has waited for longest (`'drop-oldest'`), or the
   * last one in line (`'drop-lowest'`, which may be the newcomer). Who has to go is rejected with a {@link QueueFullError}. Default: `'reject'`.
   */
  overflow?: 'reject' | 'drop-oldest' | 'drop-lowest' | undefined;
  /** With `intervalCap`: a span of time in milliseconds, more than 0. Default: 1000. */
  interval?: number | undefined;
  /**
   * How many tasks may start in any `interval`, wherever it begins: an integer of at least 1, or `Infinity`. Takes 8 bytes for each.
   * Default: `Infinity`.
   */
  intervalCap?: number | undefined;
  /** As in {@link RunOptions}, for every task. Default: 0, none. */
  retry?: number | RetryOptions | undefined;
  /** Whether to keep {@link Pool.timings}, which takes two looks at the clock for every task. Default: false. */
  timings?: boolean | undefined;
  /** False: begins paused. Default: true. */
  autoStart?: boolean | undefined;
  /** For messages. */
  name?: string | undefined;
}

const OPTIONS: Record<string, Rule> = {
  concurrency: limit, queueCapacity: capacity, timeout: duration, queueTimeout: duration, totalTimeout: duration,
  abandon: (value, option) => (value === 'hold' ? Infinity : duration(value, option)), autoStart: flag, name: text,
  order: oneOf('fifo', 'lifo'), aging: span, overflow: oneOf('reject', 'drop-oldest', 'drop-lowest'), interval: finite, intervalCap: limit, timings: flag,
  retry,
};

/** A time span that is not for ever. @internal */
export function finite(value: unknown, option: string): number {
  return span(value, option) < Infinity ? value as number : refuse(option, 'finite', value, RangeError);
}

const DEFAULTS: Settings = {
  concurrency: Infinity, queueCapacity: Infinity, timeout: Infinity, queueTimeout: Infinity, totalTimeout: Infinity,
  abandon: Infinity, autoStart: true, order: 0, aging: Infinity, overflow: 0, interval: 1000, intervalCap: Infinity, timings: false,
};

/** Checks the options of a pool. @internal */
export function settings(options: number | PoolOptions | undefined, where = 'options'): Settings {
  return { ...DEFAULTS, ...check(typeof options === 'number' ? { concurrency: options } : options, OPTIONS, where) };
}

/** Cancels what waits, or everything. @internal */
export function cancelAll(scope: Scope, reason: unknown, running: boolean): number {
  return scope.pond.tasks(scope).filter((task) => (running || task.waits) && task.cancel(reason)).length;
}

let openLane: (pool: Pool) => Lane;
let poolAt: <K>(lanes: Lanes<K>, key: K) => Pool;

/** As {@link Pool.run}, for a function that keeps its permit longer than it runs. `again` decides about further attempts. @internal */
export function runSlot<T>(pool: Pool, fn: (slot: Slot) => T | PromiseLike<T>, options?: RunOptions, again?: Again): Task<Awaited<T>> {
  return laneOf(pool).run(SlotJob, fn, options, undefined, again) as Task<Awaited<T>>;
}

/** The lane of a pool, made if there is none. @internal */
export function laneOf(pool: Pool): Lane {
  return openLane(pool);
}

/** The pool of a key. @internal */
export function viewOf<K>(lanes: Lanes<K>, key: K): Pool {
  return lanes.view(key, poolAt);
}

export interface Pool extends AsyncDisposing {
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
export class Pool extends EventTarget {
  readonly #lanes: Lanes<unknown>;
  readonly #key: unknown;
  #lane: Lane | undefined;
  #closing: Promise<void> | undefined;
  #audience: Audience | undefined;

  static {
    disposable(this.prototype);
    openLane = (pool) => pool.#open();
    poolAt = (lanes, key) => new (Pool as new (lanes: unknown, key: unknown) => Pool)(lanes, key);
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
      this.#lanes = new Lanes(new Pond(Infinity, Infinity, Infinity, Infinity), () => own);
      this.#open();
    }
  }

  /** The lane to work in. A closed pool stays with its own, which takes nothing. */
  #open(): Lane {
    const lane = this.#lane;
    return lane && (lane.alive || this.#closing) ? lane : (this.#lane = this.#make());
  }

  #make(): Lane {
    const lane = this.#lanes.make(this.#key, this);
    if (this.#audience) lane.hear(this.#audience);
    return lane;
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
    const lane = this.#peek();
    return lane ? cancelAll(lane, reason, false) : 0;
  }

  /**
   * Cancels all tasks. Those that run are told by their `signal`, and hold their permits until they have really ended.
   *
   * @param reason what their promises reject with; nobody has to handle that. Default: an `AbortError`
   * @returns how many there were
   */
  abort(reason?: unknown): number {
    const lane = this.#peek();
    return lane ? cancelAll(lane, reason, true) : 0;
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
  close(): Promise<void> {
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

  #until(over: (lane: Lane) => boolean, options: WaitOptions | undefined): Promise<void> {
    const lane = this.#peek();
    return (lane ?? this.#lanes.pond.all).until(() => !lane || over(lane), options);
  }
}
