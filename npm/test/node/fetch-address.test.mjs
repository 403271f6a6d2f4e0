// A call with nothing but an address makes no Request, and a body nobody looks at no stream of its own: it shows in nothing but the time they take.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { createFetch } from 'millpond';
import { isQuiet } from '../cases/fetch-kit.mjs';
import { rejection } from '../cases/tools.mjs';
import { serve, until } from './kit.mjs';

let home;
let open = [];
before(async () => {
  home = await serve(({ url, method }, response) => {
    if (url.startsWith('/hang')) return open.push(response.writeHead(200).flushHeaders() ?? response);
    if (url.startsWith('/silent')) return open.push(response);
    if (url.startsWith('/moved')) return response.writeHead(302, { location: '/there' }).end();
    response.end(`${method} ${url}`);
  });
});
afterEach(() => {
  for (const response of open) response.destroy();
  open = [];
});
after(() => home.close());

/** The same call in two ways: by the address alone, and by its Request. */
const WAYS = { 'by address': (address) => [address], 'by URL': (address) => [new URL(address)], 'by Request': (address) => [new Request(address)] };

for (const [name, args] of Object.entries(WAYS)) {
  const at = (path) => args(`${home.origin}${path}`);

  test(`${name}: the answer, and what is told of it`, async () => {
    const fetch = createFetch({ concurrency: 1 });
    const told = [];
    for (const type of ['queue', 'request', 'response', 'settle']) {
      fetch.addEventListener(type, ({ detail: { request, lane } }) => told.push([type, request instanceof Request, request.url, request.method, lane,
        request]));
    }
    const [first, second] = [fetch(...at('/moved#part')), fetch(...at('/next'))];
    const response = await first;
    assert.deepEqual([response.url, response.redirected, await response.text()], [`${home.origin}/there`, true, 'GET /there']);
    assert.equal(await (await second).text(), 'GET /next');
    const ofFirst = told.filter(([, , url]) => url.endsWith('/moved#part'));
    const expected = ['request', 'response', 'settle'].map((type) => [type, true, `${home.origin}/moved#part`, 'GET', home.origin]);
    assert.deepEqual(ofFirst.map((one) => one.slice(0, 5)), expected);
    assert.equal(new Set(ofFirst.map((one) => one[5])).size, 1, 'the same Request every time');
    assert.ok(isQuiet(fetch));
  });

  test(`${name}: what the owner of the lanes aborts`, async () => {
    const fetch = createFetch({ concurrency: 1 });
    const sent = fetch(...at('/silent'));
    const waiting = fetch(...at('/never'));
    await until(() => open.length);
    fetch.lanes.abort('enough');
    assert.deepEqual([await rejection(sent), await rejection(waiting)], ['enough', 'enough']);
    await until(() => isQuiet(fetch));
    const response = await fetch(...at('/hang'));
    const reader = response.body.getReader();
    const read = reader.read();
    fetch.lanes.abort('again');
    assert.equal(await rejection(read), 'again');
    assert.ok(isQuiet(fetch));
  });

  test(`${name}: retries, and equal ones sharing a transfer`, async () => {
    const fetch = createFetch({ concurrency: 1, retry: { limit: 1 } });
    assert.equal(await (await fetch(...at('/a'))).text(), 'GET /a');
    const shared = createFetch({ concurrency: 1, dedupe: true });
    const texts = await Promise.all([1, 2].map(async () => (await shared(...at('/b'))).text()));
    assert.deepEqual([texts, shared.stats.succeeded], [['GET /b', 'GET /b'], 1]);
  });
}

test('an address changed after the call is that of the call', async () => {
  const fetch = createFetch({ concurrency: 1 });
  const url = new URL(`${home.origin}/then`);
  const first = fetch(url);
  const second = fetch(url);
  url.pathname = '/now';
  assert.deepEqual([await (await first).text(), await (await second).text()], ['GET /then', 'GET /then']);
});

test('what is no address is refused as by fetch', async () => {
  const limited = createFetch();
  for (const bad of ['/relative', 'http://', 'https://user:word@a.example/', 'no://where', '']) {
    const [ours, theirs] = [await rejection(limited(bad)), await rejection(fetch(bad))];
    assert.deepEqual([ours.name, ours.message], [theirs.name, theirs.message], bad);
  }
  assert.equal(limited.lanes.size, 0);
});

test('a stream that others have not looked at is as good as a new one', async () => {
  const fetch = createFetch({ concurrency: 3 });
  for (let i = 0; i < 40; i++) {
    const [streamed, cloned, text] = await Promise.all(['?s', '?c', ''].map((more) => fetch(`${home.origin}/${i}${more}`)));
    const { body } = streamed;
    const reader = body.getReader({ mode: 'byob' });
    const read = reader.read(new Uint8Array(64));
    assert.equal(streamed.bodyUsed, true, 'in the same turn');
    assert.equal(Buffer.from((await read).value).toString(), `GET /${i}?s`);
    assert.equal((await reader.read(new Uint8Array(1))).done, true);
    const copy = cloned.clone();
    assert.deepEqual(await Promise.all([copy.json().catch(({ name }) => name), cloned.text()]), ['SyntaxError', `GET /${i}?c`]);
    if (i % 2) assert.equal(text.body.locked, false, 'one that was looked at is for no other');
    assert.equal(await text.text(), `GET /${i}`);
    if (i % 2 === 0) assert.deepEqual([text.bodyUsed, text.body.locked, text.body === text.body, text.body === body], [true, true, true, false]);
    assert.ok(isQuiet(fetch));
  }
});
