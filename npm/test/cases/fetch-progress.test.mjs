// How far a transfer has come: pond.onDownloadProgress and pond.onUploadProgress.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFetch } from 'millpond';
import { fakeFetch, handBody, isQuiet, rejection, until } from './fetch-kit.mjs';

const URL_A = 'https://a.example/';
const text = (chunk) => new TextDecoder().decode(chunk);

/** Keeps what it is told. */
function ear() {
  const told = [];
  const listener = (progress, chunk) => {
    told.push({ ...progress, chunk: text(chunk) });
  };
  return { told, listener };
}

/** A response in two chunks, 4 and 6 bytes. */
async function download(headers, onDownloadProgress) {
  const { fetch, calls } = fakeFetch();
  const limited = createFetch({ fetch });
  const promise = limited(URL_A, { pond: { onDownloadProgress } });
  const body = handBody();
  calls[0].answer(body.stream, { headers });
  body.push('1234');
  body.push('567890');
  body.close();
  return { limited, response: await promise };
}

const TOLD = [
  { percent: 0.4, transferredBytes: 4, totalBytes: 10, chunk: '1234' },
  { percent: 1 - Number.EPSILON, transferredBytes: 10, totalBytes: 10, chunk: '567890' },
  { percent: 1, transferredBytes: 10, totalBytes: 10, chunk: '' },
];
const UNKNOWN = [
  { percent: 0, transferredBytes: 4, totalBytes: 0, chunk: '1234' },
  { percent: 0, transferredBytes: 10, totalBytes: 0, chunk: '567890' },
  { percent: 1, transferredBytes: 10, totalBytes: 10, chunk: '' },
];

describe('download', () => {
  for (const name of ['text', 'arrayBuffer', 'blob', 'json']) {
    test(`read by ${name}()`, async () => {
      const { told, listener } = ear();
      const { response, limited } = await download({ 'content-length': '10' }, listener);
      assert.deepEqual(told, [], 'nobody has read');
      await response[name]();
      assert.deepEqual(told, TOLD);
      assert.ok(isQuiet(limited));
    });
  }

  test('read as a stream', async () => {
    const { told, listener } = ear();
    const { response } = await download({ 'content-length': '10' }, listener);
    const reader = response.body.getReader();
    assert.equal(text((await reader.read()).value), '1234');
    assert.deepEqual(told, TOLD.slice(0, 1));
    assert.equal(text((await reader.read()).value), '567890');
    assert.ok((await reader.read()).done);
    assert.deepEqual(told, TOLD);
  });

  test('clones are one download', async () => {
    const { told, listener } = ear();
    const { response } = await download({ 'content-length': '10' }, listener);
    const copy = response.clone();
    assert.equal(await response.text(), '1234567890');
    assert.equal(await copy.text(), '1234567890');
    assert.deepEqual(told, TOLD);
  });

  test('an unknown total', async () => {
    const { told, listener } = ear();
    await (await download({}, listener)).response.text();
    assert.deepEqual(told, UNKNOWN);
  });

  test('the length of a compressed body is no measure', async () => {
    const { told, listener } = ear();
    await (await download({ 'content-length': '5', 'content-encoding': 'gzip' }, listener)).response.text();
    assert.deepEqual(told, UNKNOWN);
  });

  test('more than the server has said', async () => {
    const { told, listener } = ear();
    await (await download({ 'content-length': '5' }, listener)).response.text();
    assert.deepEqual(told.map(({ percent, totalBytes }) => [percent, totalBytes]), [[0.8, 5], [1 - Number.EPSILON, 10], [1, 10]]);
  });

  test('what a listener throws, or does to its chunk, changes nothing', async (t) => {
    const { error } = console;
    const errors = [];
    console.error = (thrown) => errors.push(thrown);
    t.after(() => { console.error = error; });
    const { response } = await download({}, (_, chunk) => {
      chunk.fill(0);
      throw 'mine';
    });
    assert.equal(await response.text(), '1234567890');
    assert.deepEqual(errors, ['mine', 'mine', 'mine']);
  });

  test('a listener may end the reading', async () => {
    const controller = new AbortController();
    const { fetch, calls } = fakeFetch();
    const limited = createFetch({ fetch });
    const promise = limited(URL_A, { signal: controller.signal, pond: { onDownloadProgress: () => controller.abort('enough') } });
    const body = handBody();
    calls[0].answer(body.stream);
    const response = await promise;
    body.push('1');
    assert.equal(await rejection(response.text()), 'enough');
    await until(() => isQuiet(limited) && body.cancelled);
  });

  test('no end is told of what was cancelled', async () => {
    const { told, listener } = ear();
    const { response } = await download({}, listener);
    await response.body.cancel();
    assert.deepEqual(told, []);
  });
});

