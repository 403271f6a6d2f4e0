// Origins that need no luck to see whether a limit is used: each answers only while as many requests are in flight as the
// limit allows, or when the last has come. A client that leaves a place unused while work waits is never answered. One that
// goes beyond the limit is seen: there is a pause before each answer, in which one more would arrive. Half of the body is
// sent at once, so that a place given up at the headers would show, too.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';

const PAUSE = 4; // ms before each answer

/** @param {number} count how many origins */
export async function startMill(count) {
  const origins = await Promise.all(Array.from({ length: count }, startOrigin));
  return {
    origins: origins.map(({ address }) => address),
    /** Counts anew, for `each` requests per origin under `limit`. */
    begin: (limit, each) => origins.forEach((origin) => Object.assign(origin, { limit, each, arrived: 0, finished: 0, most: 0 })),
    /** Throws unless every origin saw all its requests, and never more of them at once than the limit. */
    assertKept: () => origins.forEach(assertKept),
    close: () => Promise.all(origins.map(({ server }) => stop(server))),
  };
}

async function startOrigin() {
  const server = createServer((request, response) => arrive(origin, request, response));
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const address = `http://127.0.0.1:${server.address().port}`;
  const origin = { server, address, open: new Set(), pause: undefined, limit: 0, each: 0, arrived: 0, finished: 0, most: 0 };
  return origin;
}

/** The request asks by `?size=` for a body of so many bytes. */
function arrive(origin, request, response) {
  const size = Number(new URL(request.url, origin.address).searchParams.get('size'));
  const half = Math.floor(size / 2);
  const answer = () => response.end('~'.repeat(size - half));
  origin.arrived++;
  origin.open.add(answer);
  origin.most = Math.max(origin.most, origin.open.size);
  response.writeHead(200, { 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'no-store', 'Content-Length': size });
  response.write('~'.repeat(half));
  response.once('close', () => leave(origin, answer, response.writableFinished));
  pause(origin);
}

function leave(origin, answer, finished) {
  origin.open.delete(answer);
  origin.finished += Number(finished);
  pause(origin);
}

/** Answers the oldest request after a while, if that is due. */
function pause(origin) {
  const { open, limit, each, arrived } = origin;
  if (origin.pause || open.size === 0 || (open.size < limit && arrived < each)) return;
  origin.pause = setTimeout(() => {
    origin.pause = undefined;
    const [oldest] = open;
    oldest?.();
  }, PAUSE);
}

function assertKept({ address, limit, each, arrived, finished, most }) {
  assert.ok(most <= limit, `${address} saw ${most} requests in flight, more than ${limit}`);
  assert.equal(most, limit, `${address} saw at most ${most} requests in flight, fewer than ${limit}`);
  assert.deepEqual({ arrived, finished }, { arrived: each, finished: each }, `${address} lost requests`);
}

/** Closes a server and cuts off its clients. @param {import('node:http').Server} server */
export function stop(server) {
  const closed = new Promise((done) => server.close(done));
  server.closeAllConnections();
  return closed;
}
