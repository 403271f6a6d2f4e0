/**
 * The errors of the package. Aborts are not among them: they reject with the very reason of the signal.
 */

/** Which clock ran out, see {@link TimeoutError.phase}. */
export type TimeoutPhase = 'queue' | 'run' | 'headers' | 'body' | 'total';

/** The names of the clocks by the core's numbers. @internal */
export const PHASES: readonly TimeoutPhase[] = ['queue', 'run', 'body', 'total'];

/**
 * One of a task's clocks ran out. A `DOMException` whose `name` is `'TimeoutError'`, like that of `AbortSignal.timeout()`.
 *
 * @example
 * ```js
 * try {
 *   await pool.run(work, { queueTimeout: 1000, timeout: 5000 });
 * } catch (error) {
 *   if (error.name === 'TimeoutError') console.log(error.phase); // 'queue' or 'run'
 * }
 * ```
 */
export class TimeoutError extends DOMException {
  /** The clock that ran out: `'queue'` (waiting), `'run'` (running), `'headers'` (fetch: until they come), `'body'` (fetch: between two
   * chunks) or `'total'`. */
  readonly phase: TimeoutPhase;

  /** @internal */
  constructor(phase: TimeoutPhase) {
    super(`The ${phase} timeout is over`, 'TimeoutError');
    this.phase = phase;
  }
}

/** The line of the pool is full: as many tasks wait as `queueCapacity` allows. The task was not taken. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
  readonly code = 'ERR_MILLPOND_QUEUE_FULL';
}

/** The pool was closed and takes no more tasks. */
export class PoolClosedError extends Error {
  override readonly name = 'PoolClosedError';
  readonly code = 'ERR_MILLPOND_CLOSED';
}

/** An option or argument is not what it has to be: a `TypeError` if its type is wrong, a `RangeError` if its value is. */
export type OptionError = (TypeError | RangeError) & {
  readonly code: 'ERR_MILLPOND_OPTION';
  /** The option's name. */
  readonly option: string;
};

/** What `cancel()`, `clear()` and `abort()` reject with unless they are given a reason. @internal */
export function aborted(): DOMException {
  return new DOMException('The task was cancelled', 'AbortError');
}
