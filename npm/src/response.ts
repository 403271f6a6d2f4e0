/**
 * Observes a response without touching what it is: the platform's own object, with own members in place of those that read the body.
 * A new `Response` around the stream would lose `url`, `redirected`, `type` and the guard of its headers; a proxy fails the brand checks.
 */
import type { Asked } from './asked.js';
import { type Body, isByteStream, override, spare } from './body.js';
import type { Reading } from './reading.js';

type Whole = 'arrayBuffer' | 'blob' | 'bytes' | 'formData' | 'json' | 'text';

const NULL_BODY = [101, 103, 204, 205, 304];

/**
 * Whether there is a body to wait for. Not told by `body` alone: Chromium gives a 204 and the answer to a HEAD a stream. Of an opaque
 * answer (status 0) nothing can be seen, and nobody reads a redirect they asked to have left alone.
 */
export function hasBody(asked: Asked, response: Response): boolean {
  const { method = 'GET', redirect = 'follow' } = asked as Partial<Request>;
  const status = response?.status;
  // The headers first: in Bun, those of a response made by hand lose their content type when the body is looked at before.
  return response?.headers?.get('content-length') !== '0' && typeof response?.body?.getReader === 'function' && method !== 'HEAD'
    && status !== 0 && !NULL_BODY.includes(status) && !(redirect === 'manual' && status >= 300 && status < 400);
}

/** Reads a member as if `target` had none of its own by that name any more, however often it is asked later. */
function inherited(target: object, name: string): () => unknown {
  let holder: object | null = target;
  let found: PropertyDescriptor | undefined;
  while (holder && !(found = Object.getOwnPropertyDescriptor(holder, name))) holder = Object.getPrototypeOf(holder);
  return () => found?.get ? found.get.call(target) : found?.value;
}

/** For another response with the same kind of body. */
const init = ({ headers }: Response) => ({ __proto__: null, headers }) as ResponseInit;

/** The newest way of reading a body; no engine's types know it yet. */
interface Texts { textStream?: () => ReadableStream<string> }

/** Tells `reading` of all that happens to the body of `response`. Of the network's bodies it is known before that they are byte streams. */
export function observe(response: Response, reading: Reading, isNative: boolean): void {
  const native = inherited(response, 'body') as () => ReadableStream<Uint8Array<ArrayBuffer>>;
  // Not every engine has all of them.
  const { arrayBuffer, blob, bytes, formData, json, text, clone } = response;
  const { textStream } = response as Texts;
  const platform: Partial<Record<Whole, () => Promise<unknown>>> = { arrayBuffer, blob, bytes, formData, json, text };
  const isBytes = isNative || isByteStream(native());
  /** Undefined once the platform has read all without anybody having looked at it. */
  let body: Body | undefined = spare(isBytes);

  /** Somebody looks at it. Whoever has put another fetch in the platform's place may have made any kind of stream. */
  const look = () => {
    if (body?.isOpen) return body;
    const isRead = !body;
    const isOther = isNative && !native().locked && !isByteStream(native());
    if (!body || isOther) body = spare(isBytes && !isOther);
    body.open(native(), reading);
    if (isRead) body.lock();
    return body;
  };

  const free = () => {
    if (!body?.isOpen) return;
    if (!response.bodyUsed && body.stream.locked) throw new TypeError('The body of the response is locked by a reader');
    body.yield();
  };

  /** All of it, by one of the platform's own methods. */
  const all = async (name: Whole) => {
    const read = () => platform[name]!.call(response);
    if (response.bodyUsed) return read();
    free();
    // The platform's own reading is quicker, but shows no chunks, and that of a hand-made body knows of no abort.
    const isSeen = reading.isWatched || reading.signal.aborted;
    const whole: Promise<unknown> = isSeen ? new Response(look().start(), init(response))[name]() : read();
    if (!body || body.isOpen || !response.bodyUsed) look().lock();
    else {
      body.spare();
      body = undefined;
    }
    return reading.consume(whole, response);
  };

  // In quotes are those the bundler does not know: it would shorten them.
  override(response, {
    arrayBuffer: () => all('arrayBuffer'),
    blob: () => all('blob'),
    bytes: () => all('bytes'),
    formData: () => all('formData'),
    json: () => all('json'),
    text: () => all('text'),
    // A stream of text. The platform's own would be read unseen.
    'textStream': () => {
      if (response.bodyUsed) return textStream!.call(response);
      free();
      return (new Response(look().stream, init(response)) as Texts).textStream!();
    },
    clone: () => {
      free();
      const copy = clone.call(response);
      if (body?.isOpen) {
        body.lock();
        body = spare(isBytes);
      }
      reading.branch(copy);
      observe(copy, reading, isNative);
      return copy;
    },
  });
  Object.defineProperty(response, 'body', { __proto__: null, configurable: true, get: () => look().mirror() } as PropertyDescriptor);
  reading.heed((reason) => { if (body) void look().abort(reason); });
}
