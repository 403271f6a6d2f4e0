// The four clocks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFetch } from 'millpond';
import { virtualClock } from './clock.mjs';
import { fakeFetch, handBody, isQuiet, rejection, turn } from './fetch-kit.mjs';

const URL_A = 'https://a.example/';

function one(options, base = fakeFetch()) {
  return { ...base, limited: createFetch({ concurrency: 1, fetch: base.fetch, ...options }) };
}

function isTimeout(error, phase) {
  assert.ok(error instanceof DOMException);
  assert.deepEqual([error.name, error.phase], ['TimeoutError', phase]);
  assert.match(error.message, new RegExp(phase));
}

test('queueTimeout: out of the line, never sent, the others unharmed', async (t) => {
  const clock = virtualClock(t);
  const { limited, calls } = one({ queueTimeout: 20 });
  const first = limited(URL_A);
  const second = limited(URL_A);
  const patient = limited(URL_A, { pond: { queueTimeout: 60_000 } });
  const late = rejection(second);
  await clock.advance(20);
  isTimeout(await late, 'queue');
  calls[0].answer(null);
  await first;
  await turn();
  assert.equal(calls.length, 2);
  calls[1].answer(null);
  await patient;
  assert.ok(isQuiet(limited));
  assert.equal(limited.stats.timedOut, 1);
});

test('timeout: to the headers, told to the base fetch, and not after them', async (t) => {
  const clock = virtualClock(t);
  const { limited, calls } = one({ timeout: 20 });
  const first = limited(URL_A);
  const second = limited(URL_A);
  const late = rejection(first);
  await clock.advance(20);
  const error = await late;
  isTimeout(error, 'headers');
  assert.equal(calls[0].request.signal.reason, error);
  assert.equal(calls.length, 2);
  const body = handBody();
  calls[1].answer(body.stream);
  const text = (await second).text();
  await clock.advance(60);
  body.push('slow');
  body.close();
  assert.equal(await text, 'slow');
  assert.ok(isQuiet(limited));
});

test('a deaf base fetch keeps its slot after a timeout until it settles', async (t) => {
  const clock = virtualClock(t);
  const { limited, calls } = one({ timeout: 20 }, fakeFetch({ deaf: true }));
  const first = limited(URL_A);
  limited(URL_A);
  const late = rejection(first);
  await clock.advance(20);
  isTimeout(await late, 'headers');
  assert.equal(calls.length, 1);
  const body = handBody();
  calls[0].answer(body.stream);
  await turn();
  assert.equal(calls.length, 2);
  assert.ok(body.cancelled);
});

const READS = {
  'text()': (response) => response.text(),
  'a reader': async (response) => {
    const reader = response.body.getReader();
    while (!(await reader.read()).done);
  },
  'a clone': (response) => response.clone().text(),
  'new Response(body)': (response) => new Response(response.body).text(),
};

for (const [what, read] of Object.entries(READS)) {
  test(`bodyTimeout while ${what} waits: tells the reader and the base fetch, frees the slot`, async (t) => {
    const clock = virtualClock(t);
    const { limited, calls } = one({ bodyTimeout: 40 });
    const first = limited(URL_A);
    limited(URL_A);
    const body = handBody();
    calls[0].answer(body.stream);
    const reading = rejection(read(await first));
    // As long as chunks come it goes on, for longer than the timeout.
    for (let i = 0; i < 6; i++) {
      await clock.advance(39);
      body.push('x');
      await turn();
    }
    assert.equal(calls.length, 1);
    await clock.advance(40);
    const error = calls[0].request.signal.reason;
    isTimeout(error, 'body');
    // The platform's own reading may say it in its own words.
    if (what !== 'new Response(body)') assert.equal(await reading, error);
    else assert.ok(await reading instanceof Error);
    assert.equal(calls.length, 2);
    assert.equal(limited.stats.timedOut, 1);
  });
}

test('bodyTimeout: a reader that takes its time is no stall', async (t) => {
  const clock = virtualClock(t);
  const { limited, calls } = one({ bodyTimeout: 20 });
  const first = limited(URL_A);
  calls[0].answer(new Response('x'));
  const response = await first;
  await clock.advance(60);
  assert.equal(await response.text(), 'x');
});

test('totalTimeout: in the line, in flight, in the body', async (t) => {
  const clock = virtualClock(t);
  for (const phase of ['line', 'flight', 'text', 'reader']) {
    const { limited, calls } = one();
    if (phase === 'line') limited(URL_A);
    let promise = limited(URL_A, { pond: { totalTimeout: 20 } });
    if (phase === 'text' || phase === 'reader') {
      calls[0].answer(handBody().stream);
      const response = await promise;
      promise = phase === 'text' ? response.text() : response.body.getReader().read();
    }
    const late = rejection(promise);
    await clock.advance(20);
    isTimeout(await late, 'total');
    assert.equal(limited.stats.timedOut, 1);
    assert.equal(limited.stats.running, phase === 'line' ? 1 : 0);
  }
});

test('totalTimeout ends an unread body', async (t) => {
  const clock = virtualClock(t);
  const { limited, calls } = one({ totalTimeout: 20, unreadGrace: Infinity });
  const first = limited(URL_A);
  limited(URL_A, { pond: { totalTimeout: Infinity } });
  calls[0].answer(handBody().stream);
  const response = await first;
  await clock.advance(20);
  assert.equal(calls.length, 2);
  isTimeout(await rejection(response.body.getReader().read()), 'total');
});

test('after the end of the body none fires', async (t) => {
  const clock = virtualClock(t);
  const { limited, calls } = one({ queueTimeout: 20, timeout: 20, bodyTimeout: 20, totalTimeout: 20 });
  const first = limited(URL_A);
  calls[0].answer('x');
  const response = await first;
  const copy = response.clone();
  await response.text();
  await clock.advance(60);
  assert.equal(await copy.text(), 'x');
  assert.equal(calls[0].request.signal.aborted, false);
  assert.equal(limited.stats.timedOut, 0);
});

test('a call can lift the timeouts of its lane', async (t) => {
  const clock = virtualClock(t);
  const { limited, calls } = one({ lanes: { 'https://a.example': { timeout: 20, totalTimeout: 20 } } });
  const first = limited(URL_A, { pond: { timeout: Infinity, totalTimeout: Infinity } });
  await clock.advance(60);
  calls[0].answer('x');
  assert.equal(await (await first).text(), 'x');
});
