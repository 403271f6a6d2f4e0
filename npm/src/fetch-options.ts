/**
 * What `createFetch` and a single call of its fetch may be told, and the checking of it.
 */
import type { AdaptiveOptions } from './adaptive.js';
import { fetchRetry, type FetchRetryOptions, type FetchRetrySettings } from './fetch-retry.js';
import { callable, capacity, check, duration, flag, limit, oneOf, type Priority, priority, type Rank, refuse, type Rule, span, text } from './options.js';
import { originOf } from './origin.js';
import { finite } from './pool-options.js';
import type { ProgressListener } from './progress.js';

/** How one lane works. All times are in milliseconds; `Infinity` means never. */
export interface LaneOptions {
  /**
   * Most requests in flight at once in the lane, from 1. Over HTTP/1.1 browsers open six connections to an origin: more than 6 gains
   * nothing there, the excess waits in the browser and holds permits.
   * @defaultValue 6
   */
  concurrency?: number | undefined;
  /**
   * Most requests waiting in the lane, from 0. One too many is refused with {@link QueueFullError}.
   * @defaultValue Infinity
   */
  queueCapacity?: number | undefined;
  /**
   * How long a request may wait in the line; from the call until it is sent, and again before each repeat, from the end of the pause.
   * @defaultValue Infinity
   */
  queueTimeout?: number | undefined;
  /**
   * How long the answer's headers may take; from when the request is sent, each time it is.
   * @defaultValue Infinity
   */
  timeout?: number | undefined;
  /**
   * How long a read of the body may wait for its next chunk; anew with every chunk. A body nobody reads does not time out.
   * @defaultValue Infinity
   */
  bodyTimeout?: number | undefined;
  /**
   * How long everything may take: waiting, headers and body, and all repeats and pauses; from the call until the permit goes back.
   * @defaultValue Infinity
   */
  totalTimeout?: number | undefined;
  /**
   * When the permit goes back: with the end of the `'body'`, or at the `'headers'` already (for server-sent events and other endless bodies;
   * `bodyTimeout` and `totalTimeout` end there too).
   * @defaultValue 'body'
   */
  releaseOn?: 'body' | 'headers' | undefined;
  /**
   * How long a response may go unread before its permit is given to a request that waits; from the headers, and anew after each read.
   * The response stays usable, and its signal works on; the timeouts are over. `Infinity`: a response nobody reads blocks its place until it is garbage-collected.
   * @defaultValue 500
   */
  unreadGrace?: number | undefined;
  /**
   * Which of the waiting requests of equal priority goes first: the one that came first, or, `'lifo'`, last.
   * @defaultValue 'fifo'
   */
  order?: 'fifo' | 'lifo' | undefined;
  /**
   * So many milliseconds of waiting are worth as much as 1 of priority, so that nothing waits for ever behind what is more urgent; more than 0.
   * @defaultValue Infinity
   */
  aging?: number | undefined;
  /**
   * Who has to go if one more comes to a full line: the newcomer, the one that has waited for longest, or the last one in line (which may be the
   * newcomer). What comes of it says `onFull`.
   * @defaultValue 'reject'
   */
  overflow?: 'reject' | 'drop-oldest' | 'drop-lowest' | undefined;
  /**
   * Whether the lane keeps account of how long its requests wait and hold their permits: `fetch.lanes.get(origin).timings`.
   * @defaultValue false
   */
  timings?: boolean | undefined;
  /**
   * Whether GETs that are alike share one transfer, from the first one's call until its headers come: the same URL, headers, `mode`, `credentials`, `cache`,
   * `redirect`, referrer and `integrity`, and the same `pond` but for `id` and `priority`. Each caller gets a response of its own, and an abort ends only
   * that caller's; the last one's ends the transfer. The clocks are the first caller's, the highest priority counts. What one of them reads is kept
   * in memory for the others: read all responses, or cancel them. Calls that watch their progress do not share, nor do those whose `retry` has functions.
   * @defaultValue false
   */
  dedupe?: boolean | undefined;
  /**
   * What comes of a request for which there is no place in the line: `'reject'` with a {@link QueueFullError}, or `'respond'` with a response made up
   * here: status 503, no body, header `x-millpond: queue-full`.
   * @defaultValue 'reject'
   */
  onFull?: 'reject' | 'respond' | undefined;
  /**
   * How often a request is sent again; or {@link FetchRetryOptions}. By default that is done after a 429 or 503 only, and for idempotent methods. It
   * has no permit in the pause before, and then goes to the front of its priority. The last response is the result, whatever its status; also if the
   * next attempt would come after `totalTimeout`, or `Retry-After` asks for longer than `maxRetryAfter`.
   * @defaultValue 0
   */
  retry?: number | FetchRetryOptions | undefined;
  /**
   * Whether a 429 or 503 with a `Retry-After` stops the whole lane: nothing is sent in it until then, whoever asks. Aborts and timeouts work on.
   * One that asks for longer than the `maxRetryAfter` of `retry` is not heeded.
   * @defaultValue whether there is a `retry`
   */
  pauseOnRetryAfter?: boolean | undefined;
  /**
   * Whether to find out how much the server bears: after a 429, a 503 or a timeout half as many requests may be in flight in the lane, and one more when
   * that many have gone well; between `min` (default 1) and `max` (default the lane's `concurrency`). Setting the lane's `concurrency` begins anew from
   * there.
   * @defaultValue false
   */
  adaptive?: boolean | AdaptiveOptions | undefined;
  /**
   * With `intervalCap`: a span of time in ms, more than 0.
   * @defaultValue 1000
   */
  interval?: number | undefined;
  /**
   * Most requests sent in any `interval`, from 1; repeats count too.
   * @defaultValue Infinity
   */
  intervalCap?: number | undefined;
}

