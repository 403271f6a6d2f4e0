/**
 * Items of an input on their way through a pool: read one by one as there is room for them, each a task of its own.
 *
 * What becomes of the results is the business of `map.ts` and `stream.ts`. All is driven by one asynchronous function that begins in the
 * caller's turn, so that the async context of the caller is the mapper's.
 */
import { aborted } from './errors.js';
import { Context, type Owner, type Task, type TaskContext } from './handle.js';
import type { Lane } from './lane.js';
import type { Pool } from './pool.js';
import { RUN_OPTIONS, type RunOptions } from './run-options.js';
import { callable, check, limit, refuse, type Rule } from './options.js';
import type { Outcome } from './slot.js';
import { Job, soon } from './task.js';
import { ignore, isThenable } from './thenable.js';
import { passage } from './turn.js';

/** What a mapper returns to have no result for its item. */
export const skip: unique symbol = Symbol('millpond.skip');
/** What a mapper returns to end it all, as `break` does in a loop: earlier items go on, this one and later ones have no result. */
export const stop: unique symbol = Symbol('millpond.stop');

/** What may be mapped: values, or promises of values. */
export type MapInput<I> = Iterable<I> | AsyncIterable<I>;

/**
 * Called with every item, its position in the input, and the {@link TaskContext} of its task. May be synchronous, throw, or return any
 * thenable; of a result, {@link skip} or {@link stop}.
 */
export type Mapper<I, O> = (item: Awaited<I>, index: number, context: TaskContext) => O | PromiseLike<O>;

/** The results of a mapper. */
export type Mapped<O> = Exclude<Awaited<O>, typeof skip | typeof stop>;

/** How items are mapped. Priority, timeouts and all else that `run()` takes are those of each item's task. */
export interface MapSettledOptions extends Omit<RunOptions, 'id' | 'signal'> {
  /**
   * How many items may be on their way at once: an integer of at least 1, or `Infinity`. The input is read no further ahead than that, nor
   * than the pool's concurrency; if neither is limited it is read to its end at once. Default: `Infinity`.
   */
  concurrency?: number | undefined;
  /** Ends it all: nothing more is read, items that wait or run are cancelled, and the very `reason` is what comes of it. */
  signal?: AbortSignal | undefined;
}

const { id: _, ...EACH } = RUN_OPTIONS;

/** What came of an item: its value, or why there is none. @internal */
export interface Result {
  readonly failed: boolean;
  readonly value: unknown;
}

/** One item. @internal */
export class Item {
  /** As {@link Job.specimen}. */
  static readonly specimen: Item = /* @__PURE__ */ new Item(0);

  readonly index: number;
  /** Where it stands among those on their way. */
  place = -1;
  /** What can be cancelled. */
  task: Pick<Owner, 'cancel'> | undefined;
  /** Its mapper was called. */
  called = false;
  result: Result | undefined;

  constructor(index: number, result?: Result) {
    this.index = index;
    this.result = result;
  }
}

/** Tells of its end before its permit goes on to the next, so that after an error, or `stop`, none begins. */
class ItemJob extends Job {
  static override readonly specimen = /* @__PURE__ */ new ItemJob(undefined as never, ignore, undefined);

  /** What it is about, once its mapper is called. */
  item: Item | undefined = undefined;
  mapping: Mapping | undefined = undefined;

  protected override invoke(fn: (context: never) => unknown): unknown {
    return fn(this as never);
  }

  /** Nobody sees the promise of one that starts at once, unless that is told of or another attempt may follow: there is none. */
  override begin(): Task<unknown> {
    if (this.lane.audience || this.extra?.series) return super.begin();
    this.call(ignore, ignore);
    return undefined as never;
  }

  override stop(outcome: Outcome, reason: unknown, told?: boolean): boolean {
    const { item, mapping, promise } = this;
    const isStopped = super.stop(outcome, reason, told);
    if (isStopped && item && !promise) void soon.then(() => mapping!.landed(item, true, reason));
    return isStopped;
  }

