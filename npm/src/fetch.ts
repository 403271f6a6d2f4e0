/**
 * `fetch` with a lane per origin.
 */
import { type AsyncDisposing, disposable } from './disposal.js';
import { type FetchOptions, type FetchSettings, fetchSettings, inherit, type LaneSettings, laneName, type PondInit, type PondSettings, pondSettings } from './fetch-options.js';
import { type Attempts, attemptsAt, DEFAULTS } from './fetch-retry.js';
import { Feedback } from './feedback.js';
import type { Lane } from './lane.js';
import { PoolManager } from './manager.js';
import { originOf } from './origin.js';
import { laneOf, type PoolOptions, runSlot } from './pool.js';
import { hasBody, observe } from './response.js';
import { Reading } from './reading.js';
import { RUN, type Slot } from './slot.js';
import { Transfer } from './transfer.js';
import type { PoolStats } from './stats.js';
import { unreadWarning } from './unread.js';

/** What {@link createFetch} makes: `fetch`, and the lanes behind it. */
export interface PondFetch extends AsyncDisposing {
  /**
   * Takes and gives exactly what `fetch` does, and takes `init.pond` besides. With room in the lane the request leaves in the same turn.
   *
   * @throws `TypeError` and all else the platform's `fetch` rejects with; the `reason` of the signal, if it was aborted
   * @throws {@link OptionError} (`ERR_MILLPOND_OPTION`) `init.pond` has a member that is unknown or out of range
   * @throws {@link QueueFullError} (`ERR_MILLPOND_QUEUE_FULL`) the lane's line is full; nothing was sent
   * @throws {@link PoolClosedError} (`ERR_MILLPOND_CLOSED`) after {@link PondFetch.close}
   * @throws {@link TimeoutError} one of the four timeouts is over; `phase` says which
   */
  (input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** The lanes in use, by origin (or by what the `lane` option said). A lane that idles disappears from here. */
  readonly lanes: PoolManager<string>;
  /** Counters over all lanes, expired ones included. Requests that bypass the lanes are not in them. */
  readonly stats: PoolStats;
  /** Takes no more requests, and resolves when the last one is over and its body was read. Requests that bypass the lanes still pass. */
  close(): Promise<void>;
}

declare global {
  interface RequestInit {
    /** For a fetch made by `createFetch` of millpond; any other ignores it. */
    pond?: PondInit | undefined;
  }
}

/** fetch's own hint, as lane order. */
const HINTS = new Map<unknown, number>([['high', 1], ['low', -1]]);

/** Nobody will send the request: what would have been its body is let go. */
function discard(request: Request, reason: unknown): void {
  request.body?.cancel(reason).catch(() => {});
}

/** The permit stays until the body is over. Out here, so that what the slot keeps does not lead to the response. */
function hold(transfer: Transfer, unread: () => void): void {
  transfer.slot.keep();
  transfer.slot.onRecall = () => { if (!transfer.reading?.isUsed) unread(); };
}

/** A response with a body has come. */
function receive(transfer: Transfer, response: Response, settings: LaneSettings, unread: () => void): void {
  const isHeld = settings.releaseOn === 'body';
  observe(response, isHeld ? new Reading(transfer, response, settings.unreadGrace, settings.bodyTimeout) : new Reading(transfer, response));
  if (isHeld) hold(transfer, unread);
  else transfer.slot.release();
}

/** What the attempts at a request have to do with each other, and with those of others. */
interface Course {
  readonly attempts: Attempts | undefined;
  readonly feedback: Feedback;
}

/** How long a lane waits at most if its server asks for it. */
function patience({ retry, pauseOnRetryAfter = retry !== undefined && retry.limit !== 0 }: LaneSettings): number {
  return pauseOnRetryAfter ? retry?.maxRetryAfter ?? DEFAULTS.maxRetryAfter : -1;
}

/** A request that has its permit, up to the headers. The base fetch is called before this returns. */
async function dispatch(slot: Slot, request: Request, { fetch, isNative }: FetchSettings, settings: LaneSettings, unread: () => void, course: Course): Promise<Response> {
  const transfer = new Transfer(slot, request, isNative, course.attempts?.next());
  const learn = course.feedback.watch(slot, patience(settings));
  let response: Response | undefined;
  try {
    response = await fetch(...transfer.outgoing);
    slot.disarm(RUN);
    learn(response);
    await course.attempts?.judge(response).catch((refused) => {
      response = undefined;
      throw refused;
    });
    if (transfer.signal.aborted) response?.body?.cancel().catch(() => {});
    else if (hasBody(request, response)) receive(transfer, response, settings, unread);
  } catch (error) {
    // What the base fetch says goes on. What went wrong in looking at its response is no reason to lose it.
    if (!response) throw error;
  } finally {
    if (!transfer.reading) transfer.forget();
  }
  return response;
}

/** The lanes, and the way of a call into one of them. */
class Limiter {
  readonly lanes: PoolManager<string>;
  readonly #options: FetchSettings;
  /** Of the lanes there are. */
  readonly #settings = new Map<string, LaneSettings>();
  readonly #learnt = new WeakMap<Lane, Feedback>();
  readonly #warn = unreadWarning();