/**
 * What {@link createFetch} takes: the options of every lane, and those of all lanes together.
 *
 * @example
 * ```js
 * createFetch({ concurrency: 6, maxConcurrency: 24, lanes: { 'https://api.example.com': { concurrency: 2, timeout: 10_000 } } });
 * ```
 */
export interface FetchOptions extends LaneOptions {
  /**
   * Most requests in flight at once in all lanes together, from 1.
   * @defaultValue Infinity
   */
  maxConcurrency?: number | undefined;
  /** Lanes that differ: by origin, or a function which is asked once for every new lane. What they leave out is as for all. */
  lanes?: Readonly<Record<string, LaneOptions>> | ((lane: string) => LaneOptions | undefined) | undefined;
  /**
   * The lane of a request; `null` sends it without any limit, timeout, retry or count. What it throws, the call rejects with.
   * @defaultValue the origin of the request's URL; `null` unless that is http: or https:
   */
  lane?: ((request: Request) => string | null) | undefined;
  /**
   * What really fetches; called with one `Request`.
   * @defaultValue the global `fetch` at the time of `createFetch`
   */
  fetch?: ((request: Request) => Promise<Response>) | undefined;
  /**
   * How long a lane with nothing waiting, in flight or unread is kept, in ms; from its last request's end.
   * @defaultValue 60_000
   */
  idleTimeout?: number | undefined;
  /**
   * How old a lane may get before it is given up, in ms; from its first request. It is never given up before it is idle.
   * @defaultValue Infinity
   */
  lifetime?: number | undefined;
  /**
   * How many lanes are kept at most, from 1: for one more the lane that has idled longest goes. If none idles there are more for a while.
   * @defaultValue Infinity
   */
  maxLanes?: number | undefined;
  /**
   * `'pause'`: while the host says it is offline (`navigator.onLine`) no lane starts anything. What waits goes on at the `online` event; aborts
   * and timeouts work meanwhile. Without effect where the host does not say, as in Node.
   * @defaultValue 'ignore'
   */
  offline?: 'pause' | 'ignore' | undefined;
}

/**
 * What one call may say about itself, as `pond` in fetch's `init`. What it leaves out is as its lane has it.
 *
 * @example
 * ```js
 * await fetch(url, { pond: { priority: 3, queueTimeout: 5_000 } });
 * ```
 */
