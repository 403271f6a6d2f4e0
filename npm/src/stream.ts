/**
 * The results of an input one by one, as fast as they are asked for.
 */
import { type AsyncDisposing, disposable } from './disposal.js';
import { aborted } from './errors.js';
import type { Lane } from './lane.js';
import type { Pool } from './pool.js';
import { Item, type MapInput, Mapping, type Mapper, type MapSettledOptions, type Result, skip } from './mapping.js';
import { flag, limit } from './options.js';
import { ignore } from './thenable.js';

/** How items are mapped, see {@link Pool.stream}. */
export interface StreamOptions extends MapSettledOptions {
  /** False: results come as soon as they are there, and an error before what is on its way. Default: true, in the order of the input. */
  preserveOrder?: boolean | undefined;
  /**
   * How many items may be on their way or ready and not asked for: an integer of at least 1, or `Infinity`. A result that is to be skipped
   * counts until those before it are there. Default: as many as may be on their way at once.
   */
  backpressure?: number | undefined;
}

/** Results, one by one. `break`, `return()` and `await using` end the reading and cancel what waits or runs. */
export interface ResultStream<O> extends AsyncIterableIterator<O>, AsyncDisposing {
  next(): Promise<IteratorResult<O, undefined>>;
  return(): Promise<IteratorResult<O, undefined>>;
}

type Step = IteratorResult<unknown, undefined>;
const DONE: Step = { done: true, value: undefined };

interface Reader {
  resolve(step: Step): void;
  reject(reason: unknown): void;
}

/** @internal */
export class Streaming extends Mapping {
  /** As {@link Job.specimen}. */
  static readonly specimen: Streaming = /* @__PURE__ */ new Streaming(ignore as never, undefined as never, [], ignore, undefined);

  readonly #ordered: boolean;
  readonly #backpressure: number | undefined;
  /** What is to be told, in order: if that is the order of the input, all that was read; else what is there. */
  readonly #line = new Set<Item>();
  readonly #readers = new Set<Reader>();
  #begin!: () => void;

  static {
    disposable(this.prototype, async function () { await this.return(); }, 'asyncDispose');
  }

  constructor(
    laneOf: (pool: Pool) => Lane, pool: Pool, input: MapInput<unknown>, mapper: Mapper<never, unknown>, options: StreamOptions | undefined,
  ) {
    super(laneOf, pool, input, mapper, options, { preserveOrder: flag, backpressure: limit });
    const { preserveOrder = true, backpressure } = this.options as StreamOptions;
    this.#ordered = preserveOrder;
    this.#backpressure = backpressure;
    // A reaction of this turn, so that the async context is not that of the first reader.
    void new Promise<void>((resolve) => { this.#begin = resolve; }).then(() => this.drive());
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step> {
    return new Promise((resolve, reject) => {
      this.#readers.add({ resolve, reject });
      this.#begin();
      this.#tell();
    });
  }

  /** Waits for the end of the input, unless that has yet to answer for an item. */
  async return(): Promise<Step> {
    const closing = this.cut(-1, aborted());
    this.#line.clear();
    this.#tell();
    if (!this.asking) await closing;
    return DONE;
  }

  protected override get hasRoom(): boolean {
    const held = this.#line.size + (this.#ordered ? 0 : this.flying.length);
    return super.hasRoom && held < (this.#backpressure ?? this.limit);
  }

  protected override entered(item: Item): void {
    if (this.#ordered) this.#line.add(item);
  }

  protected settled(item: Item, failed: boolean, value: unknown): void {
    item.result = { failed, value };
    this.#line.add(item);
    if (failed) void this.cut(this.#ordered ? item.index : -1, value);
    this.#tell();
  }

  protected failed(reason: unknown, index: number): void {
    if (index < 0) this.#line.clear();
    void this.cut(this.#ordered ? index : -1, reason);
    this.#line.add(new Item(index, { failed: true, value: reason }));
    this.#tell();
  }

  protected finished(): void {
    this.#tell();
  }

  /** Tells readers what there is for them. */
  #tell(): void {
    for (const item of this.#line) {
      const { result } = item;
      if (!this.#ordered || item.index <= this.bound) {
        if (!result) return;
        if ((result.failed || result.value !== skip) && !this.#answer(result)) return;
      }
      this.#line.delete(item);
      this.wake();
    }
    if (!this.closed || this.flying.length > 0) return;
    this.unheed();
    for (const { resolve } of this.#readers) resolve(DONE);
    this.#readers.clear();
  }

  /** Answers who has waited longest; false if nobody waits. */
  #answer({ failed, value }: Result): boolean {
    for (const reader of this.#readers) {
      this.#readers.delete(reader);
      if (failed) reader.reject(value);
      else reader.resolve({ done: false, value });
      return true;
    }
    return false;
  }
}
