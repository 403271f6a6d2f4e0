// Where the time of a request went: fetch.timing(response).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFetch } from 'millpond';
import { virtualClock } from './clock.mjs';
import { fakeFetch, handBody, isQuiet, rejection, turn } from './fetch-kit.mjs';

const URL_A = 'https://a.example/';
const lane = 'https://a.example';

function one(t, options) {
  const base = fakeFetch();
  const clock = virtualClock(t);
  return { ...base, clock, limited: createFetch({ concurrency: 1, fetch: base.fetch, ...options }) };
}

/** Without the noise of adding fractions. */
function times(limited, response) {
  return Object.fromEntries(Object.entries(limited.timing(response)).map(([name, value]) => [name, name === 'lane' ? value : Math.round(value * 1000) / 1000]));
}

/** A body that has come by 3 ms after its headers, read in a given way. */
async function read(t, by, options) {
  const { limited, calls, clock } = one(t, options);
  const promise = limited(URL_A);
  await clock.advance(2);
  const body = handBody();
  calls[0].answer(body.stream, { headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  const response = await promise;
  const reading = by(response);
  await clock.advance(3);
  body.push('{"size":7}');
  body.close();
  await reading;
  return times(limited, response);
}

describe('timing', () => {
  test('waiting, headers, body: each by itself', async (t) => {
    const { limited, calls, clock } = one(t);
    const first = limited(URL_A);
    const second = limited(URL_A);
    await clock.advance(5);
    calls[0].answer('first');
    await (await first).text();
    await turn();
    await clock.advance(7);
    const body = handBody();
    calls[1].answer(body.stream);
    const response = await second;
    assert.deepEqual(times(limited, response), { lane, queued: 5, headers: 7, attempts: 1 });
    const bytes = response.arrayBuffer();
    await clock.advance(11);
    body.push('12345');
    body.close();
    await bytes;
    assert.deepEqual(times(limited, response), { lane, queued: 5, headers: 7, attempts: 1, body: 11, bytes: 5 });
    await clock.advance(100);
    assert.equal(times(limited, response).body, 11);
  });

  const READS = {
    arrayBuffer: 10, blob: 10, bytes: 10, text: undefined, json: undefined, formData: undefined,
    stream: 10, clone: 10,
  };
  const by = {
    stream: async ({ body }) => { for (let reader = body.getReader(); !(await reader.read()).done;); },
    clone: (response) => response.clone().arrayBuffer(),
  };
  for (const [name, bytes] of Object.entries(READS)) {
    // Not in every host.
    if (!by[name] && !(name in Response.prototype)) continue;
    test(`the size of a body read by ${name}`, async (t) => {
      const expected = { lane, queued: 0, headers: 2, attempts: 1, body: 3, ...(bytes && { bytes }) };
      assert.deepEqual(await read(t, by[name] ?? ((response) => response[name]())), expected);
    });
  }

  test('the size of a text, if its chunks are seen anyway', async (t) => {
    assert.equal((await read(t, (response) => response.text(), { bodyTimeout: 1000 })).bytes, 10);
  });

  test('also after the permit was given back at the headers', async (t) => {
    assert.equal((await read(t, (response) => response.text(), { releaseOn: 'headers' })).body, 3);
  });

  test('JSON that is none has come all the same', async (t) => {
    const { limited, calls } = one(t);
    const promise = limited(URL_A);
    calls[0].answer('none');
    const response = await promise;
    await rejection(response.json());
    assert.ok(limited.timing(response).body >= 0);
  });

  test('clones, and clones of clones', async (t) => {
    const { limited, calls, clock } = one(t);
    const promise = limited(URL_A);
    await clock.advance(4);
    calls[0].answer('all');
    const response = await promise;
    const copy = response.clone().clone();
    await response.text();
    assert.deepEqual(times(limited, copy), limited.timing(response));
    assert.equal(times(limited, copy).headers, 4);
  });

  test('a body that fails, or is cancelled, has not been read', async (t) => {
    const { limited, calls } = one(t, { concurrency: 2 });
    const promises = [limited(URL_A), limited(URL_A)];
    const body = handBody();
    calls[0].answer(body.stream);
    calls[1].answer('all');
    const [failing, cancelled] = await Promise.all(promises);
    const text = rejection(failing.text());
    body.error(new Error('broken'));
    await text;
    await cancelled.body.cancel();
    for (const response of [failing, cancelled]) assert.deepEqual(times(limited, response), { lane, queued: 0, headers: 0, attempts: 1 });
    assert.ok(isQuiet(limited));
  });

  test('no body: none of its times', async (t) => {
    const { limited, calls } = one(t);
    const promise = limited(URL_A);
    calls[0].answer(null, { status: 204 });
    assert.deepEqual(times(limited, await promise), { lane, queued: 0, headers: 0, attempts: 1 });
  });

  test('unknown: of others, of what bypassed, of what is no response', async (t) => {
    const { limited, calls } = one(t);
    assert.equal(limited.timing(new Response('x')), undefined);
    const past = limited(URL_A, { pond: { lane: null } });
    calls[0].answer('x');
    assert.equal(limited.timing(await past), undefined);
    for (const value of [7, null, undefined]) {
      const odd = createFetch({ fetch: async () => value });
      assert.equal(await odd(URL_A), value);
      assert.equal(odd.timing(value), undefined);
    }
  });

  test('of a shared transfer: the first who has read it to the end', async (t) => {
    const { limited, calls, clock } = one(t, { dedupe: true });
    const promises = [limited(URL_A), limited(URL_A)];
    await clock.advance(2);
    calls[0].answer('all');
    const [first, second] = await Promise.all(promises);
    await clock.advance(3);
    await first.text();
    await clock.advance(5);
    await second.arrayBuffer();
    const expected = { lane, queued: 0, headers: 2, attempts: 1, body: 3, bytes: 3 };
    assert.deepEqual([times(limited, first), times(limited, second)], [expected, expected]);
  });

  test('of a fetch in a fetch: each has its own', async (t) => {
    const { limited, calls, clock } = one(t);
    const outer = createFetch({ fetch: limited, lane: () => 'outer' });
    limited(URL_A);
    const promise = outer(URL_A);
    await clock.advance(5);
    calls[0].answer(null);
    await turn();
    await clock.advance(2);
    calls[1].answer('x');
    const response = await promise;
    await response.text();
    assert.deepEqual(times(outer, response), { lane: 'outer', queued: 0, headers: 7, attempts: 1, body: 0 });
    assert.deepEqual(times(limited, response), { lane, queued: 5, headers: 2, attempts: 1, body: 0 });
  });
});
