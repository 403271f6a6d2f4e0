/**
 * Who reads a body, and so until when its permit is held.
 *
 * The response, its clones and all their streams hold one `Reading`. The permit goes back when the body has come to its end in any of
 * them, when all of them were cancelled, when the core takes it for somebody who waits (`UNREAD`), or when this object was collected,
 * that is when nobody can read any more.
 */
import { BODY, FAILED, type Outcome, type Phase, SUCCEEDED, UNREAD } from './slot.js';
import type { Transfer } from './transfer.js';

const collected = /* @__PURE__ */ new FinalizationRegistry<Transfer>((transfer) => transfer.end());

export class Reading {
  readonly #transfer: Transfer;
  /** Whoever has a stream only keeps its response alive by this: Node cancels the body of one that was collected. */
  readonly #responses: Response[];
  readonly #unreadGrace: number;
  /** Most ms between two chunks while somebody reads. */
  readonly #bodyTimeout: number;
  readonly #abort = new Set<(reason: unknown) => void>();
  #readers = 0;
  #armed: Phase | undefined;
  #branches = 1;

  constructor(transfer: Transfer, response: Response, unreadGrace = Infinity, bodyTimeout = Infinity) {
    this.#transfer = transfer;
    this.#responses = [response];
    this.#unreadGrace = unreadGrace;
    this.#bodyTimeout = bodyTimeout;
    transfer.reading = this;
    collected.register(this, transfer, this);
    this.#arm();
  }

  get signal(): AbortSignal {
    return this.#transfer.signal;
  }

  /** Whether somebody reads or has read: also the platform itself, of which nothing else is seen. */
  get isUsed(): boolean {
    return this.#responses.some(({ bodyUsed }) => bodyUsed);
  }

  /** Whether single chunks have to be seen. */
  get isTimed(): boolean {
    return this.#bodyTimeout < Infinity;
  }

  /** A read has begun. */
  begin(): void {
    this.#readers++;
    this.#arm();
  }

  /** A read has brought something, or failed. */
  settle(): void {
    this.#readers--;
    this.#arm();
  }

  /** The one deadline that counts now: the next chunk's, or that of a reader to come. */
  #arm(): void {
    const { slot } = this.#transfer;
    const phase = this.#readers ? BODY : UNREAD;
    const ms = this.#readers ? this.#bodyTimeout : this.#unreadGrace;
    if (this.#armed !== undefined && this.#armed !== phase) slot.disarm(this.#armed);
    this.#armed = ms < Infinity ? phase : undefined;
    if (this.#armed) slot.arm(phase, ms);
  }

  /** One more branch: a clone. */
  branch(copy: Response): void {
    this.#responses.push(copy);
    this.#branches++;
  }

  /** A branch was cancelled. The others may still be read. */
  cancelled(): void {
    if (--this.#branches === 0) this.over();
  }

  /** The body has ended, or failed. */
  over(outcome?: Outcome): void {
    collected.unregister(this);
    this.#abort.clear();
    this.#transfer.end(outcome);
  }

  /** Calls `listener` with the reason if the transfer is aborted. Returns how to take that back. */
  heed(listener: (reason: unknown) => void): () => void {
    this.#abort.add(listener);
    return () => this.#abort.delete(listener);
  }

  /** Tells all who read. */
  abort(): void {
    for (const listener of this.#abort) listener(this.signal.reason);
  }

  /** `error`, or the reason if it was an abort: Node 20 gives a plain AbortError in its place. */
  reason(error: unknown): unknown {
    return this.signal.aborted ? this.signal.reason : error;
  }

  /** Follows one of the response's own methods which reads the body as a whole. */
  async consume<T>(body: Promise<T>, response: Response): Promise<T> {
    this.begin();
    let forget;
    const aborted = new Promise<never>((_, reject) => { forget = this.heed(reject); });
    let outcome: Outcome = SUCCEEDED;
    try {
      return await Promise.race([body, aborted]);
    } catch (error) {
      // JSON that cannot be parsed has come in full.
      if (!(error instanceof SyntaxError)) outcome = FAILED;
      throw this.reason(error);
    } finally {
      forget!();
      if (response.bodyUsed) this.over(outcome);
      this.settle();
    }
  }
}
