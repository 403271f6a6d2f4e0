// Progress, times and shared transfers with the platform's own fetch and a real server.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { createFetch } from 'millpond';
import { rejection, until } from '../cases/tools.mjs';

const SIZE = 1_000_000;

describe('over the wire', () => {
  const seen = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://x');
    const record = { pathname, headers: request.headers, bytes: 0, isAborted: false };
    seen.push(record);
    response.on('close', () => { record.isAborted = !response.writableFinished; });
    request.on('data', (chunk) => { record.bytes += chunk.length; });
    request.on('end', () => {
      if (pathname === '/redirected') return response.writeHead(302, { location: '/large' }).end();
      if (pathname === '/endless') return response.write('a beginning');
      if (pathname === '/never') return undefined;
      return response.writeHead(200, { 'content-length': SIZE }).end(Buffer.alloc(SIZE, 'x'));
    });
  });
  let origin;

  before(async () => {
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${server.address().port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  for (const [what, body, total] of [['a string', 'x'.repeat(SIZE), SIZE], ['a stream', () => new Blob(['x'.repeat(SIZE)]).stream(), 0]]) {
    test(`an upload: ${what}`, async () => {
      const told = [];
      const limited = createFetch();
      const init = { method: 'POST', body: typeof body === 'function' ? body() : body, duplex: 'half', headers: { 'x-own': 'kept' } };
      const response = await limited(origin, { ...init, pond: { onUploadProgress: (progress) => told.push(progress) } });
      assert.equal((await response.arrayBuffer()).byteLength, SIZE);
      const record = seen.at(-1);
      assert.deepEqual([record.bytes, record.headers['x-own']], [SIZE, 'kept']);
      assert.ok(told.length > 1);
      assert.ok(told.every(({ totalBytes }, i) => totalBytes === (i < told.length - 1 ? total : SIZE)));
      assert.deepEqual(told.at(-1), { percent: 1, transferredBytes: SIZE, totalBytes: SIZE });
      assert.equal(told.filter(({ percent }) => percent === 1).length, 1);
    });
  }

  // Of a source that ends: Node 20 goes on reading a request's body after an abort.
  test('an upload that is aborted', async () => {
    const controller = new AbortController();
    const limited = createFetch();
    let left = 100;
    const body = new ReadableStream({ pull: (to) => (left-- ? to.enqueue(new Uint8Array(10)) : to.close()) });
    const onUploadProgress = ({ transferredBytes }) => { if (transferredBytes > 100) controller.abort('mine'); };
    const promise = limited(origin, { method: 'POST', body, duplex: 'half', signal: controller.signal, pond: { onUploadProgress } });
    assert.equal(await rejection(promise), 'mine');
    await until(() => limited.stats.running === 0);
  });

  test('a download', async () => {
    const told = [];
    const limited = createFetch();
    const response = await limited(`${origin}/redirected`, { pond: { onDownloadProgress: (progress) => told.push(progress) } });
    assert.ok(response.redirected);
    assert.equal((await response.text()).length, SIZE);
    assert.ok(told.length > 1);
    assert.deepEqual(told.at(-1), { percent: 1, transferredBytes: SIZE, totalBytes: SIZE });
    const { bytes, body, attempts, lane } = limited.timing(response);
    assert.deepEqual([bytes, attempts, lane], [SIZE, 1, origin]);
    assert.ok(body >= 0);
  });

  test('a shared transfer', async () => {
    const limited = createFetch({ dedupe: true });
    const before = seen.length;
    const responses = await Promise.all([1, 2, 3].map(() => limited(`${origin}/redirected`)));
    assert.deepEqual(responses.map(({ redirected, url }) => [redirected, url]), Array(3).fill([true, `${origin}/large`]));
    const texts = await Promise.all(responses.map((response) => response.text()));
    assert.deepEqual(texts.map(({ length }) => length), [SIZE, SIZE, SIZE]);
    assert.equal(seen.length - before, 2, 'and its redirect');
  });

  for (const path of ['/never', '/endless']) {
    test(`a shared transfer: the server hears of the last abort only (${path})`, async () => {
      const limited = createFetch({ dedupe: true });
      const controllers = [new AbortController(), new AbortController()];
      const texts = controllers.map(({ signal }) => rejection(limited(origin + path, { signal }).then((response) => response.text())));
      await until(() => seen.at(-1).pathname === path);
      controllers[0].abort('one');
      assert.equal(await texts[0], 'one');
      assert.ok(!seen.at(-1).isAborted);
      controllers[1].abort('other');
      assert.equal(await texts[1], 'other');
      await until(() => seen.at(-1).isAborted && limited.stats.running === 0);
    });
  }
});
