// Loopback servers that count, over HTTP/1.1 or over HTTP/2: how many requests are in flight is said by the side that would suffer.
//
// A request is in flight from its arrival until the last byte of its answer was handed over or its connection is lost. One the client has
// given up may still be on its way: the test excuses it (`excuse(id)`) before it aborts, so what is counted has no slack, and a limit is kept
// exactly or not at all.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';

const BODILESS = new Set([204, 205, 304]);
const CORS = { 'access-control-allow-origin': '*', 'cache-control': 'no-store', 'content-type': 'text/plain' };
/** In real time (ms): long enough for a slow machine to send one request too many, if the client lets it. */
const PATIENCE = 1_000;
const zero = () => ({ arrived: 0, inFlight: 0, most: 0, finished: 0, cut: 0, connections: 0 });

/** A certificate for this process; undefined without openssl. */
function certificate() {
  const command = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout - -out -';
  try {
    const pem = execFileSync('openssl', command.split(' '), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return { key: pem, cert: pem };
  } catch {
    return undefined;
  }
}

let made;
/** Whether there can be servers of HTTP/2. */
export const hasSecure = () => (made ??= certificate()) !== undefined;

/**
 * What to answer: `id`, `latency` and `gap` (ms), `chunks`, `size`, `status`, `location`; `end` says how it ends if not well:
 * `reset` before the headers, `cut` in the middle of the body, `hang` there. With `hold=n` nothing is answered before n were in flight at once:
 * a limit that is not used to the full is never answered, however slow the machine. With `linger=n` the last byte is kept back likewise, but
 * no longer than `PATIENCE` after the origin's first request: who can have n in flight at once will, and who cannot is answered all the same.
 */
function plan({ searchParams }, defaults) {
  const asked = { latency: 0, hold: 0, linger: 0, gap: 0, chunks: 1, size: 10, status: 200, ...defaults, ...Object.fromEntries(searchParams) };
  for (const name of ['latency', 'hold', 'linger', 'gap', 'chunks', 'size', 'status']) asked[name] = Number(asked[name]);
  return asked;
}

/** Lets the connection go, or over HTTP/2 the stream. */
function reset({ stream, socket }) {
  if (stream?.close) stream.close(2);
  else socket.resetAndDestroy();
}

/** Pauses that end when nobody is there any more; none of them takes a timer if it takes no time. */
const pause = (ms, signal) => (ms ? sleep(ms, undefined, { signal }) : undefined);

async function reply(request, response, asked, signal, { crowd, patience, leave }) {
  const { status, size, chunks, gap, location, end } = asked;
  await crowd(asked.hold);
  await pause(asked.latency, signal);
  if (end === 'reset') return reset(request);
  const isEmpty = BODILESS.has(status) || request.method === 'HEAD' || size === 0;
  response.writeHead(status, { ...CORS, ...(location && { location }), ...(!BODILESS.has(status) && { 'content-length': size }) });
  for (let sent = 0, piece = 1; !isEmpty && piece < chunks; piece++) {
    const upTo = Math.floor((size * piece) / chunks);
    response.write('~'.repeat(upTo - sent));
    sent = upTo;
    if (end === 'hang') return;
    await pause(gap, signal);
    if (end === 'cut') return reset(request);
  }
  if (asked.linger) await Promise.race([crowd(asked.linger), patience()]);
  leave(true);
  response.end(isEmpty ? undefined : '~'.repeat(size - (chunks > 1 ? Math.floor((size * (chunks - 1)) / chunks) : 0)));
}

/** One origin. `protocol` is 'http' or 'h2', `defaults` are those of `plan`, `files` what it serves by path: `{ type, body }`. */
export async function startOrigin(protocol = 'http', defaults = {}, files = {}) {
  const server = protocol === 'h2' ? (hasSecure(), createSecureServer({ ...made })) : createServer({ keepAliveTimeout: 60_000 });
  const counts = zero();
  const excused = new Set();
  const open = new Map();
  const held = new Set();
  let patience;

  /** Resolves when so many have been in flight at once. */
  const crowd = (most) => new Promise((resolve) => {
    held.add(() => counts.most >= most && (resolve(), true));
    admit();
  });
  const admit = () => held.forEach((isDone) => { if (isDone()) held.delete(isDone); });

  function leave(id, well) {
    if (!open.delete(id)) return;
    counts.inFlight--;
    counts[well ? 'finished' : 'cut']++;
  }

  server.on('request', (request, response) => {
    request.resume();
    const url = new URL(request.url, 'http://x');
    const file = files[url.pathname];
    if (file) return response.writeHead(200, { ...CORS, 'content-type': file.type }).end(file.body);
    const asked = plan(url, defaults);
    // A hop of a redirect may have the id of its first.
    const id = asked.id === undefined || open.has(asked.id) ? Symbol(asked.id) : asked.id;
    const gone = new AbortController();
    counts.arrived++;
    if (!excused.has(id)) {
      open.set(id, request);
      counts.most = Math.max(counts.most, ++counts.inFlight);
      admit();
    }
    response.on('close', () => {
      leave(id, false);
      gone.abort();
    });
    response.on('error', () => {});
    const place = { crowd, patience: () => (patience ??= sleep(PATIENCE)), leave: (well) => leave(id, well) };
    reply(request, response, asked, gone.signal, place).catch((error) => { if (error.name !== 'AbortError') throw error; });
  });
  const connections = new Set();
  server.on(protocol === 'h2' ? 'secureConnection' : 'connection', (socket) => {
    counts.connections++;
    connections.add(socket);
    socket.on('error', () => {}).on('close', () => connections.delete(socket));
  });
  server.on('sessionError', () => {});
  await once(server.listen(0, '127.0.0.1'), 'listening');

  return {
    origin: `${protocol === 'h2' ? 'https' : 'http'}://127.0.0.1:${server.address().port}`,
    counts,
    /** Not counted from now on: the client is about to give it up. */
    excuse(id) {
      excused.add(String(id));
      leave(String(id), false);
    },
    /** Counts anew. What is in flight is forgotten. */
    reset() {
      open.clear();
      patience = undefined;
      Object.assign(counts, zero());
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}

/** Several. */
export async function startOrigins(count, protocol, defaults) {
  const list = await Promise.all(Array.from({ length: count }, () => startOrigin(protocol, defaults)));
  return {
    list,
    origins: list.map(({ origin }) => origin),
    counts: () => list.map(({ counts }) => ({ ...counts })),
    reset: () => list.forEach((one) => one.reset()),
    close: () => Promise.all(list.map((one) => one.close())),
  };
}
