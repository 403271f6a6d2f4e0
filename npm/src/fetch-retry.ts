/**
 * Which requests are sent again, when, and with what body.
 */
import { TimeoutError } from './errors.js';
import { capacity, duration, flag, refuse, type Rule, text } from './options.js';
import { retryAfter } from './retry-after.js';
import { backoff, type Checked, DEFAULTS as GENERAL, RETRY, retryBy, type RetryRules } from './retry.js';
import { now } from './turn.js';

/** What `shouldRetry` is told of a request: what has come of it is the one or the other. */
export interface FetchRetryState {
  /** What the base fetch has rejected with, or the {@link TimeoutError}. */
  readonly error?: unknown;
  /** A response with a status of at least 400. Its body is not to be touched: cancelled if there is another attempt, else the caller's. */
  readonly response?: Response | undefined;
  /** Which attempt that was, from 1. */
  readonly attempt: number;
}

/**
 * When a request is sent again. Never if its method is not among `methods`, or if its body cannot be sent twice: a stream, an async
 * iterable, or that of a `Request` one was given.
 *
 * @example
 * ```js
 * createFetch({ retry: { limit: 3, statusCodes: [429, 502, 503, 504], jitter: true, maxRetryAfter: 30_000 } });
 * ```
 */
export interface FetchRetryOptions extends RetryRules<FetchRetryState> {
  /**
   * The methods that may be repeated, in any case.
   * @defaultValue the idempotent ones: GET, HEAD, OPTIONS, PUT, DELETE, TRACE
   */
  methods?: readonly string[] | undefined;
  /**
   * The statuses that are a reason to send it again.
   * @defaultValue [429, 503], where the server asks for it
   */
  statusCodes?: readonly number[] | undefined;
  /**
   * With which of them `Retry-After` counts, in seconds or as a date: then nothing is sent earlier, and only the jitter of the `delay` is added to it.
   * @defaultValue [413, 429, 503]
   */
  afterStatusCodes?: readonly number[] | undefined;
  /**
   * The longest `Retry-After` that is waited for, in ms. If the server asks for more, its response is the result.
   * @defaultValue 60_000
   */
  maxRetryAfter?: number | undefined;
  /**
   * Whether to send it again if the base fetch rejects, but not with an `AbortError`. Nobody knows then whether it has reached the server.
   * @defaultValue false
   */
  retryOnNetworkError?: boolean | undefined;
}

/** @internal */
export type FetchRetrySettings = Checked<FetchRetryOptions, 'shouldRetry'>;

/** Besides those of all retries. @internal */
export const DEFAULTS: Omit<FetchRetrySettings, keyof RetryRules<never>> = {
  methods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'], statusCodes: [429, 503], afterStatusCodes: [413, 429, 503],
  maxRetryAfter: 60_000, retryOnNetworkError: false,
};

function list(value: unknown, option: string): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(option, 'an array', value);
}

const numbers: Rule = (value, option) => list(value, option).map((one) => capacity(one, option));
const methods: Rule = (value, option) => list(value, option).map((one) => text(one, option).toUpperCase());
/** Made when they are first asked for, as those of all options of a fetch are. */
let made: Readonly<Record<string, Rule>> | undefined;
const rules = () => (made ??= {
  ...RETRY, methods, statusCodes: numbers, afterStatusCodes: numbers, maxRetryAfter: duration, retryOnNetworkError: flag,
});

/** Checks the option `retry` of a request. @internal */
export function fetchRetry(value: unknown, option: string): Partial<FetchRetrySettings> {
  return retryBy<FetchRetrySettings>(rules(), value, option);
}


/** Whether a request can be sent twice as far as its body goes; `args` are what it was made of. Not every engine shows a request's body. */
function isReplayable(request: Request, [input, init]: FetchArguments): boolean {
  const body: unknown = init?.body;
  if (body === undefined || body === null) {
    const isHidden = request.body === undefined && input instanceof Request && !['GET', 'HEAD'].includes(request.method);
    return !request.body && !isHidden;
  }
  return typeof body === 'string' || ArrayBuffer.isView(body) || [ArrayBuffer, Blob, FormData, URLSearchParams].some((Kind) => body instanceof Kind);
}

