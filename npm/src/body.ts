/**
 * The stream handed out in place of a response's own.
 *
 * It touches the native stream at the first read only: `if (response.body)` must leave the response usable for what looks at its
 * inside (`cache.put`, `respondWith`, `compileStreaming`). It is made early all the same: a stream starts one microtask late, and
 * `reader.read()` must set `bodyUsed` in the same turn. Every dictionary has no prototype: pages do pollute `Object.prototype`.
 */
import type { Reading } from './reading.js';

type Bytes = Uint8Array<ArrayBuffer>;

/** Defines a member as the platform would not show it: no loop over the object meets it. */
export function define(target: object, name: string, descriptor: PropertyDescriptor): void {
  Object.defineProperty(target, name, { __proto__: null, configurable: true, ...descriptor } as PropertyDescriptor);
}

/** Puts a function in the place of a method. It does not look at `this`. */
export function override(target: object, name: string, method: (...args: []) => unknown): void {
  define(target, name, { value: { [name]: (...args: []) => method(...args) }[name], writable: true });
}

/** Network bodies are byte streams in every engine; those of hand-made responses need not be. */
function isByteStream(stream: ReadableStream): boolean {
  try {
    stream.getReader({ __proto__: null, mode: 'byob' } as { mode: 'byob' }).releaseLock();
    return true;
  } catch {
    return false;
  }
}

export class Body {
  readonly stream: ReadableStream<Bytes>;
  readonly #native: ReadableStream<Bytes>;
  readonly #reading: Reading;
  #controller!: ReadableStreamController<Bytes>;
  #reader: ReadableStreamDefaultReader<Bytes> | undefined;
  #isRead = false;
  /** The read under way. */
  #pulling: Promise<void> | undefined;
  /** How much was read from it. */
  #bytes = 0;
  /** The native stream has closed. */
  #hasEnded = false;
  /** So has this one, or it failed or was cancelled. */
  #isOver = false;

  constructor(native: ReadableStream<Bytes>, reading: Reading) {
    this.#native = native;
    this.#reading = reading;
    const source = {
      __proto__: null,
      type: isByteStream(native) ? 'bytes' : undefined,
      start: (controller: ReadableStreamController<Bytes>) => { this.#controller = controller; },
      pull: () => this.#advance(),
      cancel: (reason: unknown) => this.#cancel(reason),
    };
    this.stream = new ReadableStream(source as UnderlyingSource<Bytes>, { __proto__: null, highWaterMark: 0 } as QueuingStrategy);
    this.#watchReaders();
    reading.heed((reason) => this.#abort(reason));
  }

  /** What the platform locked for a consumer of its own looks locked here too. */
  mirror(): ReadableStream<Bytes> {
    if (this.#native.locked && !this.#reader) this.lock();
    return this.stream;
  }

  /** Reads at once. Who is given the stream might do so in a later turn, and `bodyUsed` has to be set in this one. */
  start(): ReadableStream<Bytes> {
    void this.#advance();
    return this.stream;
  }

  /** The body is read by another way, from now on. */
  lock(): void {
    if (!this.stream.locked) ReadableStream.prototype.getReader.call(this.stream);
  }

  /** Lets go of the native stream if nothing was read from it: another way of reading is about to begin. */
  yield(): void {
    if (this.#isRead) return;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.releaseLock();
  }

  /** A reader's `closed` must hear of errors without any read: as long as there is a reader here, one is needed there. */
  #watchReaders(): void {
    const { stream } = this;
    const { getReader } = stream;
    override(stream, 'getReader', (...options: []) => {
      const reader = getReader.apply(stream, options);
      const { releaseLock } = reader;
      override(reader, 'releaseLock', () => {
        releaseLock.call(reader);
        this.yield();
      });
      if (!this.#native.locked) this.#take();
      return reader;
    });
  }

  /** The native stream's reader, and an ear on its end. */
  #take(): ReadableStreamDefaultReader<Bytes> {
    if (!this.#reader) {
      const reader = this.#reader = this.#native.getReader();
      reader.closed.then(() => this.#end(), (error) => { if (reader === this.#reader) this.#fail(error); });
    }
    return this.#reader;
  }

  #advance(): Promise<void> {
    return this.#pulling ??= this.#pull();
  }

  async #pull(): Promise<void> {
    this.#reading.begin();
    try {
      const reader = this.#take();
      this.#isRead = true;
      const { done, value } = await reader.read();
      if (done) this.#hasEnded = true;
      else this.#hand(value);
    } catch (error) {
      this.#fail(error);
    }
    this.#pulling = undefined;
    if (this.#hasEnded) this.#end();
    this.#reading.settle();
  }

  /** Passes a chunk on. The stream takes its buffer away, so it is shown before that. */
  #hand(chunk: Bytes): void {
    if (ArrayBuffer.isView(chunk)) this.#reading.see(this.#bytes += chunk.byteLength, chunk);
    if (!this.#isOver) this.#controller.enqueue(chunk);
  }

  /** The native stream has closed: maybe just before the last chunk is told, so a read under way goes first. */
  #end(): void {
    this.#hasEnded = true;
    if (this.#pulling || this.#isOver) return;
    this.#isOver = true;
    this.#reading.finish(this.#bytes);
    const controller = this.#controller as ReadableByteStreamController;
    try {
      controller.close();
      controller.byobRequest?.respond(0);
    } catch {
      // In the middle of an element of a reader's view. The stream has failed by that, as a native one does.
    }
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const reason = this.#reading.reason(error);
    this.#controller.error(reason);
    this.#reading.fail(reason);
  }

  #cancel(reason: unknown): Promise<void> {
    this.#isOver = true;
    const done = (this.#reader ?? this.#native).cancel(reason);
    this.#reading.cancelled();
    return done;
  }

  /** An abort. A body which had been received and read completely by then stays what it is: its end is told before ours. */
  async #abort(reason: unknown): Promise<void> {
    if (this.#isOver || (this.#native.locked && !this.#reader)) return;
    if (this.#reading.isShared) return this.#leave(reason);
    const reader = this.#take();
    await null;
    await null;
    this.#fail(reason);
    // Hand-made bodies know of no signal.
    if (this.#isRead) reader.cancel(reason).catch(() => {});
    else this.yield();
  }

  /** An abort of this reader only: what is inside goes on for others, and who reads here at once must not find it. */
  #leave(reason: unknown): void {
    this.#fail(reason);
    this.#reader?.cancel(reason).catch(() => {});
  }
}
