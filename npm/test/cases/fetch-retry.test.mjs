// Requests that are sent again, and lanes that wait because their server asks for it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFetch } from 'millpond';
import { virtualClock } from './clock.mjs';
import { fakeFetch, handBody, isQuiet } from './fetch-kit.mjs';
import { ORIGIN, URL_A, serving, times } from './fetch-retry-kit.mjs';
import { accounted, rejection, settle, until } from './tools.mjs';

/** Whether a request is used up by making another of it. Not in Bun. */
const usesUp = (() => {
  const request = new Request(URL_A, { method: 'PUT', body: 'x' });
  return new Request(request) && request.bodyUsed;
})();

/** Whether it can be seen that a request has no body. Not in Firefox, and what cannot be seen may be one. */
const showsBody = 'body' in Request.prototype;

describe('when', () => {
  test('never by default', async (t) => {
    const clock = virtualClock(t);
    for (const status of [429, 503]) {
      const { limited, sent } = serving(clock, [[status, { 'retry-after': '1' }]]);
      assert.equal((await limited(URL_A)).status, status);
      await limited(URL_A);
      assert.deepEqual(times(sent), [clock.time, clock.time], 'the lane is not stopped either');
    }
  });

  test('after a 429 or 503, with a pause that doubles; the last response is the result', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [503, 429, 503], { retry: 2 });
    const promise = limited(URL_A);
    await clock.advance(5000);
    const response = await promise;
    assert.equal(response, sent[2].response, 'the very object');
    assert.equal(await response.text(), 'body of 503');
    assert.deepEqual(times(sent), [0, 300, 900]);
    assert.ok(isQuiet(limited));
    assert.equal(limited.stats.retried, 2);
    assert.equal(accounted(limited.stats), limited.stats.submitted);
    assert.deepEqual(clock.timers.filter((at) => at < 50_000), [], 'none but that of the expiry');
  });

  test('other statuses only if they are listed', async (t) => {
    const clock = virtualClock(t);
    for (const [status, statusCodes, count] of [[500, undefined, 1], [404, undefined, 1], [200, [200], 1], [500, [500], 3], [503, [500], 1]]) {
      const { limited, sent } = serving(clock, [status], { retry: { statusCodes } });
      const promise = limited(URL_A);
      await clock.advance(5000);
      assert.equal((await promise).status, status);
      assert.equal(sent.length, count, `${status}`);
    }
  });

  test('idempotent methods only, unless it is said otherwise', async (t) => {
    const clock = virtualClock(t);
    const sends = async (method, retry = 1) => {
      const { limited, sent } = serving(clock, [503, 200], { retry });
      const promise = limited(URL_A, { method });
      await clock.settled(promise);
      return sent.length;
    };
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']) assert.equal(await sends(method), 2, method);
    for (const method of ['POST', 'PATCH']) assert.equal(await sends(method), 1, method);
    assert.equal(await sends('POST', { limit: 1, methods: ['post'] }), 2);
    assert.equal(await sends('GET', { limit: 1, methods: ['post'] }), 1);
  });

  test('a call may say so itself; what it leaves out is as its lane has it', async (t) => {
    const clock = virtualClock(t);
    const options = { retry: { limit: 1, delay: () => 7 }, lanes: { 'https://b.example': { retry: { statusCodes: [500] } }, 'https://c.example': { retry: 0 } } };
    const { limited, sent } = serving(clock, [500], options);
    const count = async (url, pond) => {
      const from = sent.length;
      const begin = clock.time;
      const promise = limited(url, { pond });
      await clock.settled(promise);
      return sent.slice(from).map(({ at }) => at - begin);
    };
    assert.deepEqual(await count(URL_A), [0]);
    assert.deepEqual(await count(URL_A, { retry: { statusCodes: [500] } }), [0, 7]);
    assert.deepEqual(await count('https://b.example/'), [0, 7]);
    assert.deepEqual(await count('https://b.example/', { retry: 3 }), [0, 7, 14, 21]);
    assert.deepEqual(await count('https://b.example/', { retry: 0 }), [0]);
    assert.deepEqual(await count('https://c.example/', { retry: { statusCodes: [500] } }), [0]);
    assert.deepEqual(await count('https://c.example/', { retry: { limit: 2, statusCodes: [500] } }), [0, 7, 14]);
  });

  test('network errors only if asked for; an abort of the base fetch never', async (t) => {
    const clock = virtualClock(t);
    const failed = new TypeError('Failed to fetch');
    const never = serving(clock, [failed], { retry: 2 });
    assert.equal(await rejection(never.limited(URL_A)), failed);
    assert.equal(never.sent.length, 1);
    const again = serving(clock, [failed, 200], { retry: { retryOnNetworkError: true } });
    const promise = again.limited(URL_A);
    await clock.advance(300);
    assert.equal((await promise).status, 200);
    const aborted = new DOMException('by itself', 'AbortError');
    const other = serving(clock, [aborted, 200], { retry: { retryOnNetworkError: true } });
    assert.equal(await rejection(other.limited(URL_A)), aborted);
  });

  test('timeouts only if asked for, and each attempt has its own', async (t) => {
    const clock = virtualClock(t);
    const hang = (request) => new Promise((_, reject) => { request.signal.onabort = () => reject(request.signal.reason); });
    for (const [retryOnTimeout, expected] of [[false, [0]], [true, [0, 110, 220]]]) {
      const begin = clock.time;
      const { limited, sent } = serving(clock, [hang], { timeout: 100, retry: { retryOnTimeout, delay: () => 10 } });
      const promise = rejection(limited(URL_A));
      await clock.advance(1000);
      const error = await promise;
      assert.deepEqual([error.name, error.phase], ['TimeoutError', 'headers']);
      assert.deepEqual(times(sent).map((at) => at - begin), expected);
      assert.ok(isQuiet(limited));
    }
  });

  test('a body that fails later is none of its business', async (t) => {
    const clock = virtualClock(t);
    const body = handBody();
    const { limited, sent } = serving(clock, [() => new Response(body.stream)], { retry: { retryOnNetworkError: true } });
    const read = (await limited(URL_A)).text();
    await settle();
    const broken = new TypeError('broken');
    body.error(broken);
    // Its own error, or the platform's for it.
    assert.ok(await rejection(read));
    await clock.advance(1000);
    assert.equal(sent.length, 1);
  });
});