  constructor(options: FetchSettings) {
    const { maxConcurrency, idleTimeout, lifetime } = this.#options = options;
    this.lanes = new PoolManager<string>({ concurrency: maxConcurrency, idleTimeout, lifetime, pools: (lane) => this.#pool(lane) });
    this.lanes.addEventListener('expire', ({ detail }) => this.#settings.delete(detail.key));
  }

  #pool(lane: string): PoolOptions {
    const { concurrency, queueCapacity, adaptive, interval, intervalCap } = this.#settings.get(lane) ?? this.#options.lanes(lane);
    return { concurrency: Math.min(concurrency, adaptive?.max ?? Infinity), queueCapacity, interval, intervalCap, name: lane };
  }

  #settingsOf(lane: string): LaneSettings {
    let settings = this.#settings.get(lane);
    if (!settings) this.#settings.set(lane, settings = this.#options.lanes(lane));
    return settings;
  }

  /** One call. Whatever is wrong with its arguments is said by the Request, which is what fetch itself begins with. */
  call(args: [RequestInfo | URL, RequestInit?]): Promise<Response> {
    const pond = pondSettings(args[1]?.pond);
    const request = new Request(...args);
    const { signal } = request;
    if (signal.aborted) {
      discard(request, signal.reason);
      throw signal.reason;
    }
    const lane = pond.lane === undefined ? this.#laneOf(request) : pond.lane;
    const { fetch } = this.#options;
    if (lane === null) return fetch(request);
    const settings = inherit(this.#settingsOf(lane), { priority: HINTS.get(args[1]?.priority) ?? 0, ...pond });
    // Read once more only for those who may need it: it may be a getter.
    const attempts = settings.retry && attemptsAt(request, args, settings.retry, settings.totalTimeout);
    return this.#submit(lane, request, settings, attempts);
  }

  #laneOf(request: Request): string | null {
    const { lane } = this.#options;
    return lane ? laneName(lane(request), 'what lane() has returned') : originOf(request.url);
  }

  /** What the lane that is there now has learnt. */
  #feedback(lane: Lane, { adaptive }: LaneSettings): Feedback {
    let feedback = this.#learnt.get(lane);
    if (!feedback) this.#learnt.set(lane, feedback = new Feedback(lane, adaptive));
    return feedback;
  }

  #submit(lane: string, request: Request, settings: LaneSettings & PondSettings, attempts: Attempts | undefined): Promise<Response> {
    const { priority, id, queueTimeout, timeout, totalTimeout } = settings;
    const pool = this.lanes.get(lane);
    const course = { attempts, feedback: this.#feedback(laneOf(pool), settings) };
    let isSent = false;
    const task = runSlot(pool, (slot) => {
      isSent = true;
      return dispatch(slot, request, this.#options, settings, () => this.#warn(lane), course);
    }, { priority, id, queueTimeout, timeout, totalTimeout, signal: request.signal }, attempts?.again.bind(attempts));
    if (attempts) task.then(() => attempts.end(), (reason) => attempts.end(reason));
    else if (!isSent) task.catch((reason) => { if (!isSent) discard(request, reason); });
    return task;
  }
}

/**
 * Makes a `fetch` that sends no more than `concurrency` requests at once to any origin; the others wait in that origin's lane, by priority.
 * A request holds its place until its body was read to the end or cancelled, not only until its headers have come.
 *
 * @throws {@link OptionError} (`ERR_MILLPOND_OPTION`) an option is unknown, of the wrong type or out of range
 * @throws `Error` (`ERR_MILLPOND_WASM`) WebAssembly is forbidden here, usually by a Content-Security-Policy without `'wasm-unsafe-eval'`
 * @example
 * ```js
 * const fetch = createFetch({ concurrency: 6, maxConcurrency: 24 });
 * const response = await fetch(url, { signal, priority: 'high' });
 * const tile = await fetch(other, { pond: { priority: 3, queueTimeout: 5_000 } });
 * ```
 */
export function createFetch(options?: FetchOptions): PondFetch {
  const limiter = new Limiter(fetchSettings(options));
  const { lanes } = limiter;
  const fetch = (...args: [RequestInfo | URL, RequestInit?]) => {
    try {
      return Promise.resolve(limiter.call(args));
    } catch (error) {
      return Promise.reject(error);
    }
  };
  const made = Object.defineProperties(fetch, {
    name: { value: 'fetch' },
    length: { value: 1 },
    lanes: { value: lanes, enumerable: true },
    stats: { get: () => lanes.stats, enumerable: true },
    close: { value: () => lanes.close() },
  }) as unknown as PondFetch;
  disposable(made);
  return made;
}