  protected override ended(failed: boolean, value: unknown): void {
    this.mapping?.landed(this.item!, failed, value);
  }
}

/** @internal */
export abstract class Mapping {
  /** The items on their way, as long as their results matter; each knows its place. */
  protected readonly flying: Item[] = [];
  /** Nothing more is read. */
  protected closed = false;
  /** Whether the input has been asked for an item. */
  protected asking = false;
  /** The last index that counts. */
  protected bound = Infinity;
  protected readonly options: MapSettledOptions;
  readonly #pool: Pool;
  readonly #laneOf: (pool: Pool) => Lane;
  readonly #input: MapInput<unknown>;
  readonly #mapper: Mapper<unknown, unknown>;
  readonly #each: RunOptions | undefined;
  #iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined;
  #calling = false;
  #reason: unknown;
  /** Who waits for room. */
  #wake: (() => void) | undefined;

  /** In the lane of a pool; a function that is the same for all of them says which that is. */
  constructor(
    laneOf: (pool: Pool) => Lane, pool: Pool, input: MapInput<unknown>, mapper: Mapper<never, unknown>, options: MapSettledOptions | undefined,
    rules: Record<string, Rule>,
  ) {
    const { [Symbol.iterator]: sync, [Symbol.asyncIterator]: async } = Object(input) as Iterable<unknown> & AsyncIterable<unknown>;
    if (typeof (async ?? sync) !== 'function') refuse('input', 'an iterable or an async iterable', input);
    this.#pool = pool;
    this.#laneOf = laneOf;
    this.#input = input;
    this.#mapper = callable(mapper, 'mapper') as Mapper<unknown, unknown>;
    this.options = check(options, { ...EACH, concurrency: limit, ...rules }, 'options') as MapSettledOptions;
    // As they were given: they are checked for every item, and a priority may be a function.
    const each = Object.entries(options ?? {}).filter(([name]) => name !== 'signal' && name in EACH);
    if (each.length > 0) this.#each = Object.fromEntries(each);
  }

  /** An item is on its way no more; not told of those that were cut off. */
  protected abstract settled(item: Item, failed: boolean, value: unknown): void;
  /** There is no item of that index, because reading it has failed; if it is -1, nothing counts any more. */
  protected abstract failed(reason: unknown, index: number): void;
  /** Nothing more is read, and nothing is on its way. */
  protected abstract finished(): void;
  /** An item was read. */
  protected entered(_item: Item): void {}

