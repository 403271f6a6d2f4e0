/**
 * Tells of requests as they go. Nothing is made for that as long as nobody listens.
 */
import { Audience } from './events.js';
import type { FetchTiming } from './timing.js';

/** What the events of a fetch tell, as `event.detail`. */
export interface FetchEventDetail {
  readonly lane: string;
  readonly request: Request;
  /** Of `response`, and of `settle` unless there was none. To read its body take a clone, at once. */
  readonly response?: Response;
  /** Of `settle`: what the call was rejected with, or what ended its body. */
  readonly error?: unknown;
  /** Of `response` and `settle`. */
  readonly timing?: FetchTiming;
}

/**
 * The events of a {@link PondFetch}: a request waits in line; one is sent; headers have come; a call is over: it was rejected, or its
 * body was read to the end, has failed or was cancelled. Not told: the end of a body that is never read, or read by the platform itself
 * (`cache.put`). Requests that bypass the lanes have no events, and those that share a transfer (`dedupe`) have one's.
 */
export type FetchEvents = Readonly<Record<'queue' | 'request' | 'response' | 'settle', CustomEvent<FetchEventDetail>>>;

/** @internal */
export class Announcer {
  readonly #target = new EventTarget();
  readonly #audience = new Audience(this.#target);

  listen(...args: Parameters<EventTarget['addEventListener']>): void {
    this.#target.addEventListener(...args);
    this.#audience.add(args[0]);
  }

  ignore(...args: Parameters<EventTarget['removeEventListener']>): void {
    this.#target.removeEventListener(...args);
  }

  /** Whether anybody has ever listened to that. */
  hears(type: keyof FetchEvents): boolean {
    return this.#audience.hears(type);
  }

  tell(type: keyof FetchEvents, detail: () => FetchEventDetail): void {
    if (this.hears(type)) this.#audience.tell(type, detail());
  }
}
