// The four clocks. Real time: timeouts are of 20 ms, and what has to happen is waited for, however late.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFetch } from 'millpond';
import { fakeFetch, handBody, isQuiet, rejection, turn, until } from './fetch-kit.mjs';

const URL_A = 'https://a.example/';
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function one(options, base = fakeFetch()) {
  return { ...base, limited: createFetch({ concurrency: 1, fetch: base.fetch, ...options }) };
}

function isTimeout(error, phase) {
  assert.ok(error instanceof DOMException);
  assert.deepEqual([error.name, error.phase], ['TimeoutError', phase]);
  assert.match(error.message, new RegExp(phase));
}

test('queueTimeout: out of the line, never sent, the others unharmed', async () => {
  const { limited, calls } = one({ queueTimeout: 20 });
  const first = limited(URL_A);
  const second = limited(URL_A);
  const patient = limited(URL_A, { pond: { queueTimeout: 60_000 } });
  isTimeout(await rejection(second), 'queue');
  calls[0].answer(null);
  await first;
  await turn();
  assert.equal(calls.length, 2);
  calls[1].answer(null);
  await patient;
  assert.ok(isQuiet(limited));
  assert.equal(limited.stats.timedOut, 1);
});

test('timeout: to the headers, told to the base fetch, and not after them', async () => {
  const { limited, calls } = one({ timeout: 20 });
  const first = limited(URL_A);
  const second = limited(URL_A);
  const error = await rejection(first);
  isTimeout(error, 'headers');
  assert.equal(calls[0].request.signal.reason, error);
  await until(() => calls.length === 2);
  const body = handBody();
  calls[1].answer(body.stream);
  const text = (await second).text();
  await pause(60);
  body.push('slow');
  body.close();
  assert.equal(await text, 'slow');
  assert.ok(isQuiet(limited));
});

test('a deaf base fetch keeps its slot after a timeout until it settles', async () => {
  const { limited, calls } = one({ timeout: 20 }, fakeFetch({ deaf: true }));
  const first = limited(URL_A);
  limited(URL_A);
  isTimeout(await rejection(first), 'headers');
  await turn();
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
  test(`bodyTimeout while ${what} waits: tells the reader and the base fetch, frees the slot`, async () => {
    const { limited, calls } = one({ bodyTimeout: 40 });
    const first = limited(URL_A);
    limited(URL_A);
    const body = handBody();
    calls[0].answer(body.stream);
    const reading = rejection(read(await first));
    // As long as chunks come it goes on, for longer than the timeout.
    for (let i = 0; i < 6; i++) {
      await pause(10);
      body.push('x');
    }
    const error = await reading;
    isTimeout(error, 'body');
    assert.equal(calls[0].request.signal.reason, error);
    await until(() => calls.length === 2);
    assert.equal(limited.stats.timedOut, 1);
  });
}

test('bodyTimeout: a reader that takes its time is no stall', async () => {
  const { limited, calls } = one({ bodyTimeout: 20 });
  const first = limited(URL_A);
  calls[0].answer(new Response('x'));
  const response = await first;
  await pause(60);
  assert.equal(await response.text(), 'x');
});

test('totalTimeout: in the line, in flight, in the body', async () => {
  for (const phase of ['line', 'flight', 'text', 'reader']) {
    const { limited, calls } = one();
    if (phase === 'line') limited(URL_A);
    let promise = limited(URL_A, { pond: { totalTimeout: 20 } });
    if (phase === 'text' || phase === 'reader') {
      calls[0].answer(handBody().stream);
      const response = await promise;
      promise = phase === 'text' ? response.text() : response.body.getReader().read();
    }
    isTimeout(await rejection(promise), 'total');
    await turn();
    assert.equal(limited.stats.timedOut, 1);
    assert.equal(limited.stats.running, phase === 'line' ? 1 : 0);
  }
});

test('totalTimeout ends an unread body', async () => {
  const { limited, calls } = one({ totalTimeout: 20, unreadGrace: Infinity });
  const first = limited(URL_A);
  limited(URL_A, { pond: { totalTimeout: Infinity } });
  calls[0].answer(handBody().stream);
  const response = await first;
  await until(() => calls.length === 2);
  isTimeout(await rejection(response.body.getReader().read()), 'total');
});

test('after the end of the body none fires', async () => {
  const { limited, calls } = one({ queueTimeout: 20, timeout: 20, bodyTimeout: 20, totalTimeout: 20 });
  const first = limited(URL_A);
  calls[0].answer('x');
  const response = await first;
  const copy = response.clone();
  await response.text();
  await pause(60);
  assert.equal(await copy.text(), 'x');
  assert.equal(calls[0].request.signal.aborted, false);
  assert.equal(limited.stats.timedOut, 0);
});

test('a call can lift the timeouts of its lane', async () => {
  const { limited, calls } = one({ lanes: { 'https://a.example': { timeout: 20, totalTimeout: 20 } } });
  const first = limited(URL_A, { pond: { timeout: Infinity, totalTimeout: Infinity } });
  await pause(60);
  calls[0].answer('x');
  assert.equal(await (await first).text(), 'x');
});
