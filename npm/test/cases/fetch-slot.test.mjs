// A slot: from when until when it is held, and that it comes back exactly once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFetch } from 'millpond';
import { fakeFetch, handBody, isQuiet, rejection, turn } from './fetch-kit.mjs';
import { virtualClock } from './clock.mjs';
import { keepWarnings } from './tools.mjs';

const URL_A = 'https://a.example/';
const ORIGIN = 'https://a.example';

function one(options) {
  const base = fakeFetch();
  return { ...base, limited: createFetch({ concurrency: 1, fetch: base.fetch, ...options }) };
}

test('held from dispatch to the end of the body, and no request more', async () => {
  const { limited, calls } = one();
  const first = limited(URL_A);
  const second = limited(URL_A);
  assert.equal(calls.length, 1);
  const body = handBody();
  calls[0].answer(body.stream);
  const text = (await first).text();
  body.push('all of it');
  await turn();
  assert.equal(calls.length, 1, 'the headers are not the end');
  body.close();
  assert.equal(await text, 'all of it');
  await turn();
  assert.equal(calls.length, 2);
  calls[1].answer(null);
  await second;
});

test('a slow body that is read keeps its slot, however short the unread grace', async (t) => {
  const clock = virtualClock(t);
  const { limited, calls } = one({ unreadGrace: 0 });
  const first = limited(URL_A);
  limited(URL_A);
  const body = handBody();
  calls[0].answer(body.stream);
  const reader = (await first).body.getReader();
  for (let i = 0; i < 3; i++) {
    const read = reader.read();
    await clock.advance(1000);
    assert.equal(calls.length, 1);
    body.push('x');
    // The next read follows at once, but even a grace of 0 ms is over at the next turn only.
    await read;
  }
});

/** A response that claims a status no constructor lets a script give it. */
const claim = (status, response = new Response('the platform has put a stream here')) => Object.defineProperty(response, 'status', { value: status });

const BODILESS = {
  'no body': [() => new Response(null)],
  ...Object.fromEntries([101, 103, 204, 205, 304].map((status) => [`status ${status}, though with a stream`, [() => claim(status)]])),
  'HEAD, though with a stream': [() => new Response('x'), { method: 'HEAD' }],
  'Content-Length: 0': [() => new Response('', { headers: { 'content-length': '0' } })],
  'an opaque answer': [() => claim(0)],
  'a network error': [() => Response.error()],
  'a redirect left alone': [() => new Response('moved', { status: 302 }), { redirect: 'manual' }],
};

for (const [what, [answer, init]] of Object.entries(BODILESS)) {
  test(`free at the headers: ${what}`, async () => {
    const { limited, calls } = one({ unreadGrace: Infinity });
    const promise = limited(URL_A, init);
    const response = answer();
    calls[0].answer(response);
    assert.equal(await promise, response);
    assert.ok(isQuiet(limited));
    assert.deepEqual(Object.getOwnPropertyNames(response).filter((name) => name !== 'status'), [], 'nothing was put on it');
  });
}

test('an empty body of unknown length is held until it was read', async () => {
  const { limited, calls } = one();
  const promise = limited(URL_A);
  calls[0].answer('');
  const response = await promise;
  assert.equal(limited.stats.running, 1);
  assert.equal(await response.text(), '');
  assert.ok(isQuiet(limited));
});

test('free when the base fetch rejects, with its own error', async () => {
  const { limited, calls } = one();
  const first = limited(URL_A);
  limited(URL_A);
  const error = new TypeError('fetch failed');
  calls[0].reject(error);
  assert.equal(await rejection(first), error);
  await turn();
  assert.equal(calls.length, 2);
  assert.equal(limited.stats.failed, 1);
});

test("releaseOn 'headers', of all, of a lane, of a call", async () => {
  for (const [options, pond] of [
    [{ releaseOn: 'headers' }],
    [{ lanes: { [ORIGIN]: { releaseOn: 'headers' } } }],
    [{}, { releaseOn: 'headers' }],
    [{ releaseOn: 'body', lanes: { [ORIGIN]: { releaseOn: 'body' } } }, { releaseOn: 'headers' }],
  ]) {
    const { limited, calls } = one(options);
    const first = limited(URL_A, { pond });
    limited(URL_A);
    const body = handBody();
    calls[0].answer(body.stream);
    const response = await first;
    await turn();
    assert.equal(calls.length, 2);
    body.push('later');
    body.close();
    assert.equal(await response.text(), 'later');
    assert.equal(limited.stats.running, 1);
  }
});