describe('shouldRetry', () => {
  test('decides over responses and errors, within limit and methods', async (t) => {
    const clock = virtualClock(t);
    const failed = new TypeError('no network');
    const told = [];
    const shouldRetry = async (state) => { told.push(state); return true; };
    const { limited, sent } = serving(clock, [500, failed, 404], { retry: { limit: 2, delay: () => 1, shouldRetry } });
    const promise = limited(URL_A);
    await clock.advance(10);
    assert.equal((await promise).status, 404);
    assert.deepEqual(told, [{ response: sent[0].response, attempt: 1 }, { error: failed, attempt: 2 }]);
    const post = limited(URL_A, { method: 'POST' });
    await clock.advance(10);
    assert.equal((await post).status, 404);
    assert.equal(sent.length, 4);
  });

  test('false keeps the response, which is whole; it is not asked about what is well', async (t) => {
    const clock = virtualClock(t);
    let asked = 0;
    const { limited, sent } = serving(clock, [503, 200], { retry: { shouldRetry: () => { asked++; return false; } } });
    assert.equal(await (await limited(URL_A)).text(), 'body of 503');
    assert.equal((await limited(URL_A)).status, 200);
    assert.deepEqual([asked, sent.length], [1, 2]);
  });

  test('what it throws rejects, and is not asked about itself', async (t) => {
    const clock = virtualClock(t);
    const wrong = new Error('wrong');
    for (const answer of [503, new TypeError('no')]) {
      let asked = 0;
      const { limited, sent } = serving(clock, [answer], { retry: { retryOnNetworkError: true, shouldRetry: () => { asked++; throw wrong; } } });
      assert.equal(await rejection(limited(URL_A)), wrong);
      assert.deepEqual([asked, sent.length], [1, 1]);
      await until(() => isQuiet(limited));
    }
  });

  test('an abort while it thinks', async (t) => {
    const clock = virtualClock(t);
    const controller = new AbortController();
    const body = handBody();
    let decide;
    const shouldRetry = () => new Promise((resolve) => { decide = resolve; });
    const { limited } = serving(clock, [() => new Response(body.stream, { status: 503 })], { retry: { shouldRetry } });
    const failed = rejection(limited(URL_A, { signal: controller.signal }));
    await until(() => decide);
    controller.abort('enough');
    assert.equal(await failed, 'enough');
    decide(false);
    await until(() => isQuiet(limited));
    await until(() => body.cancelled);
    assert.deepEqual(limited.stats.cancelled, 1);
  });
});

