// @ts-check
/**
 * `node examples/web_page/server.mjs [--port N]`: the page and the server it fetches from, until Ctrl-C.
 * `cargo xtask web-page` builds the page's wasm and calls this; $WEB_PAGE says where the built files are.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startOrigins } from '../../www/server/origins.mjs';

const FILES = 12;
const PAGE = new URL('index.html', import.meta.url);
const BUILT = process.env.WEB_PAGE ?? fileURLToPath(new URL('../../target/web_page', import.meta.url));

/** @param {{ port?: number, gap?: number }} [options] `gap`: ms between two pieces of a file */
export async function start({ port = 0, gap = 10 } = {}) {
  const files = await startOrigins({ count: 1, latency: 3 * gap, size: 50_000, chunks: 10, gap });
  const list = Array.from({ length: FILES }, (_, index) => `${files.origins[0]}/file-${index + 1}?id=${index + 1}`);
  const server = createServer((request, response) => void respond(list, request.url ?? '/', response));
  await new Promise((ready, failed) => server.once('error', failed).listen(port, '127.0.0.1', () => ready(undefined)));
  const bound = /** @type {import('node:net').AddressInfo} */ (server.address()).port;
  const close = async () => {
    server.close();
    server.closeAllConnections();
    await files.close();
  };
  return { address: `http://127.0.0.1:${bound}/`, files, close };
}

/** @param {string[]} list @param {string} url @param {import('node:http').ServerResponse} response */
async function respond(list, url, response) {
  const answer = await content(list, url).catch(() => undefined);
  response.writeHead(answer ? 200 : 404, { 'Content-Type': answer?.type ?? 'text/plain' }).end(answer?.body);
}

/** @param {string[]} list @param {string} url */
async function content(list, url) {
  switch (url) {
    case '/': return { type: 'text/html; charset=utf-8', body: await readFile(PAGE) };
    case '/files.json': return { type: 'application/json', body: JSON.stringify(list) };
    case '/web_page.js': return { type: 'text/javascript', body: await readFile(`${BUILT}/web_page.js`) };
    case '/web_page_bg.wasm': return { type: 'application/wasm', body: await readFile(`${BUILT}/web_page_bg.wasm`) };
    default: return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });
  const { address, close } = await start({ port: Number(values.port), gap: 120 });
  console.log(`the page: ${address}   (Ctrl-C ends it)`);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void close());
}
