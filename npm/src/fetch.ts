/**
 * `fetch` with a lane per origin.
 */
import { type AsyncDisposing, disposable } from './disposal.js';
import { ask, type Asked, requestOf, signalOf } from './asked.js';
import { Call } from './call.js';
import { Shares } from './dedupe.js';
import { QueueFullError } from './errors.js';
import { Feedback } from './feedback.js';
import {
  type ExtendOptions, extendSettings, type FetchOptions, type FetchSettings, fetchSettings, inherit, type LaneSettings, laneName, type PondInit, type PondSettings,
  pondSettings,
} from './fetch-options.js';
import { type Attempts, attemptsAt, DEFAULTS } from './fetch-retry.js';
import type { Task } from './handle.js';
import type { Lane } from './lane.js';
import { PoolManager } from './manager.js';
import { Connection } from './offline.js';
import { originOf } from './origin.js';
import { laneOf, type PoolOptions } from './pool.js';
import { metered } from './progress.js';
import { Announcer, type FetchEvents } from './request-events.js';
import { hasBody, observe } from './response.js';
import { Reading } from './reading.js';
import { RUN, type Slot } from './slot.js';
import { SlotJob } from './task.js';
import type { FetchTiming, Timings } from './timing.js';
import { Transfer } from './transfer.js';
import type { PoolStats } from './stats.js';
import { unreadWarning } from './unread.js';

