// Aborts, in every phase: with the very reason, in the same task, and nothing is left behind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFetch } from 'millpond';
import { fakeFetch, handBody, isQuiet, rejection, state, turn, until } from './fetch-kit.mjs';
import { keepWarnings } from './tools.mjs';

const URL_A = 'https://a.example/';
const REASONS = { 'an object': { mine: true }, null: null, 'a string': 'stop', default: undefined };

/** Whether the body of a Request can be a stream. Else it is sent as text. */
const uploadsStreams = !new Request(URL_A, { method: 'POST', body: new ReadableStream(), duplex: 'half' }).headers.has('content-type');

function one(options, base = fakeFetch()) {
  return { ...base, limited: createFetch({ concurrency: 1, fetch: base.fetch, ...options }) };
}

for (const [what, given] of Object.entries(REASONS)) {
  test(`reason ${what}: in the line, in flight, in the body`, async () => {
    for (const phase of ['line', 'flight', 'text', 'reader', 'unread']) {
      const { limited, calls } = one();
      const busy = phase === 'line' ? limited(URL_A) : undefined;
      const controller = new AbortController();
      const { signal } = controller;
      let promise = limited(URL_A, { signal });
      const body = handBody();
      if (phase === 'text' || phase === 'reader' || phase === 'unread') {
        calls[0].answer(body.stream);
        const response = await promise;
        if (phase === 'text') promise = response.text();
        if (phase === 'reader') promise = response.body.getReader().read();
        if (phase === 'unread') promise = response.body.getReader().closed;
      }
      promise.catch(() => {});
      let told = false;
      promise.catch(() => { told = true; });
      controller.abort(given);
      // Some microtasks, no task.
      for (let i = 0; i < 20; i++) await null;
      assert.ok(told, phase);
      assert.equal(await rejection(promise), signal.reason, phase);
      if (busy) {
        calls[0].answer(null);
        await busy;
        await turn();
        assert.equal(calls.length, 1, 'never sent');
      } else await turn();
      assert.ok(isQuiet(limited), phase);
      assert.equal(limited.stats.cancelled, 1);
    }
  });
}

test("a Request's own signal counts, and init's goes before it", async () => {
  const { limited } = one({ concurrency: 2 });
  const own = new AbortController();
  const other = new AbortController();
  const request = new Request(URL_A, { signal: own.signal });
  const first = limited(request);
  const second = limited(request, { signal: other.signal });
  own.abort(1);
  assert.equal(await rejection(first), 1);
  assert.equal(await state(second), 'waits');
  other.abort(2);
  assert.equal(await rejection(second), 2);
});

test('the base fetch hears the abort, with the reason, in the same turn', () => {
  const { limited, calls } = one();
  const controller = new AbortController();
  limited(URL_A, { signal: controller.signal }).catch(() => {});
  controller.abort('stop');
  assert.equal(calls[0].request.signal.aborted, true);
  assert.equal(calls[0].request.signal.reason, 'stop');
});

test('an aborted request in the line lets its body go and leaves the others alone', async () => {
  const { limited, calls } = one();
  const first = limited(URL_A);
  const controller = new AbortController();
  const upload = handBody();
  const second = limited(URL_A, { method: 'POST', body: upload.stream, duplex: 'half', signal: controller.signal });
  const third = limited(URL_A);
  controller.abort('stop');
  await rejection(second);
  await turn();
  if (uploadsStreams) assert.deepEqual(upload.cancelled, { reason: 'stop' });
  calls[0].answer(null);
  await first;
  await turn();
  calls[1].answer(null);
  await third;
});

test('in flight with a deaf base fetch: told at once, the slot comes back when it has settled, a late body is let go', async () => {
  const { limited, calls } = one({}, fakeFetch({ deaf: true }));
  const controller = new AbortController();
  const first = limited(URL_A, { signal: controller.signal });
  limited(URL_A);
  controller.abort('stop');
  assert.equal(await rejection(first), 'stop');
  await turn();
  assert.equal(calls.length, 1, 'it still runs');
  const body = handBody();
  calls[0].answer(body.stream);
  await turn();
  assert.equal(calls.length, 2);
  assert.ok(body.cancelled);
});

