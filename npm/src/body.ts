/**
 * The stream handed out in place of a response's own.
 *
 * It touches the native stream at the first read only: `if (response.body)` must leave the response usable for what looks at its
 * inside (`cache.put`, `respondWith`, `compileStreaming`). It is made early all the same: a stream starts one microtask late, and
 * `reader.read()` must set `bodyUsed` in the same turn. Most are never looked at, and serve the next response then: streams are dear.
 * Every dictionary has no prototype: pages do pollute `Object.prototype`.
 */
import type { Reading } from './reading.js';

type Bytes = Uint8Array<ArrayBuffer>;

/** What every member is defined with, one after the other. */
const member = { __proto__: null, configurable: true, writable: true, value: undefined as unknown };

/**
 * Puts functions in the place of the methods there are, as the platform would not show them: no loop over the object meets them. They do not look
 * at `this`.
 */
export function override(target: object, methods: Readonly<Record<string, (...args: []) => unknown>>): void {
  for (const name of Object.keys(methods)) {
    member.value = methods[name];
    if ((target as Record<string, unknown>)[name] !== undefined) Object.defineProperty(target, name, member as PropertyDescriptor);
  }
  member.value = undefined;
}

/** Network bodies are byte streams in every engine; those of hand-made responses need not be. */
export function isByteStream(stream: ReadableStream): boolean {
  try {
    stream.getReader({ __proto__: null, mode: 'byob' } as { mode: 'byob' }).releaseLock();
    return true;
  } catch {
    return false;
  }
}

/** Those nobody has looked at: others, and those of bytes. So many of each are kept. */
const spares = [[], []] as [Body[], Body[]];
const MOST = 32;

/** A stream that has started, unless there was none; it has yet to be opened. */
export function spare(isBytes: boolean): Body {
  return spares[+isBytes as 0 | 1].pop() ?? new Body(isBytes);
}

export class Body {
  readonly stream: ReadableStream<Bytes>;
  readonly #isBytes: boolean;
  #native!: ReadableStream<Bytes>;
  #reading: Reading | undefined;
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

  constructor(isBytes: boolean) {
    this.#isBytes = isBytes;
    const source = {
      __proto__: null,
      type: isBytes ? 'bytes' : undefined,
      start: (controller: ReadableStreamController<Bytes>) => { this.#controller = controller; },
      pull: () => this.#advance(),
      cancel: (reason: unknown) => this.#cancel(reason),
    };
    this.stream = new ReadableStream(source as UnderlyingSource<Bytes>, { __proto__: null, highWaterMark: 0 } as QueuingStrategy);
  }

  /** Puts a native stream behind it, before anybody looks at it. */
  open(native: ReadableStream<Bytes>, reading: Reading): this {
    this.#native = native;
    this.#reading = reading;
    this.#watchReaders();
    return this;
  }

  /** Whether somebody has looked at it. */
  get isOpen(): boolean {
    return this.#reading !== undefined;
  }

  /** Nobody will look at it. */
  spare(): void {
    const others = spares[+this.#isBytes as 0 | 1];
    if (others.length < MOST) others.push(this);
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
    override(stream, {
      getReader: (...options: []) => {
        const reader = getReader.apply(stream, options);
        const { releaseLock } = reader;
        override(reader, {
          releaseLock: () => {
            releaseLock.call(reader);
            this.yield();
          },
        });
        if (!this.#native.locked) this.#take();
        return reader;
      },
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
    this.#reading!.begin();
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
    this.#reading!.settle();
  }

  /** Passes a chunk on. The stream takes its buffer away, so it is shown before that. */
  #hand(chunk: Bytes): void {
    if (ArrayBuffer.isView(chunk)) this.#reading!.see(this.#bytes += chunk.byteLength, chunk);
    if (!this.#isOver) this.#controller.enqueue(chunk);
  }

  /** The native stream has closed: maybe just before the last chunk is told, so a read under way goes first. */
  #end(): void {
    this.#hasEnded = true;
    if (this.#pulling || this.#isOver) return;
    this.#isOver = true;
    this.#reading!.finish(this.#bytes);
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
    const reason = this.#reading!.reason(error);
    this.#controller.error(reason);
    this.#reading!.fail(reason);
  }

  #cancel(reason: unknown): Promise<void> {
    this.#isOver = true;
    const done = (this.#reader ?? this.#native).cancel(reason);
    this.#reading!.cancelled();
    return done;
  }

  /** An abort. A body which had been received and read completely by then stays what it is: its end is told before ours. */
  async abort(reason: unknown): Promise<void> {
    if (this.#isOver || (this.#native.locked && !this.#reader)) return;
    if (this.#reading!.isShared) return this.#leave(reason);
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
