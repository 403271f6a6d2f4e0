// Requests that are sent again, and lanes that wait because their server asks for it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFetch } from 'millpond';
import { virtualClock } from './clock.mjs';
import { fakeFetch, handBody, isQuiet } from './fetch-kit.mjs';
import { accounted, rejection, settle, until } from './tools.mjs';

const URL_A = 'https://a.example/';
const ORIGIN = 'https://a.example';

/** A fetch whose base answers with what is in `answers`, in order, the last one for ever: a status, `[status, headers]`, an Error, a function. */
function serving(clock, answers, options) {
  const sent = [];
  const fetch = async (request) => {
    const at = clock.time;
    const record = { at, request, body: request.body === null ? '' : await request.text() };
    const answer = answers[Math.min(sent.length, answers.length - 1)];
    sent.push(record);
    if (answer instanceof Error) throw answer;
    if (typeof answer === 'function') return answer(request);
    const [status, headers] = [answer].flat();
    return (record.response = new Response(`body of ${status}`, { status, headers }));
  };
  return { limited: createFetch({ concurrency: 2, fetch, ...options }), sent };
}

const times = (sent) => sent.map(({ at }) => at);

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
      await clock.advance(5000);
      await promise;
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
      await clock.advance(5000);
      await promise;
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
    assert.equal(await rejection(read), broken);
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
      await clock.advance(5000);
      assert.equal((await promise).status, 200);
      const expected = kind === 'URLSearchParams' ? 'a=b' : 'the body';
      assert.deepEqual(sent.map((one) => one.body), [expected, expected, expected]);
    });
  }

  test('a form is sent again', async (t) => {
    const clock = virtualClock(t);
    const form = new FormData();
    form.set('name', 'value');
    const { limited, sent } = serving(clock, [503, 200], { retry: 2 });
    const promise = limited(URL_A, { method: 'PUT', body: form });
    form.set('name', 'changed later');
    await clock.advance(5000);
    await promise;
    assert.equal(sent.length, 2);
    for (const { body } of sent) assert.match(body, /value/);
  });

  test('the body of a Request is not, but a Request without one is', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [503], { retry: 1 });
    for (const [request, count] of [[new Request(URL_A, { method: 'PUT', body: 'x' }), 1], [new Request(URL_A, { method: 'PUT' }), 2], [new Request(URL_A), 2]]) {
      sent.length = 0;
      const promise = limited(request);
      await clock.advance(5000);
      assert.equal((await promise).status, 503);
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
    await clock.advance(5000);
    assert.equal((await promise).status, 503);
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
      await clock.advance(5000);
      await promise;
      assert.equal(copies.length, count);
      // Sent, or let go.
      for (const { body, bodyUsed } of copies) assert.ok(bodyUsed || !body);
      assert.ok(sent.every(({ body }) => body === 'the body'));
    }
    copies.length = 0;
    const plain = serving(clock, [503, 503], { retry: 2 });
    const promise = plain.limited(URL_A);
    await clock.advance(5000);
    await promise;
    if (plain.sent[0].request.body === null) assert.equal(copies.length, 0, 'no body, no copy');
  });

  test('headers and all else stay', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [503, 200], { retry: 1 });
    const promise = limited(URL_A, { method: 'PUT', body: '{}', headers: { 'x-a': 'b', 'content-type': 'application/json' }, cache: 'no-store' });
    await clock.advance(5000);
    await promise;
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

