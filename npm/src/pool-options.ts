/**
 * How a pool is made: its options, and what they are when they are checked.
 */
import type { Settings } from './lane.js';
import { retry, type RetryOptions } from './retry.js';
import { capacity, check, duration, flag, limit, oneOf, refuse, type Rule, span, text } from './options.js';

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
