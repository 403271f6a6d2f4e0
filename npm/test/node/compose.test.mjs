// With what others have written for fetch: under ky, and as one stage among other wrappers.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import ky from 'ky';
import { createFetch, QueueFullError, TimeoutError } from 'millpond';
import { rejection } from '../cases/tools.mjs';
import { startOrigin } from './origins.mjs';

let home;
before(async () => { home = await startOrigin('http', {}, { '/json': { type: 'application/json', body: '{"a":1}' } }); });
after(() => home.close());

test("ky's fetch: limited, and its own members work", async () => {
  home.reset();
  const fetch = createFetch({ concurrency: 2 });
  // ky's own timeout would count the waiting, too.
  const api = ky.create({ fetch, prefixUrl: home.origin, timeout: false });
  assert.deepEqual(await api('json').json(), { a: 1 });
  const sizes = await Promise.all(Array.from({ length: 20 }, async (_, id) => (await api.get('', { searchParams: { id, latency: 3, chunks: 2, gap: 3, size: 100 } }).text()).length));
  assert.deepEqual(new Set(sizes), new Set([100]));
  assert.equal(home.counts.most, 2);
  assert.deepEqual([...fetch.lanes.keys()], [home.origin]);
  const error = await rejection(api('', { searchParams: { status: 404 }, retry: 0 }));
  assert.deepEqual([error.name, error.response.status], ['HTTPError', 404]);
});

test("ky's fetch: `pond` of one call gets through, by ky's options", async () => {
  const fetch = createFetch({ concurrency: 1, queueCapacity: 2 });
  const api = ky.create({ fetch, prefixUrl: home.origin, timeout: false, retry: 0 });
  const order = [];
  const call = (id, pond) => api('', { searchParams: { id, latency: 5 }, pond }).text().then(() => order.push(id));
  const all = [call('first'), call('second', { priority: 0 }), call('urgent', { priority: 1 })];
  assert.ok((await rejection(call('too many'))) instanceof QueueFullError);
  await Promise.all(all);
  assert.deepEqual(order, ['first', 'urgent', 'second']);

  const error = await rejection(api('', { searchParams: { chunks: 2, end: 'hang' }, pond: { bodyTimeout: 30 } }).text());
  assert.ok(error instanceof TimeoutError && error.phase === 'body', String(error));
  assert.equal(await api('', { searchParams: { size: 5 }, pond: { lane: null } }).text(), '~~~~~');
  assert.ok(fetch.lanes.isIdle);
});

test("ky's fetch: abort, retry, hooks and progress", async () => {
  const fetch = createFetch({ concurrency: 1 });
  const seen = [];
  const api = ky.create({
    fetch, prefixUrl: home.origin, timeout: false,
    hooks: { beforeRequest: [() => { seen.push('request'); }], afterResponse: [(_request, _options, response) => { seen.push(response.status); }] },
  });
  const held = api('', { searchParams: { latency: 50 } }).text();
  const controller = new AbortController();
  const aborted = rejection(api('', { signal: controller.signal }));
  controller.abort(new Error('enough'));
  assert.equal((await aborted).message, 'enough');
  await held;
  const failed = await rejection(api('', { searchParams: { status: 503 }, retry: { limit: 2, delay: () => 1 } }));
  assert.equal(failed.response.status, 503);
  assert.equal(seen.filter((one) => one === 503).length, 3);
  let bytes = 0;
  await api('', { searchParams: { size: 4_000, chunks: 4, gap: 1 }, onDownloadProgress: ({ transferredBytes }) => { bytes = transferredBytes; } }).text();
  assert.equal(bytes, 4_000);
  assert.equal(home.counts.inFlight, 0);
});

/** Two stages in the style of those that are about: one changes what goes in, one what comes out. */
const withHeader = (base) => (input, init) => base(new Request(input, { ...init, headers: { 'x-stage': '1' } }), init);
const withRefusal = (base) => async (...args) => {
  const response = await base(...args);
  if (!response.ok) throw new Error(`refused: ${response.status}`);
  return response;
};
const pipeline = (base, ...stages) => stages.reduce((fetch, stage) => stage(fetch), base);

for (const [where, stages] of Object.entries({
  innermost: [(fetch) => createFetch({ fetch, concurrency: 2 }), withHeader, withRefusal],
  between: [withHeader, (fetch) => createFetch({ fetch, concurrency: 2 }), withRefusal],
  outermost: [withHeader, withRefusal, (fetch) => createFetch({ fetch, concurrency: 2 })],
  twice: [(fetch) => createFetch({ fetch, concurrency: 2 }), withHeader, (fetch) => createFetch({ fetch, concurrency: 3 }), withRefusal],
})) {
  test(`a stage of a pipeline: ${where}`, async () => {
    home.reset();
    const fetch = pipeline(globalThis.fetch, ...stages);
    const sizes = await Promise.all(Array.from({ length: 20 }, async (_, id) => (
      await (await fetch(`${home.origin}/?id=${where}-${id}&latency=2&size=50&chunks=2&gap=2`)).text()).length));
    assert.deepEqual(new Set(sizes), new Set([50]));
    assert.equal(home.counts.most, 2);
    assert.match((await rejection(fetch(`${home.origin}/?status=500`))).message, /refused: 500/);
    const controller = new AbortController();
    const late = rejection(fetch(`${home.origin}/?id=late-${where}&latency=10000`, { signal: controller.signal }));
    home.excuse(`late-${where}`);
    controller.abort('stop');
    assert.equal(await late, 'stop');
  });
}