describe('the end of all', () => {
  test('an abort in the pause rejects at once, with the very reason', async (t) => {
    const clock = virtualClock(t);
    const controller = new AbortController();
    const { limited, sent } = serving(clock, [503], { retry: 5 });
    const failed = rejection(limited(URL_A, { signal: controller.signal, method: 'PUT', body: 'x' }));
    await clock.advance(100);
    const reason = { why: 'enough' };
    controller.abort(reason);
    assert.equal(await failed, reason);
    await clock.advance(5000);
    assert.equal(sent.length, 1);
    assert.ok(isQuiet(limited));
  });

  test('so does the signal of a Request', async (t) => {
    const clock = virtualClock(t);
    const controller = new AbortController();
    const { limited } = serving(clock, [503], { retry: 5 });
    const failed = rejection(limited(new Request(URL_A, { signal: controller.signal })));
    await clock.advance(100);
    controller.abort('enough');
    assert.equal(await failed, 'enough');
  });

  test('an abort works in a later attempt: in flight, and in its body', async (t) => {
    const clock = virtualClock(t);
    for (const method of ['GET', 'PUT']) {
      const controller = new AbortController();
      const base = fakeFetch();
      const limited = createFetch({ fetch: base.fetch, retry: 1 });
      const failed = rejection(limited(URL_A, { method, body: method === 'PUT' ? 'x' : null, signal: controller.signal }));
      base.calls[0].answer(null, { status: 503 });
      await clock.advance(300);
      assert.equal(base.calls.length, 2);
      controller.abort('in flight');
      assert.equal(await failed, 'in flight');
      assert.equal(base.calls[1].request.signal.reason, 'in flight');
      await until(() => isQuiet(limited));

      const later = new AbortController();
      const promise = limited(URL_A, { method, body: method === 'PUT' ? 'x' : null, signal: later.signal });
      base.calls[2].answer(null, { status: 503 });
      await clock.advance(300);
      const body = handBody();
      base.calls[3].answer(body.stream);
      const read = rejection((await promise).text());
      later.abort('in the body');
      assert.equal(await read, 'in the body');
      await until(() => isQuiet(limited));
    }
  });

  test('no attempt after the total timeout: the last response is the result, whole', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [503], { retry: 5, totalTimeout: 900 });
    const promise = limited(URL_A);
    await clock.advance(300);
    const response = await promise;
    assert.equal(await response.text(), 'body of 503');
    assert.deepEqual(times(sent), [0, 300], 'the third would be at 900');
  });

  test('the total timeout counts on in a later attempt', async (t) => {
    const clock = virtualClock(t);
    const base = fakeFetch();
    const limited = createFetch({ fetch: base.fetch, retry: 5, totalTimeout: 500 });
    const failed = rejection(limited(URL_A));
    base.calls[0].answer(null, { status: 503 });
    await clock.advance(499);
    assert.equal(limited.stats.running, 1);
    await clock.advance(1);
    assert.equal((await failed).phase, 'total');
  });

  test('close() waits for it, and clear() ends it', async (t) => {
    const clock = virtualClock(t);
    for (const isCleared of [false, true]) {
      const { limited } = serving(clock, [503, 200], { retry: 1 });
      const promise = limited(URL_A);
      promise.catch(() => {});
      await settle();
      const closed = limited.close();
      if (isCleared) assert.equal(limited.lanes.clear('cleared'), 1);
      else await clock.advance(300);
      if (isCleared) assert.equal(await rejection(promise), 'cleared');
      else await (await promise).text();
      await closed;
    }
  });

  test('hand-made answers of the base fetch', async (t) => {
    const clock = virtualClock(t);
    for (const answer of [undefined, null, { status: 200 }, { status: 503 }]) {
      const { limited, sent } = serving(clock, [() => answer], { retry: { limit: 1, delay: () => 1 }, adaptive: true });
      const promise = limited(URL_A);
      await clock.advance(10);
      assert.equal(await promise, answer);
      assert.equal(sent.length, answer?.status === 503 ? 2 : 1);
      assert.ok(isQuiet(limited));
    }
  });
});

