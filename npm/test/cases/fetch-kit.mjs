// What the tests of createFetch share: a base fetch made of deferred promises, and bodies that are fed by hand.
export { rejection, settle as turn, state, until } from './tools.mjs';

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

/** Counters of a fetch that has nothing left to do. */
export const isQuiet = ({ stats }) => stats.waiting === 0 && stats.running === 0;