export interface PondInit extends Pick<LaneOptions, 'queueTimeout' | 'timeout' | 'bodyTimeout' | 'totalTimeout' | 'releaseOn' | 'retry' | 'dedupe' | 'onFull'> {
  /**
   * Place in the line: higher goes first, equal ones in the order they came. Any finite number, or fetch's own words; or a function that says it,
   * called now and by every `fetch.lanes.get(origin).reprioritize()`.
   * @defaultValue that of fetch's own `priority`: `'high'` 1, `'auto'` 0, `'low'` -1
   */
  priority?: Rank | undefined;
  /** The lane to use in place of the request's own; `null` sends it without any limit, timeout, retry or count. */
  lane?: string | null | undefined;
  /** A name to call the waiting request by: `fetch.lanes.get(origin).setPriority(id, priority)`. */
  id?: string | undefined;
  /**
   * Told how much of the response's body has come, as it is read. The methods that read all of it read chunks then. The total is unknown
   * where the server does not say it, and for compressed bodies.
   */
  onDownloadProgress?: ProgressListener | undefined;
  /**
   * Told how much of the request's body was sent, or rather taken by the platform to be sent. For that the body goes as a stream: without
   * `Content-Length`, and from browsers over HTTP/2 or later only (over HTTP/1.1 the request fails there). Where the platform cannot send streams, and
   * with `keepalive` or `no-cors`, it is told once, when the headers of the response come.
   */
  onUploadProgress?: ProgressListener | undefined;
}

/** What {@link PondFetch.extend} takes: what its calls say about themselves, unless they say otherwise. */
export type ExtendOptions = Omit<PondInit, 'id'>;

/** The rules of all options, by who may say them. */
function rulesOfFetch() {
  const call: Record<string, Rule> = {
    queueTimeout: duration, timeout: duration, bodyTimeout: duration, totalTimeout: duration, releaseOn: word('body', 'headers'), dedupe: flag,
    onFull: word('reject', 'respond'), retry: fetchRetry,
  };
  const extend = { ...call, priority: order, lane: laneName, onDownloadProgress: callable, onUploadProgress: callable };
  const lane = {
    ...call, concurrency: limit, queueCapacity: capacity, unreadGrace: duration, order: word('fifo', 'lifo'), aging: span,
    overflow: word('reject', 'drop-oldest', 'drop-lowest'), timings: flag,
    pauseOnRetryAfter: flag, adaptive, interval: finite, intervalCap: limit,
  };
  const fetch = {
    ...lane, maxConcurrency: limit, idleTimeout: duration, lifetime: duration, maxLanes: limit, lanes, lane: callable, fetch: callable,
    offline: word('pause', 'ignore'),
  };
  return { extend, pond: { ...extend, id: text }, lane, fetch };
}

/** Made when they are first asked for: bundlers take the making of a table for something a program may need, whether it makes a fetch or not. */
let made: ReturnType<typeof rulesOfFetch> | undefined;
const rules = () => (made ??= rulesOfFetch());

/** Checked options: what is there is not undefined. */
type Checked<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };
/** Of whom `retry` may be said, by parts. @internal */
export interface Retrying {
  readonly retry?: Partial<FetchRetrySettings>;
}
/** All that is known of a lane. @internal */
export type LaneSettings = Required<Checked<Omit<LaneOptions, 'retry' | 'pauseOnRetryAfter' | 'adaptive'>>> & Retrying & {
  readonly pauseOnRetryAfter?: boolean;
  readonly adaptive?: AdaptiveOptions | undefined;
};
/** What a call has said of itself. @internal */
export type PondSettings = Checked<Omit<PondInit, 'priority' | 'retry'> & { priority: number | (() => Priority) }> & Retrying;
/** All there is to know of a call. @internal */
export type CallSettings = LaneSettings & PondSettings;
/** What `createFetch` was told. @internal */
export type FetchSettings = Readonly<Pick<FetchOptions, 'maxConcurrency' | 'idleTimeout' | 'lifetime' | 'maxLanes' | 'lane' | 'offline'>> & {
  /** Any but the platform's own is called with one Request only. */
  readonly fetch: (request: Request | string, init?: RequestInit) => Promise<Response>;
  /** Whether that is the platform's own. */
  readonly isNative: boolean;
  /** All there is to know of a lane. */
  readonly lanes: (lane: string) => LaneSettings;
};