describe('Retry-After', () => {
  const date = (at) => new Date(at).toUTCString();
  const NOON = Date.parse('Fri, 20 Nov 2026 12:00:00 GMT');

  const pauses = {
    'in seconds': [{ 'retry-after': '2' }, 2000],
    'as a date, by the clock of the server': [{ 'retry-after': date(NOON + 3000), date: date(NOON) }, 3000],
    'as a date of the old kinds': [{ 'retry-after': 'Fri Nov 20 12:00:04 2026', date: 'Friday, 20-Nov-26 12:00:00 GMT' }, 4000],
    'in the past': [{ 'retry-after': date(NOON - 3000), date: date(NOON) }, 0],
    'negative': [{ 'retry-after': '-5' }, 0],
    'now': [{ 'retry-after': '0' }, 0],
    'unreadable': [{ 'retry-after': 'soon 12' }, 300],
    'empty': [{ 'retry-after': '' }, 300],
    'none': [{}, 300],
  };
  for (const [what, [headers, pause]] of Object.entries(pauses)) {
    test(what, async (t) => {
      const clock = virtualClock(t);
      const { limited, sent } = serving(clock, [[429, headers], 200], { retry: 1 });
      const promise = limited(URL_A);
      await clock.advance(10_000);
      assert.equal((await promise).status, 200);
      assert.deepEqual(times(sent), [0, pause]);
    });
  }

  test('as a date without that of the server, by the own clock', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [[429, { 'retry-after': date(Date.now() + 5000) }], 200], { retry: 1 });
    const promise = limited(URL_A);
    await clock.advance(10_000);
    await promise;
    assert.ok(sent[1].at > 3000 && sent[1].at <= 5000, `${sent[1].at}`);
  });

  test('longer than maxRetryAfter: the response is the result, and the lane goes on', async (t) => {
    const clock = virtualClock(t);
    for (const [seconds, retry] of [[61, 3], [3, { maxRetryAfter: 2999 }], [61, { shouldRetry: () => true }]]) {
      const { limited, sent } = serving(clock, [[503, { 'retry-after': `${seconds}` }]], { retry });
      assert.equal((await limited(URL_A)).status, 503);
      await limited(URL_A);
      assert.equal(sent.length, 2);
    }
  });

  test('only with the statuses where it counts', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [[500, { 'retry-after': '5' }], 200], { retry: { statusCodes: [500] } });
    const promise = limited(URL_A);
    await clock.advance(300);
    await promise;
    assert.deepEqual(times(sent), [0, 300]);
  });

  test('jitter comes on top', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [[429, { 'retry-after': '2' }], 200], { retry: { jitter: (ms) => ms / 2 } });
    const promise = limited(URL_A);
    await clock.advance(5000);
    await promise;
    assert.deepEqual(times(sent), [0, 2150]);
  });

  test('and on top of now, if it asks for less', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [[429, { 'retry-after': '-9' }], 200], { retry: { jitter: (ms) => ms / 2 } });
    const promise = limited(URL_A);
    await clock.advance(5000);
    await promise;
    assert.deepEqual(times(sent), [0, 150]);
  });
});

describe('a lane that is asked to wait', () => {
  const AFTER = { 'retry-after': '2' };

  test('sends nothing until then, whoever asks; other lanes go on', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [[429, AFTER], 200], { retry: 1, concurrency: 5 });
    const all = [limited(URL_A)];
    await settle();
    all.push(limited(URL_A + 'later'), limited('https://b.example/'));
    await clock.advance(1000);
    all.push(limited(URL_A + 'latest', { pond: { retry: 0, priority: 'high' } }));
    await clock.advance(999);
    assert.deepEqual(sent.map(({ request }) => request.url), [URL_A, 'https://b.example/']);
    await clock.advance(1);
    for (const response of await Promise.all(all)) await response.text();
    assert.deepEqual(sent.slice(2).map(({ at }) => at), [2000, 2000, 2000]);
  });

  test('lets what was queued wait, and what is in flight end', async (t) => {
    const clock = virtualClock(t);
    const base = fakeFetch();
    const limited = createFetch({ concurrency: 2, fetch: base.fetch, retry: 1 });
    for (let i = 0; i < 4; i++) limited(URL_A + i);
    base.calls[0].answer(null, { status: 503, headers: AFTER });
    base.calls[1].answer(null);
    await clock.advance(1999);
    assert.equal(base.calls.length, 2);
    assert.equal(limited.stats.running, 0);
    await clock.advance(1);
    assert.equal(base.calls.length, 4);
  });

  test('aborts and queueTimeout work meanwhile', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [[429, AFTER], 200], { pauseOnRetryAfter: true });
    await limited(URL_A);
    const controller = new AbortController();
    const failed = [rejection(limited(URL_A, { pond: { queueTimeout: 500 } })), rejection(limited(URL_A, { signal: controller.signal }))];
    await clock.advance(500);
    assert.equal((await failed[0]).phase, 'queue');
    controller.abort('enough');
    assert.equal(await failed[1], 'enough');
    assert.equal(sent.length, 1);
  });

  test('without a retry only if asked for; with one, unless asked not to', async (t) => {
    const clock = virtualClock(t);
    for (const [options, waits] of [[{}, 0], [{ pauseOnRetryAfter: true }, 2000], [{ retry: 1, pauseOnRetryAfter: false }, 0], [{ retry: 0 }, 0], [{ retry: { statusCodes: [] } }, 2000]]) {
      const { limited, sent } = serving(clock, [[429, AFTER], 200], options);
      const begin = clock.time;
      const first = limited(URL_A);
      await settle();
      const second = limited(URL_A);
      await clock.advance(5000);
      await Promise.all([first, second]);
      assert.equal(sent[1].at - begin, waits, JSON.stringify(options));
    }
  });

  test('waits for the longest it was asked', async (t) => {
    const clock = virtualClock(t);
    const base = fakeFetch();
    const limited = createFetch({ concurrency: 2, fetch: base.fetch, pauseOnRetryAfter: true });
    const all = [limited(URL_A), limited(URL_A)];
    base.calls[0].answer(null, { status: 429, headers: { 'retry-after': '3' } });
    base.calls[1].answer(null, { status: 429, headers: { 'retry-after': '1' } });
    await Promise.all(all);
    limited(URL_A);
    await clock.advance(2999);
    assert.equal(base.calls.length, 2);
    await clock.advance(1);
    assert.equal(base.calls.length, 3);
  });

  test('does not expire, and leaves no timer behind', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [[429, { 'retry-after': '5' }], 200], { pauseOnRetryAfter: true, idleTimeout: 100 });
    await (await limited(URL_A)).text();
    await clock.advance(4000);
    const promise = limited(URL_A);
    await clock.advance(999);
    assert.equal(sent.length, 1);
    await clock.advance(1);
    await (await promise).text();
    await clock.advance(100);
    assert.equal(limited.lanes.size, 0);
    assert.deepEqual(clock.timers, []);
  });
});

