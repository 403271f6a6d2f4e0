// @ts-check
/**
 * The demo's own server: the page at `/`, the built package at `/millpond/`, and under `/api/` what the origins
 * counted, so that the page can show the servers' numbers beside its own. A strict Content-Security-Policy is sent
 * along: it is also the proof that the package runs with no more than `'wasm-unsafe-eval'`.
 */
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const PAGE = resolve(here, '..');
const PACKAGE = resolve(here, '../../npm/dist');

/** Only these parts of `www/` are the page; the servers and the test are not for visitors. */
const PUBLIC = /^(index\.html|main\.js|style\.css|favicon\.svg|app\/[\w-]+\.js)$/;

/** @type {Record<string, string>} */
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

const HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self' http://127.0.0.1:*",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

/**
 * Two sets of origins, alike but for their ports, so that both sides can run at the same time unharmed by each other.
 * @typedef {{ plain: import('./origins.mjs').Origins, millpond: import('./origins.mjs').Origins }} Sides
 *
 * @param {{ sides: Sides, port?: number }} options
 * @returns {Promise<{ address: string, close(): Promise<void> }>}
 */
export async function startSite({ sides, port = 0 }) {
  const server = createServer((request, response) => void respond(sides, request, response));
  await new Promise((ready, failed) => server.once('error', failed).listen(port, '127.0.0.1', () => ready(undefined)));
  const bound = /** @type {import('node:net').AddressInfo} */ (server.address()).port;
  return { address: `http://127.0.0.1:${bound}/`, close: () => stop(server) };
}

/** @param {import('node:http').Server} server @returns {Promise<void>} */
function stop(server) {
  const closed = new Promise((done) => server.close(() => done(undefined)));
  server.closeAllConnections();
  return /** @type {Promise<void>} */ (closed);
}

/**
 * @param {Sides} sides
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function respond(sides, request, response) {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname.startsWith('/api/')) return api(sides, url, response);
  const file = fileFor(url.pathname);
  const bytes = file && (await readFile(file).catch(() => undefined));
  if (!file || !bytes) return send(response, 404, TYPES['.html'], 'There is nothing at this address.');
  send(response, 200, TYPES[extname(file)] ?? 'application/octet-stream', bytes);
}

/** @param {string} pathname @returns {string | undefined} */
function fileFor(pathname) {
  const path = pathname === '/' ? 'index.html' : pathname.slice(1);
  if (PUBLIC.test(path)) return resolve(PAGE, path);
  const inPackage = resolve(PACKAGE, path.replace(/^millpond\//, ''));
  return path.startsWith('millpond/') && inPackage.startsWith(PACKAGE + sep) ? inPackage : undefined;
}

/**
 * `/api/watch?side=plain&from=3,0,5`: the counts of every origin, and its log from the given entry on.
 * `/api/reset?side=plain`: counts and logs start anew.
 * @param {Sides} sides
 * @param {URL} url
 * @param {import('node:http').ServerResponse} response
 */
function api(sides, { pathname, searchParams }, response) {
  const name = searchParams.get('side');
  const side = name === 'plain' || name === 'millpond' ? sides[name] : undefined;
  if (!side) return sendJson(response, 400, { error: 'side must be plain or millpond' });
  if (pathname === '/api/reset') side.reset();
  else if (pathname !== '/api/watch') return sendJson(response, 404, { error: 'no such page' });
  sendJson(response, 200, watch(side, (searchParams.get('from') ?? '').split(',').map(Number)));
}

/** @param {import('./origins.mjs').Origins} side @param {number[]} from */
function watch(side, from) {
  const origins = side.stats().map((stats, index) => ({ ...stats, log: side.log(index).slice(from[index] || 0) }));
  return { now: performance.now(), origins };
}

/** @param {import('node:http').ServerResponse} response @param {number} status @param {unknown} value */
function sendJson(response, status, value) {
  send(response, status, 'application/json', JSON.stringify(value));
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {number} status
 * @param {string} type
 * @param {string | Buffer} body
 */
function send(response, status, type, body) {
  response.writeHead(status, { ...HEADERS, 'Content-Type': type }).end(body);
}
