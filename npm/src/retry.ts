/**
 * Whether a task that has failed is tried again, and how long after.
 */
import { callable, capacity, check, duration, flag, type Rule } from './options.js';
import type { Again } from './series.js';

/** What decides about another attempt, of whatever kind. */
export interface RetryRules<State> {
  /** How often a task is tried again, from 0; `Infinity` is no limit. Default: 2. */
  limit?: number | undefined;
  /**
   * The pause before the next attempt in milliseconds, asked with the number of the attempt that has failed, from 1. `Infinity`: no further
   * attempt. Default: 300, and twice as long each time.
   */
  delay?: ((attempt: number) => number) | undefined;
  /** No pause is longer, in milliseconds; jitter is part of it. Default: `Infinity`. */
  backoffLimit?: number | undefined;
  /**
   * True: any pause between 0 and `delay`, by chance, so that those who failed together do not come back together. A function makes of
   * `delay` what it likes. Default: false.
   */
  jitter?: boolean | ((delay: number) => number) | undefined;
  /** Whether to try again after an attempt that took longer than `timeout`. Default: false. */
  retryOnTimeout?: boolean | undefined;
  /**
   * Asked before each further attempt, within `limit`: true or false decides, undefined leaves it to the other options. What it throws,
   * the task rejects with.
   */
  shouldRetry?: ((state: State) => boolean | undefined | PromiseLike<boolean | undefined>) | undefined;
}

/** What `shouldRetry` is told of a task. */
export interface RetryState {
  /** What the function has thrown, or the {@link TimeoutError}. */
  readonly error: unknown;
  /** Which attempt has failed, from 1. */
  readonly attempt: number;
}

/**
 * When a task is tried again that has thrown or rejected.
 *
 * @example
 * ```js
 * await pool.run(work, { retry: { limit: 5, backoffLimit: 10_000, jitter: true, shouldRetry: ({ error }) => error.code !== 'EFATAL' } });
 * ```
 */
export type RetryOptions = RetryRules<RetryState>;

/** Checked options, complete but for what is not asked. @internal */
export type Checked<T, Optional extends keyof T> =
  { readonly [K in Exclude<keyof T, Optional>]-?: Exclude<T[K], undefined> } & { readonly [K in Optional]?: Exclude<T[K], undefined> };
/** @internal */
export type RetrySettings = Checked<RetryOptions, 'shouldRetry'>;

/** @internal */
export const RETRY: Record<string, Rule> = {
  limit: capacity, delay: callable, backoffLimit: duration, retryOnTimeout: flag, shouldRetry: callable,
  jitter: (value, option) => (typeof value === 'function' ? value : flag(value, option)),
};

/** @internal */
export const DEFAULTS: Omit<RetrySettings, 'shouldRetry'> = {
  limit: 2, delay: (attempt) => 300 * 2 ** (attempt - 1), backoffLimit: Infinity, jitter: false, retryOnTimeout: false,
};

/** Checks an option `retry`: a number is its `limit`. @internal */
export function retryBy<T>(rules: Readonly<Record<string, Rule>>, value: unknown, option: string): Partial<T> {
  return check(typeof value === 'number' ? { limit: value } : value, rules, option, `${option}.`) as Partial<T>;
}

/** Checks the option `retry` of a task. @internal */
export function retry(value: unknown, option: string): Partial<RetrySettings> {
  return retryBy<RetrySettings>(RETRY, value, option);
}

/** Decides about further attempts at a task; undefined if there are none. What the one leaves out is as the other says. @internal */
export function tries(own: Partial<RetrySettings> | undefined, general: Partial<RetrySettings> | undefined): Again | undefined {
  if (!own && !general) return undefined;
  const retry = { ...DEFAULTS, ...general, ...own };
  return retry.limit ? pauseAfter.bind(undefined, retry) : undefined;
}

/** The pause after an attempt, in milliseconds. @internal */
export function backoff({ delay, jitter, backoffLimit }: RetrySettings, attempt: number): number {
  const ms = delay(attempt);
  const spread = typeof jitter === 'function' ? jitter(ms) : jitter ? Math.random() * ms : ms;
  // What is no number is no reason to wait for ever.
  return Math.min(backoffLimit, spread) || 0;
}

/** The pause after a failed attempt of a task; `Infinity` if it is not tried again. */
async function pauseAfter(retry: RetrySettings, error: unknown, attempt: number, isLate: boolean): Promise<number> {
  if (attempt > retry.limit) return Infinity;
  const wanted = await retry.shouldRetry?.({ error, attempt }) ?? (!isLate || retry.retryOnTimeout);
  return wanted ? backoff(retry, attempt) : Infinity;
}
