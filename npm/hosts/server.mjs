// The loopback server of one run of one host: it has the pages and the bundle, and hears what happens.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { text } from 'node:stream/consumers';

const pages = fileURLToPath(new URL('pages', import.meta.url));
const page = (script) => `<!doctype html><meta charset="utf-8"><title>${script}</title><script type="module" src="/${script}.js"></script>`;

/** `hear(message)` is called for every message of the host. */
export async function startServer(bundle, hear) {
  const server = createServer(async (request, response) => {
    if (request.method === 'POST') {
      hear(JSON.parse(await text(request)));
      return response.end();
    }
    const name = new URL(request.url, 'http://host').pathname.slice(1);
    const isPage = !name.includes('.');
    const body = isPage ? page(name) : await readFile(name === 'bundle.js' ? bundle : join(pages, name)).catch(() => undefined);
    response.writeHead(body ? 200 : 404, { 'Content-Type': isPage ? 'text/html' : 'text/javascript', 'Cache-Control': 'no-store' }).end(body);
  });
  // A host may be busy for long, and would then write to a connection that was closed.
  server.keepAliveTimeout = 0;
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { address: `http://127.0.0.1:${server.address().port}`, close };
}
