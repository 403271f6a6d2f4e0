/**
 * The face a pool shows to the fetch limiter: one admitted task and its permit. Internal, no part of the package's API.
 */
import type { TimeoutError } from './errors.js';

/** The deadlines one task may have; the numbers are the core's. */
export const QUEUE = 0;
export const RUN = 1;
export const BODY = 2;
export const TOTAL = 3;
export const ABANDON = 4;
export const UNREAD = 5;
/** One of the deadlines above. */
export type Phase = 0 | 1 | 2 | 3 | 4 | 5;

/** How a task ended; the numbers are the core's. */
export const SUCCEEDED = 0;
export const FAILED = 1;
export const CANCELLED = 2;
export const TIMED_OUT = 3;
export const DROPPED = 5;
/** One of the outcomes above. */
export type Outcome = 0 | 1 | 2 | 3 | 5;

/** A running task, seen from its function. The same object for the whole life of the task. */
export interface Slot {
  /**
   * Aborted by `task.cancel()`, by the caller's `signal`, by `pool.abort()` and by a deadline, with that very reason. Made on first
   * access. Follows them for as long as the permit is held.
   */
  readonly signal: AbortSignal;
  /** Aborts that signal, for who follows the caller's for longer than the permit is held. */
  abort(reason: unknown): void;
  /**
   * The permit, and its deadlines, stay after the function's promise is fulfilled, until `release()`. Call it before that promise
   * settles. A rejection gives the permit back all the same.
   */
  keep(): void;
  /**
   * The permit goes back now (even before the function's promise has settled) and the task is counted under `outcome` (default
   * `SUCCEEDED`), unless it has been cancelled or has timed out: then it is counted as that. Idempotent.
   */
  release(outcome?: Outcome): void;
  /** A deadline `ms` from now (again: moved). No-op once the permit has gone back. */
  arm(phase: Phase, ms: number): void;
  /** Takes the deadline back. */
  disarm(phase: Phase): void;
  /**
   * Called when a deadline (run, body, total) has passed while the function runs or `keep()` holds, just before `signal` is aborted with
   * the same error. The permit stays until the work ends: `release()`, or the function's promise settles.
   */
  onTimeout?: ((error: TimeoutError) => void) | undefined;
  /** Called when the core has given the permit of an unread response (`UNREAD`) to somebody who waits. `release()` is a no-op then. */
  onRecall?: (() => void) | undefined;
}
