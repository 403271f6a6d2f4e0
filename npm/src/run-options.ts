/**
 * What one task may be told.
 */
import { duration, type Rank, rank, signal, text, weight } from './options.js';
import { retry, type RetryOptions } from './retry.js';

/** How one task is run. Every timeout is in milliseconds, from 0 to 2147483647; `Infinity` is none. */
export interface RunOptions {
  /**
   * Higher starts first; in order of submission among equals. A finite number, or `'high'` (1), `'auto'` (0), `'low'` (-1); or a function that
   * says it, called now and by every {@link Pool.reprioritize}. Default: 0.
   */
  priority?: Rank | undefined;
  /**
   * How many units of the `concurrency` it takes, from 1. Where it is the head of the line it waits for room and nobody overtakes it; one that is
   * heavier than the `concurrency` takes all of it. Default: 1.
   */
  weight?: number | undefined;
  /**
   * Cancels the task: it leaves the line, or its own signal is aborted if it runs. The promise rejects with the very `reason`. A task
   * whose signal is aborted beforehand neither waits nor takes a permit.
   */
  signal?: AbortSignal | undefined;
  /** The longest the function may run, from its call; anew for each attempt. Default: the pool's. */
  timeout?: number | undefined;
  /** The longest it may wait in the line, from `run()`; anew for each attempt, from the end of the pause. Default: the pool's. */
  queueTimeout?: number | undefined;
  /** The longest it may take altogether, from `run()`, all attempts and pauses included. Default: the pool's. */
  totalTimeout?: number | undefined;
  /**
   * How often the task is tried again if its function throws or rejects; or {@link RetryOptions}. It has no permit in the pause before, and then
   * goes to the front of its priority, also in a full line. It is tried again after {@link Pool.close} too. No pause begins that would end after
   * `totalTimeout`: the promise rejects with the last error instead. In {@link PoolStats} each attempt is a task.
   * Default: the pool's, also for what the options leave out.
   */
  retry?: number | RetryOptions | undefined;
  /** A name for {@link Pool.setPriority}; if several unfinished tasks have it, the latest is meant. Default: made up by the pool. */
  id?: string | undefined;
}

/** @internal */
export const RUN_OPTIONS = { priority: rank, weight, signal, timeout: duration, queueTimeout: duration, totalTimeout: duration, id: text, retry };