/** What {@link createFetch} makes: `fetch`, and the lanes behind it. */
export interface PondFetch extends AsyncDisposing {
  /**
   * Takes and gives exactly what `fetch` does, and takes `init.pond` besides. With room in the lane the request leaves in the same turn.
   * One with `keepalive` never waits: without room it is sent past the lane at once, without limit, timeout or event, and counted as cancelled there.
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
  /**
   * Where the time of a response of this fetch, or of a clone of it, went. Undefined for any other, and for requests that bypass the lanes.
   *
   * @example
   * ```js
   * const response = await fetch(url);
   * await response.text();
   * fetch.timing(response); // { lane: 'https://a.example', queued: 12, headers: 80, body: 31, attempts: 1 }
   * ```
   */
  timing(response: Response): FetchTiming | undefined;
  /**
   * The same fetch, into the same lanes and with the same counters and events, whose calls say all this about themselves unless they say otherwise.
   * Limits are a matter of lanes: for other ones there is {@link PondFetch.create}. Closing one closes all that share its lanes.
   *
   * @throws {@link OptionError} (`ERR_MILLPOND_OPTION`) an option is unknown, of the wrong type or out of range
   * @example
   * ```js
   * const background = fetch.extend({ priority: 'low', queueTimeout: 60_000 });
   * ```
   */
  extend(options?: ExtendOptions): PondFetch;
  /** As {@link createFetch}: a fetch with lanes of its own, which has nothing of this one. */
  create(options?: FetchOptions): PondFetch;
  /** Listens to what becomes of the requests: see {@link FetchEvents}. */
  addEventListener<E extends keyof FetchEvents>(type: E, listener: (event: FetchEvents[E]) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
  /** Takes a listener back. */
  removeEventListener<E extends keyof FetchEvents>(type: E, listener: (event: FetchEvents[E]) => void, options?: boolean | EventListenerOptions): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void;
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
const HINTS = new Map<unknown, { readonly priority: number }>([['high', { priority: 1 }], ['low', { priority: -1 }]]);

/** Nobody will send the request: what would have been its body is let go. */
function discard(asked: Asked, reason: unknown): void {
  (asked as Request).body?.cancel(reason).catch(() => {});
}

/** In place of the answer to a request that was not taken. */
function refusal(): Response {
  const init = { __proto__: null, status: 503, statusText: 'Queue Full', headers: { 'x-millpond': 'queue-full' } };
  return new Response(null, init as ResponseInit);
}

/** The permit stays until the body is over. Out here, so that what the slot keeps does not lead to the response. */
function hold(transfer: Transfer, unread: () => void): void {
  transfer.slot.keep();
  transfer.slot.onRecall = () => {
    transfer.outlive();
    if (!transfer.reading?.isUsed) unread();
  };
}

/** A response with a body has come. */
function receive(transfer: Transfer, response: Response, call: Call, isNative: boolean, unread: () => void): void {
  const { releaseOn, unreadGrace, bodyTimeout } = call.settings;
  const isHeld = releaseOn === 'body';
  const watch = call.watch(response);
  observe(response, new Reading(transfer, response, isHeld ? { ...watch, unreadGrace, bodyTimeout } : watch), isNative);
  if (isHeld) return hold(transfer, unread);
  transfer.outlive();
  transfer.slot.release();
}

/** How long a lane waits at most if its server asks for it. */
function patience({ retry, pauseOnRetryAfter = retry !== undefined && retry.limit !== 0 }: LaneSettings): number {
  return pauseOnRetryAfter ? retry?.maxRetryAfter ?? DEFAULTS.maxRetryAfter : -1;
}

/** A request that has its permit, up to the headers. The base fetch is called before this returns. */
async function dispatch(slot: Slot, call: Call, { fetch, isNative }: FetchSettings, feedback: Feedback, unread: () => void): Promise<Response> {
  const { asked, attempts } = call;
  const next = attempts ? attempts.next() : asked;
  const upload = call.upload();
  const body = upload && metered(requestOf(next), upload);
  const transfer = new Transfer(slot, asked, isNative, next, body);
  const learn = feedback.watch(slot, patience(call.settings));
  let response: Response | undefined;
  try {
    call.send();
    // By a listener, just now.
    transfer.signal.throwIfAborted();
    response = await fetch(...transfer.outgoing);
    slot.disarm(RUN);
    if (!body) upload?.end();
    learn(response);
    if (attempts) {
      await attempts.judge(response).catch((refused) => {
        response = undefined;
        throw refused;
      });
    }
    if (transfer.signal.aborted) response?.body?.cancel().catch(() => {});
    else accept(transfer, response, call, isNative, unread);
  } catch (error) {
    // What the base fetch says goes on. What went wrong in looking at its response is no reason to lose it.
    if (!response) throw error;
  } finally {
    if (!transfer.reading) transfer.forget();
  }
  return response;
}

/** The headers have come in time. */
function accept(transfer: Transfer, response: Response, call: Call, isNative: boolean, unread: () => void): void {
  const isRead = hasBody(call.asked, response);
  if (isRead) receive(transfer, response, call, isNative, unread);
  call.receive(response);
  if (!isRead) call.settle(response);
}

/** The lanes, and the way of a call into one of them. */
class Limiter {
  readonly lanes: PoolManager<string>;
  readonly timings: Timings = new WeakMap();
  readonly events = new Announcer();
  readonly #options: FetchSettings;
  /** Of the lanes there are. */
  readonly #settings = new Map<string, LaneSettings>();
  readonly #shares = new Shares();
  readonly #learnt = new WeakMap<Lane, Feedback>();
  readonly #warn = unreadWarning();
  readonly #connection: Connection | undefined;

  constructor(options: FetchSettings) {
    const { maxConcurrency, idleTimeout, lifetime, maxLanes, offline } = this.#options = options;
    const pools = (lane: string) => this.#pool(lane);
    this.lanes = new PoolManager<string>({ concurrency: maxConcurrency, idleTimeout, lifetime, maxPools: maxLanes, pools });
    if (offline === 'pause') this.#connection = new Connection((isOffline) => PoolManager.setOffline(this.lanes, isOffline));
    this.lanes.addEventListener('expire', ({ detail }) => this.#expired(detail.key));
  }

  #expired(lane: string): void {
    this.#settings.delete(lane);
    if (this.lanes.size === 0) this.#connection?.close();
  }

  #pool(lane: string): PoolOptions {
    const { concurrency, adaptive, queueCapacity, order, aging, overflow, timings, interval, intervalCap } = this.#settings.get(lane) ?? this.#options.lanes(lane);
    const limit = Math.min(concurrency, adaptive?.max ?? Infinity);
    return { concurrency: limit, queueCapacity, order, aging, overflow, timings, interval, intervalCap, name: lane };
  }

  #settingsOf(lane: string): LaneSettings {
    let settings = this.#settings.get(lane);
    if (!settings) this.#settings.set(lane, settings = this.#options.lanes(lane));
    return settings;
  }

