/**
 * All results of an input in a list.
 */
import { broken } from './core.js';
import { PoolClosedError } from './errors.js';
import type { Lane } from './lane.js';
import type { Pool } from './pool.js';
import { type Item, type MapInput, Mapping, type Mapper, type MapSettledOptions, skip } from './mapping.js';
import { flag } from './options.js';
import { ignore } from './thenable.js';

/** How items are mapped, see {@link Pool.map}. */
export interface MapOptions extends MapSettledOptions {
  /** False: what fails holds up nothing, and at the end there is an `AggregateError` of all errors, in the order of the input. Default: true. */
  stopOnError?: boolean | undefined;
}

/** Whether no other item would fare better. */
function isFinal(reason: unknown): boolean {
  return reason instanceof PoolClosedError || reason === broken;
}

/** @internal */
export class Collecting extends Mapping {
  /** As {@link Job.specimen}. */
  static readonly specimen: Collecting = /* @__PURE__ */ new Collecting(false, ignore as never, undefined as never, [], ignore, undefined);

  readonly #settles: boolean;
  readonly #stopOnError: boolean;
  // With holes for what has no result, or none yet.
  readonly #results: unknown[] = [];
  readonly #errors: unknown[] = [];
  #resolve!: (results: unknown[]) => void;
  #reject!: (reason: unknown) => void;

  constructor(
    settles: boolean, laneOf: (pool: Pool) => Lane, pool: Pool, input: MapInput<unknown>, mapper: Mapper<never, unknown>, options: MapOptions | undefined,
  ) {
    super(laneOf, pool, input, mapper, options, settles ? {} : { stopOnError: flag });
    this.#settles = settles;
    this.#stopOnError = (this.options as MapOptions).stopOnError ?? !settles;
  }

  /** Maps it all. */
  collect(): Promise<unknown[]> {
    const promise = new Promise<unknown[]>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    void this.drive();
    return promise;
  }

  protected settled({ index, called }: Item, failed: boolean, value: unknown): void {
    if (!failed) {
      if (value !== skip) this.#results[index] = this.#settles ? { status: 'fulfilled', value } : value;
    } else if (this.#stopOnError || (!called && isFinal(value))) this.failed(value);
    else if (this.#settles) this.#results[index] = { status: 'rejected', reason: value };
    else this.#errors[index] = value;
  }

  protected failed(reason: unknown): void {
    void this.cut(-1, reason);
    this.#reject(reason);
  }

  protected finished(): void {
    this.unheed();
    const [results, errors] = [this.#results, this.#errors].map((list) => list.filter((_, index) => index <= this.bound)) as [unknown[], unknown[]];
    if (errors.length > 0) this.#reject(new AggregateError(errors, `${errors.length} items have failed`));
    else this.#resolve(results);
  }
}