test('freed once, whatever comes together', async () => {
  const { limited, calls } = one({ concurrency: 2 });
  const controller = new AbortController();
  const first = limited(URL_A, { signal: controller.signal });
  const others = [limited(URL_A), limited(URL_A), limited(URL_A)];
  const body = handBody();
  calls[0].answer(body.stream);
  const response = await first;
  const copy = response.clone();
  const reading = [response.text(), copy.text()];
  body.push('x');
  body.close();
  controller.abort('too late or not');
  await Promise.allSettled([...reading, response.body.cancel(), copy.body.cancel()]);
  await turn();
  assert.equal(limited.stats.running, 2);
  assert.equal(calls.length, 3);
  for (let i = 1; i < 4; i++) {
    calls[i].answer(null);
    await turn();
  }
  await Promise.all(others);
  assert.ok(isQuiet(limited));
  const { submitted, succeeded, failed, cancelled } = limited.stats;
  assert.equal(submitted, succeeded + failed + cancelled);
});

test('unread and somebody waits: the slot goes on after the grace, the response stays usable', async (t) => {
  keepWarnings(t);
  const clock = virtualClock(t);
  const { limited, calls } = one({ unreadGrace: 30 });
  const first = limited(URL_A);
  calls[0].answer('still here');
  const response = await first;
  limited(URL_A);
  await clock.advance(29);
  assert.equal(calls.length, 1, 'not before the grace');
  await clock.advance(1);
  assert.equal(calls.length, 2);
  assert.equal(limited.lanes.get(ORIGIN).stats.recalled, 1);
  assert.equal(await response.text(), 'still here');
  assert.equal(limited.stats.running, 1, 'and nothing was freed twice');
});

test('unread and nobody waits: the slot stays, and goes at once when somebody comes', async (t) => {
  keepWarnings(t);
  const clock = virtualClock(t);
  const { limited, calls } = one({ unreadGrace: 10 });
  const first = limited(URL_A);
  calls[0].answer('x');
  const response = await first;
  await clock.advance(50);
  assert.equal(limited.stats.running, 1);
  assert.equal(limited.stats.recalled, 0);
  limited(URL_A);
  await turn();
  assert.equal(calls.length, 2);
  assert.equal(limited.stats.recalled, 1);
  await response.text();
});

test('the grace begins anew when a reader stops in the middle', async (t) => {
  keepWarnings(t);
  const clock = virtualClock(t);
  const { limited, calls } = one({ unreadGrace: 20 });
  const first = limited(URL_A);
  const body = handBody();
  calls[0].answer(body.stream);
  const reader = (await first).body.getReader();
  limited(URL_A);
  await clock.advance(15);
  const read = reader.read();
  await clock.advance(100);
  body.push('one');
  await read;
  await clock.advance(19);
  assert.equal(calls.length, 1);
  await clock.advance(1);
  assert.equal(calls.length, 2);
  body.push('two');
  assert.equal(new TextDecoder().decode((await reader.read()).value), 'two');
});

test('unreadGrace Infinity: strictly until the body is over', async (t) => {
  const clock = virtualClock(t);
  const { limited, calls } = one({ unreadGrace: Infinity });
  const first = limited(URL_A);
  limited(URL_A);
  calls[0].answer('x');
  const response = await first;
  await clock.advance(1e9);
  assert.equal(calls.length, 1);
  await response.text();
  await turn();
  assert.equal(calls.length, 2);
});

test('a developer is told once of responses nobody reads, with how many and where', async (t) => {
  const warned = keepWarnings(t);
  const clock = virtualClock(t);
  const { limited, calls } = one({ concurrency: 2, unreadGrace: 5 });
  const promises = [limited(URL_A), limited(URL_A)];
  calls.forEach(({ answer }) => answer('x'));
  const held = await Promise.all(promises);
  // Both graces are over, so whoever comes takes a slot at once.
  await clock.advance(5);
  limited(URL_A);
  limited(URL_A);
  await turn();
  assert.equal(calls.length, 4);
  assert.deepEqual(warned.map((text) => /millpond: (\d) responses? of (\S+) (?:was|were) never read or cancelled/.exec(text)?.slice(1)),
    [['2', ORIGIN]]);
  calls[2].answer('y');
  limited(URL_A);
  await clock.advance(5);
  assert.equal(calls.length, 5);
  assert.equal(warned.length, 1);
  assert.equal(held.length, 2);
});

test('not in production, and not of a body the platform has read by ways of its own', async (t) => {
  const warned = keepWarnings(t);
  const clock = virtualClock(t);
  // Browsers have none, and bundlers put the word in its place.
  const { process } = globalThis;
  t.after(() => { globalThis.process = process; });
  for (const [env, touch] of [['production', () => {}], ['test', (response) => Object.getOwnPropertyDescriptor(Response.prototype, 'body').get.call(response).getReader().read()]]) {
    globalThis.process = { env: { NODE_ENV: env } };
    const { limited, calls } = one({ unreadGrace: 5 });
    const first = limited(URL_A);
    calls[0].answer('x');
    touch(await first);
    limited(URL_A);
    await clock.advance(5);
    assert.equal(calls.length, 2);
  }
  assert.equal(warned.length, 0);
});