test('an abort in the body frees the slot for who waits', async () => {
  const { limited, calls } = one();
  const controller = new AbortController();
  const first = limited(URL_A, { signal: controller.signal });
  limited(URL_A);
  calls[0].answer(handBody().stream);
  await first;
  controller.abort();
  await turn();
  assert.equal(calls.length, 2);
});

test('reading twice after an abort gives the reason twice, and text() too', async () => {
  const { limited, calls } = one({ concurrency: 3 });
  const controller = new AbortController();
  const promises = [limited(URL_A, { signal: controller.signal }), limited(URL_A, { signal: controller.signal })];
  calls.forEach(({ answer }) => answer(handBody().stream));
  const [first, second] = await Promise.all(promises);
  controller.abort('stop');
  const reader = first.body.getReader();
  assert.equal(await rejection(reader.read()), 'stop');
  assert.equal(await rejection(reader.read()), 'stop');
  assert.equal(await rejection(reader.closed), 'stop');
  assert.equal(second.bodyUsed, false);
});

test('a body that was received and is empty ends cleanly in an abort', async () => {
  const { limited, calls } = one();
  const controller = new AbortController();
  const first = limited(URL_A, { signal: controller.signal });
  const body = handBody();
  body.close();
  calls[0].answer(body.stream);
  const response = await first;
  controller.abort('stop');
  assert.deepEqual(await response.body.getReader().read(), { done: true, value: undefined });
});

test('an abort after the end changes nothing', async () => {
  const { limited, calls } = one();
  const controller = new AbortController();
  const first = limited(URL_A, { signal: controller.signal });
  calls[0].answer('x');
  const response = await first;
  const copy = response.clone();
  assert.equal(await response.text(), 'x');
  controller.abort('stop');
  assert.equal(await copy.text(), 'x');
  assert.equal(limited.stats.succeeded, 1);
});

for (const how of ['headers', 'recall']) {
  test(`the signal works on after the slot has gone: ${how}`, async (t) => {
    keepWarnings(t);
    const { limited, calls } = one(how === 'headers' ? { releaseOn: 'headers' } : { unreadGrace: 0 });
    const controller = new AbortController();
    const first = limited(URL_A, { signal: controller.signal });
    calls[0].answer(handBody().stream);
    const response = await first;
    limited(URL_A);
    await until(() => calls.length === 2);
    const text = response.text();
    controller.abort('stop');
    assert.equal(calls[0].request.signal.reason, 'stop');
    assert.equal(await rejection(text), 'stop');
  });
}

test('a lane can be aborted from outside: what waits, what is in flight, what is read', async () => {
  const { limited, calls } = one({ concurrency: 2 });
  const promises = [limited(URL_A), limited(URL_A), limited(URL_A)];
  calls[0].answer(handBody().stream);
  const text = (await promises[0]).text();
  const errors = Promise.all([text, promises[1], promises[2]].map(rejection));
  limited.lanes.get('https://a.example').abort('over');
  assert.deepEqual(await errors, ['over', 'over', 'over']);
  assert.equal(calls[1].request.signal.reason, 'over');
  await turn();
  assert.ok(isQuiet(limited));
});

test('a thousand waiting on one signal are aborted in one go', async () => {
  const { limited, calls } = one();
  const controller = new AbortController();
  limited(URL_A);
  const { signal } = controller;
  const promises = Array.from({ length: 1_000 }, () => limited(URL_A, { signal }));
  assert.equal(limited.stats.waiting, 1_000);
  controller.abort('all');
  for (const promise of promises) assert.equal(await rejection(promise), 'all');
  assert.equal(limited.stats.waiting, 0);
  assert.equal(calls.length, 1);
});