describe('upload', () => {
  /** Reads the request's body as a platform would, answers, and says what was told meanwhile. */
  async function upload(init, input = URL_A) {
    const { told, listener } = ear();
    const { fetch, calls } = fakeFetch();
    const limited = createFetch({ fetch });
    const promise = limited(input, { method: 'POST', ...init, pond: { onUploadProgress: listener } });
    const sent = await calls[0].request.text();
    const before = told.length;
    calls[0].answer(null);
    await promise;
    return { told, before, sent, request: calls[0].request };
  }
  // Not in every host: there it is told once.
  const canStream = (() => {
    try {
      let asked = false;
      new Request(URL_A, { method: 'POST', body: new ReadableStream(), get duplex() { asked = true; return 'half'; } });
      return asked && 'body' in Request.prototype;
    } catch {
      return false;
    }
  })();

  const where = canStream ? test : () => {};

  for (const [what, body] of Object.entries({
    'a string': 'grün', 'a Blob': new Blob(['grün']), 'a view': new TextEncoder().encode('grün'), 'URLSearchParams': new URLSearchParams('a=bc'),
  })) {
    test(`the end is told, with the total: ${what}`, async () => {
      const size = what === 'URLSearchParams' ? 4 : 5;
      const { told, sent, request } = await upload({ body, headers: { 'x-own': 'kept' } });
      assert.equal(sent, typeof body === 'string' || what !== 'URLSearchParams' ? 'grün' : 'a=bc');
      assert.deepEqual(told.at(-1), { percent: 1, transferredBytes: size, totalBytes: size, chunk: '' });
      assert.equal(told.filter(({ percent }) => percent === 1).length, 1);
      assert.equal(request.headers.get('x-own'), 'kept');
      assert.equal(request.headers.get('content-type'), new Request(URL_A, { method: 'POST', body }).headers.get('content-type'));
    });
  }

  where('chunk by chunk', async () => {
    const feed = handBody();
    feed.push('12');
    feed.push('345');
    feed.close();
    const { told, sent, before } = await upload({ body: feed.stream, duplex: 'half' });
    assert.equal(sent, '12345');
    assert.deepEqual(told, [
      { percent: 0, transferredBytes: 2, totalBytes: 0, chunk: '12' },
      { percent: 0, transferredBytes: 5, totalBytes: 0, chunk: '345' },
      { percent: 1, transferredBytes: 5, totalBytes: 5, chunk: '' },
    ]);
    assert.equal(before, 3, 'as it is read');
  });

  where('the body of a Request', async () => {
    const { told, sent } = await upload({}, new Request(URL_A, { method: 'POST', body: '12345' }));
    assert.equal(sent, '12345');
    assert.deepEqual(told.map(({ percent, transferredBytes }) => [percent, transferredBytes]), [[0, 5], [1, 5]]);
  });

  test('with keepalive it is told once', async () => {
    const { told } = await upload({ body: '12345', keepalive: true });
    assert.deepEqual(told, [{ percent: 1, transferredBytes: 5, totalBytes: 5, chunk: '' }]);
  });

  test('no body: nothing to tell', async () => {
    const { told } = await upload({});
    assert.deepEqual(told, []);
  });

  where('an abort reaches the body', async () => {
    const { fetch, calls } = fakeFetch();
    const limited = createFetch({ fetch });
    const controller = new AbortController();
    const feed = handBody();
    const promise = limited(URL_A, { method: 'POST', body: feed.stream, duplex: 'half', signal: controller.signal, pond: { onUploadProgress() {} } });
    const reader = calls[0].request.body.getReader();
    feed.push('1');
    await reader.read();
    controller.abort('mine');
    assert.equal(await rejection(promise), 'mine');
    await reader.cancel('mine');
    assert.deepEqual(feed.cancelled, { reason: 'mine' });
  });
});