/** @internal */
export type FetchArguments = [input: RequestInfo | URL, init?: RequestInit];

/** In place of a response whose request is to be sent again after `pause`. Should that come to nothing, because time is up, it is what it says. */
class Refused extends TimeoutError {
  readonly pause: number;

  constructor(pause: number) {
    super('total');
    this.pause = pause;
  }
}

/** What the attempts at one request share. @internal */
export class Attempts {
  readonly #retry: FetchRetrySettings;
  readonly #end: number;
  /** What to send next, if anything. */
  #next: Request | undefined;
  #attempt = 0;

  constructor(request: Request, retry: FetchRetrySettings, totalTimeout: number) {
    this.#next = request;
    this.#retry = retry;
    this.#end = now() + totalTimeout;
  }

  /** The request for the next attempt. Its body is kept only if there may be another after that; without one it can be sent again as it is. */
  next(): Request {
    const request = this.#next!;
    if (++this.#attempt > this.#retry.limit) this.#next = undefined;
    else if (request.body !== null) this.#next = request.clone();
    return request;
  }

  /** Looks at a response, and throws if it is not to be the result. It is let go then. */
  async judge(response: Response): Promise<void> {
    try {
      const pause = await this.#after(response);
      if (now() + pause < this.#end) throw new Refused(pause);
    } catch (error) {
      response?.body?.cancel().catch(() => {});
      throw error;
    }
  }

  /** The pause after a response; `Infinity` if it is the result. */
  async #after(response: Response): Promise<number> {
    const { status, headers } = Object(response) as Response;
    const { statusCodes, afterStatusCodes, maxRetryAfter, jitter } = this.#retry;
    if (!(status >= 400) || this.#isLast) return Infinity;
    const after = afterStatusCodes.includes(status) ? retryAfter(headers) : undefined;
    if (after !== undefined && after > maxRetryAfter) return Infinity;
    if (!(await this.#wants({ response }) ?? statusCodes.includes(status))) return Infinity;
    if (after === undefined) return backoff(this.#retry, this.#attempt);
    return jitter ? after + backoff(this.#retry, this.#attempt) : after;
  }

  /** The pause after an attempt that has brought no response, as {@link Again}. */
  async again(error: unknown, _attempt: number, isLate: boolean): Promise<number> {
    if (error instanceof Refused) return error.pause;
    if (this.#isLast) return Infinity;
    const { retryOnTimeout, retryOnNetworkError } = this.#retry;
    const wanted = await this.#wants({ error }) ?? (isLate ? retryOnTimeout : retryOnNetworkError && Object(error).name !== 'AbortError');
    return wanted ? backoff(this.#retry, this.#attempt) : Infinity;
  }

  get #isLast(): boolean {
    return this.#attempt > this.#retry.limit;
  }

  /** What the caller says. What it throws is the end. */
  async #wants(what: { error: unknown } | { response: Response }): Promise<boolean | undefined> {
    try {
      return await this.#retry.shouldRetry?.({ ...what, attempt: this.#attempt });
    } catch (error) {
      this.#attempt = Infinity;
      throw error;
    }
  }

  /** Nothing will be sent any more: the body that was kept is let go. */
  end(reason?: unknown): void {
    this.#next?.body?.cancel(reason).catch(() => {});
  }
}

/** What the attempts at a request share, if there may be more than one; `args` are what it was made of. @internal */
export function attemptsAt(request: Request, args: FetchArguments, given: Partial<FetchRetrySettings>, totalTimeout: number): Attempts | undefined {
  const retry = { ...GENERAL, ...DEFAULTS, ...given };
  const isRepeatable = retry.limit > 0 && retry.methods.includes(request.method) && isReplayable(request, args);
  return isRepeatable ? new Attempts(request, retry, totalTimeout) : undefined;
}
