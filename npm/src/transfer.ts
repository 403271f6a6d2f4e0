/**
 * One request on its way: its permit, and the ways by which it can be aborted.
 *
 * What the pool and the caller's signal hold for as long as a body is unread is this object. It knows its reader weakly only:
 * else a response nobody has any more could never be collected, and its permit never come back.
 */
import { type Asked, signalOf } from './asked.js';
import type { Reading } from './reading.js';
import type { Outcome, Slot } from './slot.js';

export class Transfer {
  readonly slot: Slot;
  /** What to call the base fetch with. In Node a request's signal hears of its source only as long as the request is alive: so all are kept. */
  readonly outgoing: [Request | string, RequestInit?];
  readonly #asked: Asked;
  #reading: WeakRef<Reading> | undefined;

  /**
   * `copy` is what is to be sent if the request itself is not: Node's copies do not hear of an abort once there is no other use for them. With
   * `body`, the members of an init that put another body in the place of the request's.
   */
  constructor(slot: Slot, asked: Asked, isNative: boolean, copy = asked, body?: RequestInit) {
    this.slot = slot;
    this.#asked = asked;
    this.outgoing = this.#pack(isNative, copy, body);
    this.signal.addEventListener('abort', this);
  }

  /**
   * The request, so that it hears this transfer's signal. Any init resets the referrer, and `navigate` with it: so the one is passed along,
   * and the other left as it is. The platform's fetch takes the init as it is; others are spared that.
   */
  #pack(isNative: boolean, asked: Asked, body: RequestInit | undefined): [Request | string, RequestInit?] {
    const { signal } = this;
    if (asked instanceof URL) {
      const own = { __proto__: null, signal } as RequestInit;
      return isNative ? [asked.href, own] : [new Request(asked, own)];
    }
    const { mode, referrer, referrerPolicy } = asked;
    if (mode === 'navigate') return [asked];
    const init = { __proto__: null, signal, referrer, referrerPolicy, ...body } as RequestInit;
    return isNative ? [asked, init] : [new Request(asked, init)];
  }

  /** Aborted with the very reason by the caller, a deadline, or the pool. */
  get signal(): AbortSignal {
    return this.slot.signal;
  }

  get reading(): Reading | undefined {
    return this.#reading?.deref();
  }

  set reading(reading: Reading) {
    this.#reading = new WeakRef(reading);
  }

  /** The slot follows the caller's signal no longer than the permit is held, and that goes back now. The body may be read after that. */
  outlive(): void {
    signalOf(this.#asked)?.addEventListener('abort', this);
  }

  /** Listener of its own signal, and of the caller's if that has to be passed on. */
  handleEvent({ target }: Event): void {
    if (target !== this.signal) return this.slot.abort((target as AbortSignal).reason);
    this.reading?.abort();
    // Before the headers the permit stays until the base fetch has settled.
    if (this.#reading) this.end();
  }

  /** The body is over, or will never be read: the permit goes back and nothing is listened to any more. */
  end(outcome?: Outcome): void {
    this.forget();
    this.slot.release(outcome);
  }

  /** Stops listening. */
  forget(): void {
    this.signal.removeEventListener('abort', this);
    signalOf(this.#asked)?.removeEventListener('abort', this);
  }
}
