// Against real loopback servers that count: never more than the limit in flight until the last byte, and nothing is lost.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { startOrigins } from '../../../www/server/origins.mjs';
import { createFetch, TimeoutError } from 'millpond';
import { isQuiet } from '../cases/fetch-kit.mjs';
import { serve, until } from './kit.mjs';
import { keepWarnings } from '../cases/tools.mjs';

let mill;
before(async () => { mill = await startOrigins({ count: 10, latency: [1, 5, 10], chunks: 3, gap: 5, size: 3000 }); });
afterEach(() => mill.reset());
after(() => mill.close());

const most = () => mill.stats().map(({ mostInFlight }) => mostInFlight);

/** 40 requests to each of three origins, each read to the end. */
function load(fetch, read) {
  const urls = Array.from({ length: 120 }, (_, id) => `${mill.origins[id % 3]}/item?id=${id}`);
  return Promise.all(urls.map(async (url) => read(await fetch(url))));
}

test('one limit over all', async () => {
  let now = 0;
  let highest = 0;
  const servers = await Promise.all([1, 2, 3].map(() => serve((_, response) => {
    highest = Math.max(highest, ++now);
    response.on('close', () => now--);
    setTimeout(() => response.end('x'), 5);
  })));
  try {
    const fetch = createFetch({ concurrency: 4, maxConcurrency: 5 });
    await Promise.all(Array.from({ length: 60 }, async (_, id) => (await fetch(`${servers[id % 3].origin}/${id}`)).text()));
    assert.equal(highest, 5);
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
});

test('read by streams, clones and pipes: the limit holds, and every byte comes', async () => {
  const fetch = createFetch({ concurrency: 3 });
  let turn = 0;
  const ways = [
    async (response) => {
      let bytes = 0;
      for await (const { byteLength } of response.body) bytes += byteLength;
      return bytes;
    },
    async (response) => {
      const copy = response.clone();
      const [one, two] = await Promise.all([response.arrayBuffer(), copy.text()]);
      assert.equal(two.length, one.byteLength);
      return one.byteLength;
    },
    async (response) => {
      let bytes = 0;
      await response.body.pipeTo(new WritableStream({ write(chunk) { bytes += chunk.byteLength; } }));
      return bytes;
    },
    async (response) => {
      const reader = response.body.getReader({ mode: 'byob' });
      let bytes = 0;
      for (let step; !(step = await reader.read(new Uint8Array(512))).done;) bytes += step.value.byteLength;
      return bytes;
    },
  ];
  const sizes = await load(fetch, (response) => ways[turn++ % ways.length](response));
  assert.ok(sizes.every((size) => size === 3000));
  // A server may see one more for the moment in which the end of a response is on its way.
  for (const n of most().slice(0, 3)) assert.ok(n <= 3, `${n} in flight`);
  assert.ok(isQuiet(fetch));
});

test('two thousand requests over ten origins with random aborts: nothing is lost, no slot leaks (real time)', async (t) => {
  keepWarnings(t);
  let seed = 7;
  const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
  const fetch = createFetch({ concurrency: 5, maxConcurrency: 30, unreadGrace: 10, totalTimeout: 60_000 });
  const outcomes = { read: 0, aborted: 0, unread: 0, cancelled: 0 };

  async function one(id) {
    const controller = new AbortController();
    const what = random(5);
    if (what === 0) setTimeout(() => controller.abort(id), random(1500));
    const url = `${mill.origins[id % 10]}/item?id=${id}&size=300&gap=1`;
    try {
      const response = await fetch(url, { signal: controller.signal, pond: { priority: random(3) } });
      if (what === 1) return outcomes.unread++;
      if (what === 2) {
        await response.body.cancel();
        return outcomes.cancelled++;
      }
      if (what === 3) assert.equal((await response.clone().text()).length, 300);
      assert.equal((await response.text()).length, 300);
      outcomes.read++;
    } catch (error) {
      assert.equal(error, id, String(error?.stack ?? error));
      outcomes.aborted++;
    }
  }

  await Promise.all(Array.from({ length: 2000 }, (_, id) => one(id)));
  assert.equal(outcomes.read + outcomes.aborted + outcomes.unread + outcomes.cancelled, 2000);
  for (const n of Object.values(outcomes)) assert.ok(n > 50, JSON.stringify(outcomes));
  const { submitted, succeeded, failed, cancelled, timedOut, dropped, waiting, running } = fetch.stats;
  assert.equal(submitted, succeeded + failed + cancelled + timedOut + dropped + waiting + running);
  assert.equal(waiting, 0);
  assert.equal(failed + timedOut + dropped, 0);

  // What is left are the last responses nobody has read: whoever comes now gets their slots.
  await Promise.all(mill.origins.flatMap((origin, i) => Array.from({ length: 6 }, async (_, k) => (await fetch(`${origin}/item?id=last-${i}-${k}&size=1`)).text())));
  await until(() => fetch.stats.waiting === 0);
});

test('a stalled server: the body timeout ends it, and the next one starts (real time)', async () => {
  const server = await serve((request, response) => {
    response.write('a beginning');
    if (request.url === '/good') response.end();
  });
  try {
    const fetch = createFetch({ concurrency: 1, bodyTimeout: 100 });
    const stalled = fetch(`${server.origin}/stalled`).then((response) => response.text());
    const good = fetch(`${server.origin}/good`).then((response) => response.text());
    await assert.rejects(stalled, (error) => error instanceof TimeoutError && error.phase === 'body');
    assert.equal(await good, 'a beginning');
    assert.ok(isQuiet(fetch));
  } finally {
    await server.close();
  }
});

test('redirects: one slot, that of the first origin, and crosswise they cannot lock', async () => {
  const servers = await Promise.all([1, 2].map(() => serve((request, response) => {
    const { searchParams } = new URL(request.url, 'http://x');
    const to = searchParams.get('to');
    if (to) response.writeHead(302, { location: to }).end('moved');
    else response.end('arrived');
  })));
  try {
    const [a, b] = servers.map(({ origin }) => origin);
    const fetch = createFetch({ concurrency: 1 });
    const both = Array.from({ length: 10 }, (_, i) => fetch(i % 2 ? `${a}/?to=${b}/` : `${b}/?to=${a}/`).then((response) => response.text()));
    assert.deepEqual(new Set(await Promise.all(both)), new Set(['arrived']));
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
});

test('uploads: a stream, a buffer, a form', async () => {
  const server = await serve(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    response.end(Buffer.concat(chunks));
  });
  try {
    const fetch = createFetch({ concurrency: 1 });
    const post = async (body, rest) => (await fetch(server.origin, { method: 'POST', body, ...rest })).text();
    const stream = new Blob(['by stream']).stream();
    const form = new FormData();
    form.set('field', 'by form');
    const [one, two, three] = await Promise.all([post(stream, { duplex: 'half' }), post(new TextEncoder().encode('by buffer')), post(form)]);
    assert.deepEqual([one, two], ['by stream', 'by buffer']);
    assert.match(three, /by form/);
  } finally {
    await server.close();
  }
});