describe('bodies', () => {
  const text = new TextEncoder().encode('the body');
  const replayable = { string: 'the body', buffer: text.buffer, view: text, Blob: new Blob(['the body']), URLSearchParams: new URLSearchParams({ a: 'b' }) };

  for (const [kind, body] of Object.entries(replayable)) {
    test(`a ${kind} is sent again`, async (t) => {
      const clock = virtualClock(t);
      const { limited, sent } = serving(clock, [503, 503, 200], { retry: 2 });
      const promise = limited(URL_A, { method: 'PUT', body });
      assert.equal((await clock.settled(promise)).status, 200);
      const expected = kind === 'URLSearchParams' ? 'a=b' : 'the body';
      assert.deepEqual(await Promise.all(sent.map(({ body }) => body)), [expected, expected, expected]);
    });
  }

  test('a form is sent again', async (t) => {
    const clock = virtualClock(t);
    const form = new FormData();
    form.set('name', 'value');
    const { limited, sent } = serving(clock, [503, 200], { retry: 2 });
    const promise = limited(URL_A, { method: 'PUT', body: form });
    form.set('name', 'changed later');
    await clock.settled(promise);
    assert.equal(sent.length, 2);
    for (const { body } of sent) assert.match(await body, /value/);
  });

  test('the body of a Request is not, but a Request without one is', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [503], { retry: 1 });
    for (const [request, count] of [[new Request(URL_A, { method: 'PUT', body: 'x' }), 1], [new Request(URL_A, { method: 'PUT' }), showsBody ? 2 : 1], [new Request(URL_A), 2]]) {
      sent.length = 0;
      const promise = limited(request);
      assert.equal((await clock.settled(promise)).status, 503);
      assert.equal(sent.length, count, request.method);
    }
  });

  test('nor is a stream, whatever shouldRetry says', async (t) => {
    const clock = virtualClock(t);
    let stream;
    try {
      const { body } = handBody();
      stream = new Request(URL_A, { method: 'PUT', body: new Blob(['x']).stream(), duplex: 'half' }) && { body };
    } catch {
      return; // Not in every engine.
    }
    const { limited, sent } = serving(clock, [503], { retry: { shouldRetry: () => true } });
    const promise = limited(URL_A, { method: 'PUT', body: new Blob(['x']).stream(), duplex: 'half' });
    assert.equal((await clock.settled(promise)).status, 503);
    assert.equal(sent.length, 1);
    assert.ok(stream);
  });

  test('is kept for as long as there may be another attempt, and no longer', async (t) => {
    const clock = virtualClock(t);
    const { clone } = Request.prototype;
    t.after(() => { Request.prototype.clone = clone; });
    const copies = [];
    Request.prototype.clone = function () {
      const copy = clone.call(this);
      copies.push(copy);
      return copy;
    };
    for (const [answers, count] of [[[503, 503, 503], 2], [[200], 1], [[404], 1]]) {
      copies.length = 0;
      const { limited, sent } = serving(clock, answers, { retry: 2 });
      const promise = limited(URL_A, { method: 'PUT', body: 'the body' });
      await clock.settled(promise);
      assert.equal(copies.length, count);
      // Sent, or let go, where that shows.
      if (usesUp) for (const { body, bodyUsed } of copies) assert.ok(bodyUsed || !body);
      for (const { body } of sent) assert.equal(await body, 'the body');
    }
    copies.length = 0;
    const plain = serving(clock, [503, 503], { retry: 2 });
    const promise = plain.limited(URL_A);
    await clock.settled(promise);
    if (plain.sent[0].request.body === null) assert.equal(copies.length, 0, 'no body, no copy');
  });

  test('headers and all else stay', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [503, 200], { retry: 1 });
    const promise = limited(URL_A, { method: 'PUT', body: '{}', headers: { 'x-a': 'b', 'content-type': 'application/json' }, cache: 'no-store' });
    await clock.settled(promise);
    for (const { request } of sent) {
      assert.deepEqual([request.method, request.url, request.cache, request.headers.get('x-a'), request.headers.get('content-type')], ['PUT', URL_A, 'no-store', 'b', 'application/json']);
    }
  });
});

describe('the refused response', () => {
  test('its body is cancelled, the slot is free in the pause', async (t) => {
    const clock = virtualClock(t);
    const body = handBody();
    const base = fakeFetch();
    const limited = createFetch({ concurrency: 1, fetch: base.fetch, retry: 1 });
    const first = limited(URL_A);
    const second = limited(URL_A);
    base.calls[0].answer(body.stream, { status: 503 });
    await until(() => base.calls.length === 2);
    assert.ok(body.cancelled);
    const held = handBody();
    base.calls[1].answer(held.stream);
    const response = await second;
    await clock.advance(400);
    assert.equal(base.calls.length, 2, 'one at a time');
    assert.equal(limited.lanes.get(ORIGIN).waiting, 1);
    const read = response.text();
    held.close();
    await read;
    await until(() => base.calls.length === 3);
    base.calls[2].answer('done');
    assert.equal(await (await first).text(), 'done');
    assert.ok(isQuiet(limited));
  });

  test('goes before the others when it is sent again', async (t) => {
    const clock = virtualClock(t);
    const base = fakeFetch();
    const limited = createFetch({ concurrency: 1, fetch: base.fetch, retry: 1 });
    const urls = ['1', '2', '3', '4'].map((name) => URL_A + name);
    urls.forEach((url) => limited(url));
    base.calls[0].answer(null, { status: 503 });
    await until(() => base.calls.length === 2);
    await clock.advance(300);
    for (let i = 1; i < 4; i++) {
      base.calls[i].answer(null);
      await until(() => base.calls.length > i + 1 || i === 3);
    }
    assert.deepEqual(base.calls.map(({ url }) => url.at(-1)), ['1', '2', '1', '3']);
  });

  test('the unread result is recalled like any other', async (t) => {
    const clock = virtualClock(t);
    const base = fakeFetch();
    const limited = createFetch({ concurrency: 1, fetch: base.fetch, retry: 1, unreadGrace: 50 });
    const { warn } = console;
    t.after(() => { console.warn = warn; });
    console.warn = () => {};
    const first = limited(URL_A);
    base.calls[0].answer(null, { status: 503 });
    await clock.advance(300);
    base.calls[1].answer('unread');
    await first;
    limited(URL_A);
    await clock.advance(50);
    assert.equal(base.calls.length, 3);
    assert.equal(limited.stats.recalled, 1);
  });
});
