// A server of files for pages, which may be kept by the browser.
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
