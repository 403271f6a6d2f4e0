/**
 * How many requests a server bears, found out as TCP does it: half as many when it complains, one more when as many have gone well as are
 * let in flight. Only a rule over numbers.
 */

/** Between which limits a lane adapts. */
export interface AdaptiveOptions {
  /** Never fewer, from 1. Default: 1. */
  min?: number | undefined;
  /** Never more, from 1. Default: the lane's `concurrency`. */
  max?: number | undefined;
}

/** @internal */
export class Adaptive {
  /** How many may be in flight now. */
  limit: number;
  /**
   * Grows with every complaint. What was sent in an earlier round says nothing new: all that was in flight together is one complaint, and
   * does not praise the new limit.
   */
  round = 0;
  readonly #options: AdaptiveOptions;
  #max: number;
  #passed = 0;

  constructor(base: number, options: AdaptiveOptions) {
    this.#options = options;
    this.limit = base;
    this.#max = options.max ?? base;
  }

  /** Somebody has set the limit: begins anew from there. */
  rebase(base: number): void {
    if (base === this.limit) return;
    this.limit = base;
    this.#max = this.#options.max ?? base;
    this.#passed = 0;
  }

  /** A request sent in `round` has gone well. */
  praise(round: number): void {
    if (round !== this.round || ++this.#passed < this.limit) return;
    this.#passed = 0;
    if (this.limit < this.#max) this.limit++;
  }

  /** A request sent in `round` was too much, when there were so many in flight. */
  complain(round: number, inFlight: number): void {
    if (round !== this.round) return;
    this.round++;
    this.#passed = 0;
    const { min = 1 } = this.#options;
    const limit = this.limit === Infinity ? inFlight : this.limit;
    this.limit = Math.min(this.limit, Math.max(min, Math.floor(limit / 2)));
  }
}