describe('rate', () => {
  test('no more than intervalCap in any interval, repeats included', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [503, 200], { concurrency: 10, interval: 1000, intervalCap: 2, retry: { delay: () => 1 } });
    const all = Array.from({ length: 4 }, () => limited(URL_A));
    await clock.advance(5000);
    for (const response of await Promise.all(all)) await response.text();
    assert.deepEqual(times(sent), [0, 0, 1000, 1000, 2000]);
  });

  test('of one lane', async (t) => {
    const clock = virtualClock(t);
    const { limited, sent } = serving(clock, [200], { concurrency: 10, lanes: { [ORIGIN]: { interval: 50, intervalCap: 1 } } });
    const all = [URL_A, URL_A, 'https://b.example/', 'https://b.example/'].map((url) => limited(url));
    await clock.advance(100);
    await Promise.all(all);
    assert.deepEqual(times(sent), [0, 0, 0, 50]);
  });
});

test('options are checked', async () => {
  const refused = [
    [{ retry: -1 }, RangeError, 'retry.limit'], [{ retry: true }, TypeError, 'retry'], [{ retry: { methods: 'GET' } }, TypeError, 'retry.methods'],
    [{ retry: { methods: [1] } }, TypeError, 'retry.methods'], [{ retry: { statusCodes: 503 } }, TypeError, 'retry.statusCodes'],
    [{ retry: { statusCodes: ['503'] } }, TypeError, 'retry.statusCodes'], [{ retry: { afterStatusCodes: [-1] } }, RangeError, 'retry.afterStatusCodes'],
    [{ retry: { maxRetryAfter: -1 } }, RangeError, 'retry.maxRetryAfter'], [{ retry: { retryOnNetworkError: 1 } }, TypeError, 'retry.retryOnNetworkError'],
    [{ retry: { limits: 3 } }, RangeError, 'limits'], [{ pauseOnRetryAfter: 1 }, TypeError, 'pauseOnRetryAfter'],
    [{ interval: 0 }, RangeError, 'interval'], [{ intervalCap: 0 }, RangeError, 'intervalCap'], [{ interval: Infinity }, RangeError, 'interval'],
  ];
  for (const [options, Kind, option] of refused) {
    assert.throws(() => createFetch(options), (error) => error instanceof Kind && error.code === 'ERR_MILLPOND_OPTION' && error.option === option, JSON.stringify(options));
  }
  const error = await rejection(createFetch({ fetch: () => assert.fail() })(URL_A, { pond: { retry: { limit: -1 } } }));
  assert.equal(error.option, 'pond.retry.limit');
});
