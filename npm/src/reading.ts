/**
 * Who reads a body, and so until when its permit is held.
 *
 * The response, its clones and all their streams hold one `Reading`. The permit goes back when the body has come to its end in any of
 * them, when all of them were cancelled, when the core takes it for somebody who waits (`UNREAD`), or when this object was collected,
 * that is when nobody can read any more.
 */
import { BODY, FAILED, type Outcome, type Phase, SUCCEEDED, UNREAD } from './slot.js';
import type { Meter } from './progress.js';
import type { Timing } from './timing.js';
import type { Transfer } from './transfer.js';

const collected = /* @__PURE__ */ new FinalizationRegistry<Transfer>((transfer) => transfer.end());

/** What there is to know of a body's way. @internal */
export interface Watch {
  readonly timing: Timing;
  /** Most ms before the first read and between two. */
  readonly unreadGrace?: number;
  /** Most ms between two chunks while somebody reads. */
  readonly bodyTimeout?: number;
  /** Is shown every chunk. */
  readonly meter?: Meter | undefined;
  /** Whether others read the same transfer: the stream inside does not hear of this reader's aborts. */
  readonly isShared?: boolean;
  /** Told once when the body has ended, has failed or was cancelled. */
  readonly over?: ((error?: unknown) => void) | undefined;
}

/** The size of a body read as a whole, where that is plain. */
function sizeOf(value: unknown): number | undefined {
  if (value instanceof Blob) return value.size;
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value) ? value.byteLength : undefined;
}

export class Reading {
  readonly #transfer: Transfer;
  /** Whoever has a stream only keeps its response alive by this: Node cancels the body of one that was collected. */
  readonly #responses: Response[];
  readonly #watch: Watch;
  readonly #abort = new Set<(reason: unknown) => void>();
  #readers = 0;
  #armed: Phase | undefined;
  #branches = 1;
  /** How much was seen of it. */
  #bytes = 0;
  #isOver = false;

  constructor(transfer: Transfer, response: Response, watch: Watch) {
    this.#transfer = transfer;
    this.#responses = [response];
    this.#watch = watch;
    transfer.reading = this;
    collected.register(this, transfer, this);
    void this.#expect();
  }

  /** Most bodies are read as soon as the response has got to its caller, some microtasks from now. No clock is set for those. */
  async #expect(): Promise<void> {
    for (let i = 0; i < 8 && !this.#readers; i++) await undefined;
    if (!this.#readers && !this.#isOver) this.#arm();
  }

  get signal(): AbortSignal {
    return this.#transfer.signal;
  }

  /** Whether somebody reads or has read: also the platform itself, of which nothing else is seen. */
  get isUsed(): boolean {
    return this.#responses.some(({ bodyUsed }) => bodyUsed);
  }

  /** Whether single chunks have to be seen. */
  get isWatched(): boolean {
    const { bodyTimeout = Infinity, meter } = this.#watch;
    return bodyTimeout < Infinity || meter !== undefined || this.isShared;
  }

  /** Whether what is behind it does not hear of aborts. */
  get isShared(): boolean {
    return this.#watch.isShared === true;
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
    const { bodyTimeout = Infinity, unreadGrace = Infinity } = this.#watch;
    const [phase, ms] = this.#readers ? [BODY, bodyTimeout] as const : [UNREAD, unreadGrace] as const;
    if (this.#armed !== undefined && this.#armed !== phase) slot.disarm(this.#armed);
    this.#armed = ms < Infinity ? phase : undefined;
    if (this.#armed) slot.arm(phase, ms);
  }

  /** One more branch: a clone. */
  branch(copy: Response): void {
    this.#responses.push(copy);
    this.#branches++;
    this.#watch.timing.cover(copy);
  }

  /** A branch was cancelled. The others may still be read. */
  cancelled(): void {
    if (--this.#branches === 0) this.#end();
  }

  /** A chunk, by which so much was read in a branch. What another has brought before is no news. */
  see(bytes: number, chunk: Uint8Array<ArrayBuffer>): void {
    if (bytes <= this.#bytes) return;
    this.#bytes = bytes;
    this.#watch.meter?.add(chunk);
  }

  /** The body was read to its end, in one of the branches. */
  finish(bytes?: number): void {
    if (!this.#isOver) {
      this.#watch.timing.finish(bytes);
      this.#watch.meter?.end();
    }
    this.#end(SUCCEEDED);
  }

  /** It cannot be read any further. */
  fail(error: unknown): void {
    this.#end(FAILED, error);
  }

  #end(outcome?: Outcome, error?: unknown): void {
    collected.unregister(this);
    this.#abort.clear();
    this.#transfer.end(outcome);
    if (this.#isOver) return;
    this.#isOver = true;
    this.#watch.over?.(error);
  }

  /** Calls `listener` with the reason if the transfer is aborted. Returns how to take that back. */
  heed(listener: (reason: unknown) => void): () => void {
    this.#abort.add(listener);
    return () => this.#abort.delete(listener);
  }

  /** Tells all who read. */
  abort(): void {
    // The first of them may be the end of it.
    for (const listener of [...this.#abort]) listener(this.signal.reason);
  }

  /** `error`, or the reason if it was an abort: Node 20 gives a plain AbortError in its place. */
  reason(error: unknown): unknown {
    return this.signal.aborted ? this.signal.reason : error;
  }

  /** Follows one of the response's own methods which reads the body as a whole, up to its end or to an abort. */
  consume<T>(body: Promise<T>, response: Response): Promise<T> {
    this.begin();
    return new Promise((resolve, reject) => {
      let isSettled = false;
      const settle = () => {
        forget();
        isSettled = true;
        this.settle();
      };
      const fail = (thrown: unknown) => {
        if (isSettled) return;
        const error = this.reason(thrown);
        if (response.bodyUsed) this.#interrupt(error);
        settle();
        reject(error);
      };
      const forget = this.heed(fail);
      body.then((value) => {
        if (isSettled) return;
        if (response.bodyUsed) this.finish(sizeOf(value));
        settle();
        resolve(value);
      }, fail);
    });
  }

  /** JSON that cannot be parsed has come in full. */
  #interrupt(error: unknown): void {
    if (error instanceof SyntaxError) this.finish();
    else this.fail(error);
  }
}
