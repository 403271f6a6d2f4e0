// @ts-check
/**
 * Several real origins for the demo and for tests: one node:http server per origin on 127.0.0.1, each on its own
 * port, with latency before the headers and a body that arrives in pieces. The servers count what they see, so that
 * "never more than the limit in flight" is said by the side that would suffer, not by the side that promises it.
 *
 *   const mill = await startOrigins({ count: 5, latency: [20, 80] });
 *   await fetch(`${mill.origins[0]}/item?id=1&size=4096`);
 *   mill.stats()[0].mostInFlight; mill.log(0); mill.reset(); await mill.close();
 *
 * Every number can be set per request by a query parameter of the same name (see `plan`). Equal GETs are let through
 * one by one by Chromium's cache: give each URL a unique `id`, or fetch with `cache: 'no-store'`.
 */
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * @typedef {object} OriginOptions
 * @property {number} [count] how many origins; 6
 * @property {number | number[]} [latency] ms before the headers; a list is dealt out over the origins; 40
 * @property {number} [chunks] pieces of the body; 4
 * @property {number} [gap] ms between two pieces; 15
 * @property {number} [size] bytes of the body; 4096
 * @property {number} [bear] answer 429 to what arrives while this many are in flight; Infinity
 * @property {string[]} [names] a name per origin, for people
 *
 * @typedef {object} OriginStats
 * @property {string} origin
 * @property {string} name
 * @property {number} latency
 * @property {number} requests all that arrived (preflights and /stats not counted)
 * @property {number} inFlight arrived, and neither answered to the end nor cut off
 * @property {number} mostInFlight the highest `inFlight` since the start or `reset()`
 * @property {number} finished answered to the last byte
 * @property {number} aborted cut off by the client
 * @property {number} refused answered 429 because of `bear` (these are in `finished`, too)
 * @property {number} preflights
 *
 * @typedef {{ what: 'arrived' | 'finished' | 'aborted', id: string, inFlight: number, at: number }} LogEntry
 *
 * @typedef {object} Origins
 * @property {string[]} origins addresses without a slash at the end
 * @property {() => OriginStats[]} stats a snapshot, in the order of `origins`
 * @property {(index: number) => LogEntry[]} log what happened at one origin, in order; `id` is the query's
 * @property {() => void} reset counters and logs start anew (what is in flight stays counted)
 * @property {() => Promise<void>} close cuts off what is still open
 */

const DEFAULTS = { count: 6, latency: 40, chunks: 4, gap: 15, size: 4096, bear: Infinity };

const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': '*',
  'Timing-Allow-Origin': '*',
  'Cache-Control': 'no-store',
};

const PREFLIGHT = {
  ...CORS,
  'Access-Control-Allow-Methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
  'Access-Control-Allow-Headers': '*',
  'Access-Control-Max-Age': '600',
};

/** Statuses whose response never has a body. */
const BODILESS = new Set([204, 205, 304]);

/**
 * @param {OriginOptions} [options]
 * @returns {Promise<Origins>}
 */
export async function startOrigins(options = {}) {
  const count = options.count ?? DEFAULTS.count;
  const started = await Promise.all(Array.from({ length: count }, (_, index) => startOrigin(options, index)));
  return {
    origins: started.map((one) => one.counts.origin),
    stats: () => started.map((one) => ({ ...one.counts })),
    log: (index) => [...started[index].log],
    reset: () => started.forEach(reset),
    close: async () => void (await Promise.all(started.map((one) => stop(one.server)))),
  };
}

/**
 * @typedef {object} Origin
 * @property {import('node:http').Server} server
 * @property {OriginStats} counts
 * @property {LogEntry[]} log
 * @property {OriginOptions} options
 *
 * @param {OriginOptions} options
 * @param {number} index
 * @returns {Promise<Origin>}
 */
