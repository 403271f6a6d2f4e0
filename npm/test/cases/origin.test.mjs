// Which lane a request takes, whatever it is given as.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFetch } from 'millpond';
import { rejection } from './fetch-kit.mjs';

const answer = async () => new Response(null);

async function laneOf(input, init, options) {
  const fetch = createFetch({ fetch: answer, ...options });
  await fetch(input, init);
  return [...fetch.lanes.keys()];
}

const LANES = {
  'a path and a query play no part': ['https://a.example/x/y?z=1#f', 'https://a.example'],
  'nor does case': ['HTTPS://A.Example/', 'https://a.example'],
  'nor does a default port': ['https://a.example:443/', 'https://a.example'],
  'another port is another lane': ['https://a.example:8443/', 'https://a.example:8443'],
  'http is not https': ['http://a.example/', 'http://a.example'],
  'a trailing dot is another host': ['https://a.example./', 'https://a.example.'],
  'names are normalised': ['https://bücher.example/', 'https://xn--bcher-kva.example'],
};

for (const [what, [address, lane]] of Object.entries(LANES)) {
  test(`${what}: ${address}`, async () => {
    assert.deepEqual(await laneOf(address), [lane]);
    assert.deepEqual(await laneOf(new URL(address)), [lane]);
    assert.deepEqual(await laneOf(new Request(address)), [lane]);
    assert.deepEqual(await laneOf({ toString: () => address }), [lane]);
  });
}

for (const address of ['data:,hello', 'about:blank', 'blob:https://a.example/1-2-3', 'ftp://a.example/']) {
  test(`no lane for ${address}`, async () => {
    const fetch = createFetch({ fetch: answer });
    await fetch(address);
    assert.equal(fetch.lanes.size, 0);
    assert.equal(fetch.stats.submitted, 0);
  });
}

test('a data: address really is fetched', async () => {
  assert.equal(await (await createFetch()('data:,hello')).text(), 'hello');
});

test('the lane option names the lane, of the request as it will be sent', async () => {
  const lane = (request) => request.headers.get('tenant');
  assert.deepEqual(await laneOf('https://a.example/', { headers: { tenant: 'seven' } }, { lane }), ['seven']);
});

test('the lane option may say null: no lane', async () => {
  assert.deepEqual(await laneOf('https://a.example/', undefined, { lane: () => null }), []);
});

test('what the lane option throws, the call rejects with', async () => {
  const error = new Error('which?');
  const fetch = createFetch({ fetch: answer, lane() { throw error; } });
  assert.equal(await rejection(fetch('https://a.example/')), error);
});

test('the lane option must return a string or null', async () => {
  const fetch = createFetch({ fetch: answer, lane: () => 7 });
  const error = await rejection(fetch('https://a.example/'));
  assert.equal(error.code, 'ERR_MILLPOND_OPTION');
  assert.match(error.message, /string or null.*7/);
  assert.equal(fetch.lanes.size, 0);
});

test('a call names its lane', async () => {
  const options = { lane() { throw new Error('not asked'); } };
  assert.deepEqual(await laneOf('https://a.example/', { pond: { lane: 'mine' } }, options), ['mine']);
  assert.deepEqual(await laneOf('https://a.example/', { pond: { lane: null } }, options), []);
});
