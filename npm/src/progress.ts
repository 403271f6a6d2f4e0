/**
 * How far a transfer has come, as ky tells it.
 */

/** How much of a body has gone over. */
export interface Progress {
  /** From 0 to 1. 0 as long as the total is unknown; 1 is told once, at the end. */
  readonly percent: number;
  readonly transferredBytes: number;
  /** 0 if it is unknown. */
  readonly totalBytes: number;
}

/** Called for every chunk with a copy of it, and at the end with an empty one. What it throws is logged, and changes nothing. */
export type ProgressListener = (progress: Progress, chunk: Uint8Array<ArrayBuffer>) => void;

type Bytes = Uint8Array<ArrayBuffer>;

/** Counts one body, and tells. @internal */
export class Meter {
  readonly #listener: ProgressListener;
  readonly #total: number;
  #bytes = 0;

  constructor(listener: ProgressListener, total: number) {
    this.#listener = listener;
    this.#total = total;
  }

  add(chunk: Bytes): void {
    this.#bytes += chunk.byteLength;
    // What the other side has said of its size may be wrong.
    this.#tell(this.#total && Math.min(this.#bytes / this.#total, 1 - Number.EPSILON), chunk.slice());
  }

  /** All has gone over, whether chunks were seen or not. To be called once. */
  end(): void {
    this.#bytes ||= this.#total;
    this.#tell(1, new Uint8Array());
  }

  #tell(percent: number, chunk: Bytes): void {
    try {
      this.#listener({ percent, transferredBytes: this.#bytes, totalBytes: Math.max(this.#total, percent && this.#bytes) }, chunk);
    } catch (error) {
      console.error(error);
    }
  }
}

/** A meter for a response. The length of a compressed body is no measure: what is seen of it is unpacked. @internal */
export function downloadMeter(listener: ProgressListener, { headers }: Response): Meter {
  return new Meter(listener, headers.has('content-encoding') ? 0 : Number(headers.get('content-length')) || 0);
}

/** The size of what was given as a request's body, or 0. @internal */
export function bodySize(body: unknown): number {
  const isKnown = typeof body === 'string' || ArrayBuffer.isView(body) || [ArrayBuffer, Blob, URLSearchParams].some((Kind) => body instanceof Kind);
  return isKnown ? new Blob([body as BlobPart]).size : 0;
}

let canStream: boolean | undefined;

/** Whether the platform takes a stream for a request's body: then it asks for `duplex`, and has not made a text of it. */
function streamsRequests(): boolean {
  let isAsked = false;
  try {
    const request = new Request('https://millpond.invalid', {
      body: new ReadableStream(), method: 'POST', get duplex() { isAsked = true; return 'half'; },
    } as RequestInit);
    return isAsked && !request.headers.has('content-type');
  } catch {
    return false;
  }
}

/**
 * What to send a request with so that its body is measured on the way; nothing where that cannot be. Nothing is read of the body before
 * the platform asks for it. @internal
 */
export function metered(request: Request, meter: Meter): RequestInit | undefined {
  const { body, keepalive, mode } = request;
  if (!body || keepalive || mode === 'no-cors' || !(canStream ??= streamsRequests())) return undefined;
  let reader: ReadableStreamDefaultReader<Bytes> | undefined;
  const source = {
    __proto__: null,
    async pull(controller: ReadableStreamDefaultController<Bytes>) {
      reader ??= body.getReader();
      const { done, value } = await reader.read();
      if (done) {
        meter.end();
        controller.close();
      } else {
        meter.add(value);
        controller.enqueue(value);
      }
    },
    cancel: (reason: unknown) => (reader ?? body).cancel(reason),
  };
  const stream = new ReadableStream(source as UnderlyingDefaultSource<Bytes>, { __proto__: null, highWaterMark: 0 } as QueuingStrategy);
  return { body: stream, duplex: 'half' } as RequestInit;
}
