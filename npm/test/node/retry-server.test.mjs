// Retrying against a real server, which has a clock of its own and counts what arrives.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { createFetch } from 'millpond';
import { settle } from '../cases/tools.mjs';

/** A loopback server that keeps what it was sent: when, and with what body. */
async function serve(t, answer) {
  const received = [];
  const server = createServer(async (request, response) => {
    const record = { at: performance.now(), method: request.method, body: '' };
    received.push(record);
    for await (const chunk of request) record.body += chunk;
    answer(response, received.length, record);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { received, origin: `http://127.0.0.1:${server.address().port}` };
}

/** Answers the first request with a 429, the others well. Real time: it is the server's clock that is kept to. */
const refuseFirst = (headers) => (response, count, record) => {
  if (count > 1) return response.end('fine');
  response.writeHead(429, headers());
  response.end('slow down');
  record.answered = performance.now();
};

const AFTER = {
  'in seconds': () => ({ 'retry-after': '1' }),
  'as a date': () => ({ 'retry-after': new Date(Date.now() + 1000).toUTCString() }),
};

for (const [what, headers] of Object.entries(AFTER)) {
  test(`Retry-After ${what}: no request of the lane arrives before`, async (t) => {
    const { origin, received } = await serve(t, refuseFirst(headers));
    const fetch = createFetch({ concurrency: 5, retry: 1 });
    const first = fetch(origin);
    while (received.length === 0 || received[0].answered === undefined) await settle();
    // The 429 is on its way; until it has come, others may still leave.
    while (fetch.stats.failed === 0) await settle();
    const others = [fetch(origin), fetch(`${origin}/other`), fetch(origin, { priority: 'high' })];
    const responses = await Promise.all([first, ...others]);
    for (const response of responses) assert.equal(await response.text(), 'fine');
    assert.equal(received.length, 5);
    for (const { at } of received.slice(1)) assert.ok(at - received[0].answered >= 999, `${at - received[0].answered} ms`);
    await fetch.close();
  });
}

test('bodies of every replayable kind arrive again, whole', async (t) => {
  const { origin, received } = await serve(t, (response, count) => response.writeHead(count % 2 ? 503 : 200).end());
  const form = new FormData();
  form.set('a', 'b');
  const long = 'x'.repeat(300_000);
  const fetch = createFetch({ retry: { delay: () => 1 } });
  for (const body of [long, new Blob([long]), new TextEncoder().encode(long), new URLSearchParams({ long }), form]) {
    received.length = 0;
    const response = await fetch(origin, { method: 'PUT', body });
    assert.equal(response.status, 200);
    await response.text();
    assert.equal(received.length, 2);
    assert.ok(received[0].body.length > 5);
    if (body === form) assert.match(received[1].body, /name="a"\r\n\r\nb/);
    else assert.equal(received[1].body, received[0].body);
  }
});

test('a stream is sent once', async (t) => {
  const { origin, received } = await serve(t, (response) => response.writeHead(503).end());
  const fetch = createFetch({ retry: { delay: () => 1 } });
  async function* parts() { yield new Uint8Array([65]); }
  for (const body of [new Blob(['A']).stream(), parts()]) {
    received.length = 0;
    const response = await fetch(origin, { method: 'PUT', body, duplex: 'half' });
    assert.equal(response.status, 503);
    assert.deepEqual(received.map((one) => one.body), ['A']);
  }
});

test('HEAD is repeated, and network errors if asked for', async (t) => {
  const { origin, received } = await serve(t, (response, count) => (count < 3 ? response.destroy() : response.end()));
  const fetch = createFetch({ retry: { limit: 3, delay: () => 1, retryOnNetworkError: true } });
  assert.equal((await fetch(origin, { method: 'HEAD' })).status, 200);
  assert.ok(received.length >= 3);
});
