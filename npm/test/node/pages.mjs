// What tests in real pages share: a server of files, which may be kept by the browser, and a way through a service worker.
import { once } from 'node:events';
import { createServer } from 'node:http';

/** @param {Record<string, { type: string, body: string | Buffer }>} files by path */
export async function serve(files) {
  const server = createServer(({ url }, response) => {
    const file = files[new URL(url, 'http://x').pathname];
    response.writeHead(file ? 200 : 404, { 'content-type': file?.type ?? 'text/plain' }).end(file?.body);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}

/** Has a tab of `origin` controlled by the service worker at `/worker.js`, and goes to `path` through that. */
export async function throughWorker(tab, origin, path) {
  await tab.goto(`${origin}/page`);
  await tab.evaluate(async () => {
    await navigator.serviceWorker.register('/worker.js', { type: 'module' });
    if (!navigator.serviceWorker.controller) await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }));
  });
  await tab.goto(origin + path);
}
