// What the tests of createFetch share: a base fetch made of deferred promises, bodies that are fed by hand, and turns of the event loop.
import { createServer } from 'node:http';

/** One turn of the event loop: everything that was ready has run. */
export const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Turns until `isSo()`. What never comes fails; what is only slow does not. */
export async function until(isSo, what = isSo.toString(), ms = 20_000) {
  const end = performance.now() + ms;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`never came: ${what}`);
    await turn();
  }
}

/**
 * A base fetch that answers when it is told to. It rejects when its request's signal is aborted, as the platform's does;
 * with `deaf` it does not.
 */
export function fakeFetch({ deaf = false } = {}) {
  const calls = [];
  const fetch = (request) => new Promise((resolve, reject) => {
    const answer = (body, init) => resolve(body instanceof Response ? body : new Response(body, init));
    calls.push({ request, url: request.url, answer, resolve, reject });
    if (!deaf) request.signal.addEventListener('abort', () => reject(request.signal.reason), { once: true });
  });
  return { fetch, calls };
}

/** A body that is fed by hand; knows whether it was cancelled, and with what. */
export function handBody(type = 'bytes') { // null: not a byte stream
  const body = { cancelled: undefined };
  body.stream = new ReadableStream({
    type: type ?? undefined,
    start: (controller) => { body.controller = controller; },
    cancel: (reason) => { body.cancelled = { reason }; },
  });
  body.push = (text) => body.controller.enqueue(new TextEncoder().encode(text));
  body.close = () => {
    body.controller.close();
    body.controller.byobRequest?.respond(0);
  };
  body.error = (error) => body.controller.error(error);
  return body;
}

/** How a promise stands after a turn: 'pending', or what it came to. */
export async function state(promise) {
  let now = 'pending';
  promise.then((value) => { now = { value }; }, (error) => { now = { error }; });
  await turn();
  return now;
}

/** What a promise rejects with. */
export const rejection = (promise) => promise.then((value) => { throw new Error(`fulfilled with ${value}`); }, (error) => error);

/** A loopback server: `answer(request, response)`. */
export async function serve(answer) {
  const server = createServer(answer);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  return { origin: `http://127.0.0.1:${server.address().port}`, close };
}

/** Counters of a fetch that has nothing left to do. */
export const isQuiet = ({ stats }) => stats.waiting === 0 && stats.running === 0;