  /** One call. */
  call(args: [RequestInfo | URL, RequestInit?], defaults: PondSettings): Promise<Response> {
    const own = pondSettings(args[1]?.pond);
    const asked = ask(args);
    const signal = signalOf(asked);
    if (signal?.aborted) {
      discard(asked, signal.reason);
      throw signal.reason;
    }
    const pond = inherit({ priority: 0, ...defaults, ...HINTS.get(args[1]?.priority) }, own);
    const lane = pond.lane === undefined ? this.#laneOf(asked) : pond.lane;
    const { fetch } = this.#options;
    if (lane === null) return fetch(requestOf(asked));
    const settings = inherit(this.#settingsOf(lane), pond);
    // Read once more only for those who need it: it may be a getter.
    const body = settings.onUploadProgress && args[1]?.body;
    const send = (asked: Asked, attempts?: Attempts) => {
      const call = new Call(lane, asked, body, settings, attempts, this.timings, this.events);
      return { call, response: this.#send(call) };
    };
    const { retry, dedupe, totalTimeout } = settings;
    if (!retry && !dedupe) return send(asked).response;
    const again = (request: Request) => send(request, retry && attemptsAt(request, args, retry, totalTimeout));
    const request = requestOf(asked);
    return dedupe ? this.#shares.send(request, lane, settings, again) : again(request).response;
  }

  #laneOf(asked: Asked): string | null {
    const { lane } = this.#options;
    if (lane) return laneName(lane(requestOf(asked)), 'what lane() has returned');
    return asked instanceof URL ? asked.origin : originOf(asked.url);
  }

  /** What the lane that is there now has learnt. */
  #feedback(lane: Lane, { adaptive }: LaneSettings): Feedback {
    let feedback = this.#learnt.get(lane);
    if (!feedback) this.#learnt.set(lane, feedback = new Feedback(lane, adaptive));
    return feedback;
  }

  #send(call: Call): Promise<Response> {
    const { lane, asked, attempts, settings } = call;
    const { priority, id, queueTimeout, timeout, totalTimeout, onFull } = settings;
    this.#connection?.open();
    const line = laneOf(this.lanes.get(lane));
    const feedback = this.#feedback(line, settings);
    let isSent = false;
    const task = line.run<Response>(SlotJob, (slot: Slot) => {
      isSent = true;
      return dispatch(slot, call, this.#options, feedback, () => this.#warn(lane));
    }, { priority, id, queueTimeout, timeout, totalTimeout, signal: signalOf(asked) }, undefined, attempts?.again.bind(attempts));
    if (attempts) task.then(() => attempts.end(), (reason) => attempts.end(reason));
    if (this.events.hears('settle')) task.catch((error) => call.settle(undefined, error));
    if (isSent) return task;
    if ((asked as Request).keepalive) return this.#pass(task, asked as Request);
    if (task.state === 'waiting') call.queue(task);
    if (!attempts) task.catch((reason) => { if (!isSent) discard(asked, reason); });
    if (onFull === 'reject') return task;
    return task.catch((error) => {
      if (isSent || !(error instanceof QueueFullError)) throw error;
      return refusal();
    });
  }

  /** The page may be gone before its turn comes: it does not wait. */
  #pass(task: Task<Response>, request: Request): Promise<Response> {
    task.catch(() => {});
    task.cancel();
    const { fetch } = this.#options;
    return fetch(request);
  }
}

/** What a fetch is to its user: calls with something to say about all of them. */
function face(limiter: Limiter, defaults: PondSettings): PondFetch {
  const { lanes, timings, events } = limiter;
  const fetch = (...args: [RequestInfo | URL, RequestInit?]) => {
    try {
      return Promise.resolve(limiter.call(args, defaults));
    } catch (error) {
      return Promise.reject(error);
    }
  };
  const made = Object.defineProperties(fetch, {
    name: { value: 'fetch' },
    length: { value: 1 },
    lanes: { value: lanes, enumerable: true },
    stats: { get: () => lanes.stats, enumerable: true },
    timing: { value: (response: Response) => timings.get(response)?.report() },
    extend: { value: (options?: ExtendOptions) => face(limiter, inherit(defaults, extendSettings(options))) },
    create: { value: createFetch },
    addEventListener: { value: events.listen.bind(events) },
    removeEventListener: { value: events.ignore.bind(events) },
    close: { value: () => lanes.close() },
  }) as unknown as PondFetch;
  disposable(made, made.close, 'asyncDispose');
  return made;
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
  return face(new Limiter(fetchSettings(options)), {});
}
