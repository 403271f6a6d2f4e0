// The response handed out is the platform's own: from a real server, and for Node's own readers.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { createFetch } from 'millpond';
import { handBody, isQuiet, rejection } from '../cases/fetch-kit.mjs';
import { serve, until } from './kit.mjs';

let server;
before(async () => {
  server = await serve((request, response) => {
    if (request.url === '/redirect') return response.writeHead(302, { location: '/end?x=1' }).end('moved');
    response.writeHead(200, { 'content-type': 'application/json', 'x-note': 'here' });
    response.end('{"a":[1,2,3]}');
  });
});
after(() => server.close());

test('url, redirected, type, status, headers are what they were', async () => {
  const fetch = createFetch();
  const response = await fetch(`${server.origin}/redirect`);
  assert.deepEqual([response.url, response.redirected, response.type, response.status, response.ok, response.headers.get('x-note')],
    [`${server.origin}/end?x=1`, true, 'basic', 200, true, 'here']);
  assert.throws(() => response.headers.set('a', 'b'), TypeError);
  assert.deepEqual(await response.json(), { a: [1, 2, 3] });
});

const readable = async ({ body }) => (await Readable.fromWeb(body).toArray()).join('');
const limiter = (body) => createFetch({ concurrency: 1, fetch: async () => new Response(body.stream) });

test("read by Node's Readable: all is there, and the slot is free", async () => {
  for (const type of ['bytes', null]) {
    const body = handBody(type);
    const limited = limiter(body);
    const text = readable(await limited('https://a.example/'));
    for (const part of ['one ', 'two ', 'three']) body.push(part);
    assert.equal(limited.stats.running, 1);
    body.close();
    assert.equal(await text, 'one two three');
    await until(() => isQuiet(limited));
  }
});

test("a broken body is told to Node's Readable, and the slot is free", async () => {
  const body = handBody();
  const limited = limiter(body);
  const text = readable(await limited('https://a.example/'));
  body.error(new TypeError('terminated'));
  const error = await rejection(text);
  assert.match(String(error.cause?.message ?? error.message), /terminated/);
  await until(() => isQuiet(limited));
});
