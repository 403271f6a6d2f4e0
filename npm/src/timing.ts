/**
 * Where the time of a request went.
 */
import { now } from './turn.js';

/** What `fetch.timing(response)` tells. Times are in milliseconds; what is unknown is not there. */
export interface FetchTiming {
  /** The lane it was sent by. */
  readonly lane: string;
  /** From the call until the request was sent; if it was repeated, until it was sent for the last time. */
  readonly queued: number;
  /** From then until the headers came. */
  readonly headers: number;
  /** From the headers until the body was read to its end. Not there before that, nor without a body, nor if it failed or was cancelled. */
  readonly body?: number;
  /** How often it was sent. */
  readonly attempts: number;
  /** The size of the body, decoded. Known with `body`, unless it was read by `text()`, `json()` or `formData()` and nobody asked for its progress. */
  readonly bytes?: number;
}

/** The times of the responses of one fetch. It keeps none of them alive. @internal */
export type Timings = WeakMap<object, Timing>;

/** The times of one call. @internal */
export class Timing {
  readonly #timings: Timings;
  readonly #lane: string;
  readonly #called = now();
  #attempts = 0;
  #sent = 0;
  #came = 0;
  #end: { body: number; bytes?: number } | undefined;

  constructor(timings: Timings, lane: string) {
    this.#timings = timings;
    this.#lane = lane;
  }

  /** The request leaves. */
  send(): void {
    this.#attempts++;
    this.#sent = now();
  }

  /** The headers have come. */
  receive(response: unknown): void {
    this.#came = now();
    this.cover(response);
  }

  /** It is told of this one too. A base fetch may return anything. */
  cover(response: unknown): void {
    if (Object(response) === response) this.#timings.set(response as object, this);
  }

  /** The body was read to its end. The first to say so knows best. */
  finish(bytes: number | undefined): void {
    this.#end ??= { body: now() - this.#came, ...(bytes === undefined ? undefined : { bytes }) };
  }

  report(): FetchTiming {
    return { lane: this.#lane, queued: this.#sent - this.#called, headers: this.#came - this.#sent, attempts: this.#attempts, ...this.#end };
  }
}