  /** Where it works now. */
  #open(): Lane {
    return this.#laneOf(this.#pool);
  }

  /** How many may be on their way. */
  protected get limit(): number {
    const lane = this.#open();
    return Math.min(this.options.concurrency ?? Infinity, lane.concurrency, lane.pond.all.concurrency);
  }

  protected get hasRoom(): boolean {
    return this.flying.length < this.limit;
  }

  /** There may be room now. */
  protected wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  protected async drive(): Promise<void> {
    if (this.closed || !this.#heed()) return;
    let index = 0;
    try {
      this.#iterator = ((this.#input as AsyncIterable<unknown>)[Symbol.asyncIterator] ?? (this.#input as Iterable<unknown>)[Symbol.iterator]).call(this.#input);
      // Nothing is read in the caller's turn.
      await soon;
      while (!this.closed) {
        if (!this.hasRoom) {
          await this.#room();
          continue;
        }
        const turn = passage();
        if (turn) await turn;
        if (this.closed) break;
        this.asking = true;
        const next = this.#next();
        const step = isThenable(next) ? await next : next;
        this.asking = false;
        if (step.done) this.#iterator = undefined;
        if (step.done || this.closed) break;
        this.#run(new Item(index++), step.value);
      }
    } catch (error) {
      // An input that has failed is not to be ended.
      if (this.asking) this.#iterator = undefined;
      if (!this.closed) this.failed(error, index);
    }
    this.closed = true;
    this.#finish();
  }

  /** Heeds the signal; false if there is no use in beginning. */
  #heed(): boolean {
    const { signal } = this.options;
    if (signal?.aborted) this.#aborted();
    else signal?.addEventListener('abort', this.#aborted);
    return !signal?.aborted;
  }

  readonly #aborted = (): void => this.failed(this.options.signal!.reason, -1);

  /** The signal matters no more. */
  protected unheed(): void {
    this.options.signal?.removeEventListener('abort', this.#aborted);
  }

  /** Resolves when there may be room for one more, or nobody wants it any more. */
  #room(): Promise<void> {
    return new Promise((resolve) => { this.#wake = resolve; });
  }

  /** A generator cannot be ended by what it calls: that is done when it is back. */
  #next(): IteratorResult<unknown> | Promise<IteratorResult<unknown>> {
    this.#calling = true;
    try {
      return this.#iterator!.next();
    } finally {
      this.#calling = false;
      if (this.closed) this.#close().catch(ignore);
    }
  }

  #run(item: Item, given: unknown): void {
    item.place = this.flying.push(item) - 1;
    this.entered(item);
    try {
      const waits = isThenable(given) || this.#open().full;
      // What its mapper has led to is known by then.
      (waits ? this.#wait(item, given) : this.#submit(item, given))?.catch((reason: unknown) => this.landed(item, true, reason));
    } catch (reason) {
      this.landed(item, true, reason);
    }
  }

  /** For what it is, and for room. */
  async #wait(item: Item, given: unknown): Promise<void> {
    const value = await given;
    for (let lane; (lane = this.#open()).full;) await lane.until(() => !lane.full);
    if (item.place >= 0) await this.#submit(item, value);
  }

  /** Returns the promise of its task, unless there is none. */
  #submit(item: Item, value: unknown): Task<unknown> | undefined {
    let begun: Job | undefined;
    const task = this.#open().run(ItemJob, (job: ItemJob) => {
      if (!job.extra?.series) begun = job;
      item.called = true;
      job.item = item;
      job.mapping = this;
      return this.#mapper(value, item.index, new Context(job));
    }, this.#each) as Task<unknown> | undefined;
    item.task = begun ?? task!;
    // Its mapper may have ended it all.
    if (item.index > this.bound) item.task.cancel(this.#reason);
    return task;
  }

  /** The result of an item is known: the first time it is told. */
  landed(item: Item, failed: boolean, value: unknown): void {
    if (item.place < 0) return;
    this.#drop(item);
    const isStop = !failed && value === stop;
    if (isStop) void this.cut(item.index, aborted());
    this.settled(item, failed, isStop ? skip : value);
    this.wake();
    this.#finish();
  }

  /** Its result matters no more: the last of those on their way takes its place. */
  #drop(item: Item): void {
    const last = this.flying.pop()!;
    last.place = item.place;
    if (last !== item) this.flying[item.place] = last;
    item.place = -1;
  }

  /** Nothing after that index counts any more. The promise is that of the input's end. */
  protected cut(index: number, reason: unknown): Promise<void> {
    this.bound = index;
    this.#reason = reason;
    const late = this.flying.filter((item) => item.index > index).sort((a, b) => a.index - b.index);
    for (const item of late) this.#drop(item);
    const closing = this.#close();
    // There is a better reason already.
    closing.catch(ignore);
    for (const { task } of late) task?.cancel(reason);
    return closing;
  }

  /** Reads nothing more, and tells the input so. */
  async #close(): Promise<void> {
    this.closed = true;
    const iterator = this.#iterator;
    if (this.#calling) return;
    this.#iterator = undefined;
    await iterator?.return?.();
  }

  #finish(): void {
    if (this.closed && this.flying.length === 0) this.finished();
  }
}
