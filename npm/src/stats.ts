/**
 * What a pool counts.
 */

/** The counters of the core, by its numbers. @internal */
export const COUNTERS = { submitted: 0, waiting: 1, running: 2, succeeded: 3, failed: 4, cancelled: 6, timedOut: 7, dropped: 8, rejected: 9, abandoned: 10, recalled: 11 };

/**
 * What became of the tasks. At every instant
 * `submitted = waiting + running + succeeded + failed + cancelled + timedOut + dropped`.
 */
export interface PoolStats {
  /** Taken since the beginning. */
  readonly submitted: number;
  /** In the line now. */
  readonly waiting: number;
  /** With a permit now, so also those that were cancelled and whose function has not ended. */
  readonly running: number;
  /** Ended with a result. */
  readonly succeeded: number;
  /** Threw or rejected. */
  readonly failed: number;
  /** Cancelled, waiting or running. */
  readonly cancelled: number;
  /** Timed out, waiting or running. */
  readonly timedOut: number;
  /** Pushed out of a full line. */
  readonly dropped: number;
  /** Not taken: the line was full or the pool closed. Not among `submitted`. */
  readonly rejected: number;
  /** Lost their permit because they did not end within `abandon`; also counted as cancelled or timed out. */
  readonly abandoned: number;
  /** Responses nobody read that lost their permit to somebody who waited; also counted as succeeded. */
  readonly recalled: number;
  /** Attempts after the first of their task; also among `submitted`. The one before each is counted as failed or timed out. */
  readonly retried: number;
}

/** Nothing was ever submitted. @internal */
export function noStats(): PoolStats {
  return count(() => 0, 0);
}

/** All of them, each told by its number, and the one the core does not know. @internal */
export function count(counter: (which: number) => number, retried: number): PoolStats {
  const counts = Object.entries(COUNTERS).map(([name, which]) => [name, counter(which)]);
  return { ...Object.fromEntries(counts), retried } as PoolStats;
}