async function startOrigin(options, index) {
  const server = createServer();
  await new Promise((ready, failed) => server.once('error', failed).listen(0, '127.0.0.1', () => ready(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const counts = { origin: `http://127.0.0.1:${port}`, ...person(options, index), ...zero() };
  const origin = { server, counts, log: [], options };
  server.on('request', (request, response) => void answer(origin, request, response));
  return origin;
}

/** The name and the latency of one origin. @param {OriginOptions} options @param {number} index */
function person({ names = [], latency = DEFAULTS.latency }, index) {
  const list = Array.isArray(latency) ? latency : [latency];
  return { name: names[index] ?? `origin ${index + 1}`, latency: list[index % list.length] };
}

const zero = () => ({
  requests: 0, inFlight: 0, mostInFlight: 0, finished: 0, aborted: 0, refused: 0, preflights: 0,
});

/** @param {Origin} origin */
function reset(origin) {
  const { inFlight } = origin.counts;
  Object.assign(origin.counts, zero(), { inFlight, mostInFlight: inFlight });
  origin.log.length = 0;
}

/** @param {import('node:http').Server} server */
function stop(server) {
  const closed = new Promise((done) => server.close(done));
  server.closeAllConnections();
  return closed;
}

/**
 * @param {Origin} origin
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function answer(origin, request, response) {
  request.resume();
  const url = new URL(request.url ?? '/', origin.counts.origin);
  if (request.method === 'OPTIONS') return preflight(origin, response);
  if (url.pathname === '/stats') return sendJson(response, origin.counts);
  const full = origin.counts.inFlight >= limitOf(origin, url);
  const gone = count(origin, response, url.searchParams.get('id') ?? '');
  const asked = { ...plan(origin, url), head: request.method === 'HEAD' };
  await reply(response, full ? refusal(origin, asked) : asked, gone).catch(ignoreCut);
}

/** @param {Origin} origin @param {import('node:http').ServerResponse} response */
function preflight(origin, response) {
  origin.counts.preflights++;
  response.writeHead(204, PREFLIGHT).end();
}

/** @param {import('node:http').ServerResponse} response @param {unknown} value */
function sendJson(response, value) {
  response.writeHead(200, { ...CORS, 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}

/** @param {Origin} origin @param {URL} url */
function limitOf(origin, url) {
  return Number(url.searchParams.get('bear') ?? origin.options.bear ?? DEFAULTS.bear);
}

/**
 * Counts a request from its arrival to the last byte of its answer, or to the loss of its connection. The signal
 * ends the waiting of an answer that nobody will get.
 * @param {Origin} origin
 * @param {import('node:http').ServerResponse} response
 * @param {string} id
 */
function count({ counts, log }, response, id) {
  const gone = new AbortController();
  const note = (/** @type {LogEntry['what']} */ what) =>
    log.push({ what, id, inFlight: counts.inFlight, at: performance.now() });
  counts.requests++;
  counts.mostInFlight = Math.max(counts.mostInFlight, ++counts.inFlight);
  note('arrived');
  response.once('close', () => {
    const what = response.writableFinished ? 'finished' : 'aborted';
    counts.inFlight--;
    counts[what]++;
    note(what);
    gone.abort();
  });
  return gone.signal;
}

/**
 * What to answer: the origin's numbers, overruled by the query:
 * `latency`, `chunks`, `gap`, `size`, `status`, `location` (with a 3xx), `hang=headers|body` (never goes on from there).
 * @param {Origin} origin
 * @param {URL} url
 */
function plan({ counts, options }, { searchParams }) {
  const number = (/** @type {string} */ name, /** @type {number} */ otherwise) =>
    Number(searchParams.get(name) ?? otherwise);
  return {
    latency: number('latency', counts.latency),
    chunks: number('chunks', options.chunks ?? DEFAULTS.chunks),
    gap: number('gap', options.gap ?? DEFAULTS.gap),
    size: number('size', options.size ?? DEFAULTS.size),
    status: number('status', 200),
    location: searchParams.get('location'),
    hang: searchParams.get('hang'),
  };
}

/** @typedef {ReturnType<typeof plan> & { head: boolean }} Plan */

/** A server that has enough says so after a short look at the request. @param {Origin} origin @param {Plan} asked */
function refusal(origin, asked) {
  origin.counts.refused++;
  return { ...asked, status: 429, size: 0, latency: Math.min(asked.latency, 10), hang: null };
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {Plan} asked
 * @param {AbortSignal} signal
 */
async function reply(response, asked, signal) {
  const arrived = performance.now();
  await sleep(asked.hang === 'headers' ? 2 ** 31 - 1 : asked.latency, undefined, { signal });
  const hasBody = asked.size > 0 && !asked.head && !BODILESS.has(asked.status);
  response.writeHead(asked.status, headers(asked, performance.now() - arrived));
  if (hasBody) await stream(response, asked, signal);
  response.end();
}

/** @param {Plan} asked @param {number} took */
function headers({ status, size, location }, took) {
  return {
    ...CORS,
    'Content-Type': 'text/plain; charset=utf-8',
    // How long the server had the request: what is left of the client's own measure was spent waiting in the browser.
    'X-Server-Ms': took.toFixed(1),
    ...(BODILESS.has(status) ? {} : { 'Content-Length': String(size) }),
    ...(location ? { Location: location } : {}),
  };
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {Plan} asked
 * @param {AbortSignal} signal
 */
async function stream(response, { chunks, size, gap, hang }, signal) {
  const pieces = Math.max(1, Math.min(chunks, size));
  for (let piece = 0, sent = 0; piece < pieces; piece++) {
    const upTo = Math.round((size * (piece + 1)) / pieces);
    response.write('~'.repeat(upTo - sent));
    sent = upTo;
    const last = piece === pieces - 1;
    if (hang === 'body' && piece === 0) await sleep(2 ** 31 - 1, undefined, { signal });
    if (!last) await sleep(gap, undefined, { signal });
  }
}

/** A client that went away is counted, not reported. @param {unknown} error */
function ignoreCut(error) {
  if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
}