/** Taken when this module is evaluated: whatever is put in its place later gets Requests, as others do. */
const { fetch: platform } = globalThis;

const DEFAULTS: LaneSettings = {
  concurrency: 6, queueCapacity: Infinity, queueTimeout: Infinity, timeout: Infinity, bodyTimeout: Infinity, totalTimeout: Infinity,
  releaseOn: 'body', unreadGrace: 500, order: 'fifo', aging: Infinity, overflow: 'reject', timings: false, dedupe: false, onFull: 'reject',
  interval: 1000, intervalCap: Infinity,
};

/** One of some words. */
function word(...words: string[]): Rule {
  const which = oneOf(...words);
  return (value, option) => {
    which(value, option);
    return value;
  };
}

/** A function is asked later. */
function order(value: unknown, option: string): unknown {
  return typeof value === 'function' ? value : priority(value, option);
}

function lanes(value: unknown, option: string): unknown {
  return typeof value === 'function' || (typeof value === 'object' && value) ? value : refuse(option, 'an object or a function', value);
}

/** The name of a lane, or null for none. @internal */
export function laneName(value: unknown, option: string): string | null {
  return value === null || typeof value === 'string' ? value : refuse(option, 'a string or null', value);
}

function adaptive(value: unknown, option: string): AdaptiveOptions | undefined {
  if (typeof value === 'boolean') return value ? {} : undefined;
  const options: AdaptiveOptions = check(value, { min: limit, max: limit }, option, `${option}.`);
  const { min = 1, max = Infinity } = options;
  return min <= max ? options : refuse(`${option}.min`, 'no more than max', min, RangeError);
}

/** The settings of the one with those of the other before them, also within `retry`. @internal */
export function inherit<T extends Retrying, U extends Retrying>(general: T, own: U): T & U {
  const both = { ...general, ...own };
  return general.retry && own.retry ? { ...both, retry: { ...general.retry, ...own.retry } } : both;
}

/** Checks what a call says of itself. @internal */
export function pondSettings(pond: PondInit | undefined): PondSettings {
  return check(pond, rules().pond, 'pond', 'pond.');
}

/** Checks what `extend` was told. @internal */
export function extendSettings(options: ExtendOptions | undefined): PondSettings {
  return check(options, rules().extend, 'the options of extend');
}

/** A table with origins as the lanes have them, however they were written. */
function byOrigin(table: Readonly<Record<string, LaneOptions>>): (lane: string) => Partial<LaneSettings> | undefined {
  const checked = new Map<string, Partial<LaneSettings>>();
  for (const [name, options] of Object.entries(table)) {
    checked.set(spelled(name), check(options, rules().lane, `lanes[${JSON.stringify(name)}]`));
  }
  return (lane) => checked.get(lane);
}

function spelled(lane: string): string {
  try {
    return originOf(lane) ?? lane;
  } catch {
    return lane;
  }
}

/** Checks the options of `createFetch`; `lanes` becomes a function that knows all of a lane. @internal */
export function fetchSettings(options: FetchOptions | undefined): FetchSettings {
  const checked = check(options, rules().fetch, 'the options of createFetch') as Checked<Omit<FetchOptions, keyof LaneOptions>> & Partial<LaneSettings>;
  const { lanes = {}, lane, fetch, maxConcurrency, idleTimeout, lifetime, maxLanes, offline, ...general } = checked;
  const base = (fetch ?? callable(globalThis.fetch, 'fetch')) as FetchSettings['fetch'];
  const special = typeof lanes === 'function' ? (lane: string) => check(lanes(lane), rules().lane, 'what lanes() has returned') : byOrigin(lanes);
  return {
    lane, maxConcurrency, idleTimeout, lifetime, maxLanes, offline, fetch: base, isNative: base === platform,
    lanes: (lane) => inherit({ ...DEFAULTS, ...general }, special(lane) ?? {}),
  };
}
