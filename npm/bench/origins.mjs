// Loopback servers that answer after some milliseconds, in a process of their own so that their work is not the client's.
//
// As a program: `origins.mjs COUNT` prints the origins and serves until it is killed. A request's `id` says how long it takes: the same for
// whoever asks.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { here } from './paths.mjs';
import { seeded } from './seeded.mjs';

/** ms: 20 to 60. Short enough to get through thousands, long enough that the client is not busy all the time: then it would show nothing but its own work. */
const latency = (id) => 20 + 40 * seeded(id)();
const FILLING = '.'.repeat(500);

/** Uses `count` origins: `use(origins)`. */
export async function withOrigins(count, use) {
  const child = spawn(process.execPath, [here('origins.mjs'), String(count)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const stop = () => child.kill();
  process.once('exit', stop);
  try {
    const [line] = await once(child.stdout, 'data');
    return await use(JSON.parse(line));
  } finally {
    stop();
    process.off('exit', stop);
  }
}

async function start() {
  const server = createServer(({ url }, response) => {
    const id = Number(new URL(url, 'http://x').searchParams.get('id'));
    setTimeout(() => {
      response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-store', 'access-control-allow-origin': '*' }).end(`${id} ${FILLING}`);
    }, latency(id));
  });
  server.keepAliveTimeout = 0;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(JSON.stringify(await Promise.all(Array.from({ length: Number(process.argv[2]) }, start))));
}
