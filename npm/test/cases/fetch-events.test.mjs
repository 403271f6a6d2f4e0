// What becomes of requests, told by events.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFetch } from 'millpond';
import { fakeFetch, handBody, isQuiet, rejection, turn } from './fetch-kit.mjs';

const URL_A = 'https://a.example/';
const TYPES = ['queue', 'request', 'response', 'settle'];

function heard(options) {
  const base = fakeFetch();
  const limited = createFetch({ concurrency: 1, fetch: base.fetch, ...options });
  const events = [];
  for (const type of TYPES) limited.addEventListener(type, ({ type, detail }) => events.push({ type, ...detail }));
  const types = () => events.splice(0).map(({ type }) => type);
  return { ...base, limited, events, types };
}

describe('events of a fetch', () => {
  test('sent at once, and read', async () => {
    const { limited, calls, events } = heard();
    const promise = limited(URL_A);
    assert.deepEqual(events.map(({ type }) => type), ['request']);
    calls[0].answer('all');
    const response = await promise;
    await response.text();
    const [request, came, settled] = events;
    assert.deepEqual(events.map(({ type }) => type), ['request', 'response', 'settle']);
    assert.deepEqual([request.lane, request.request.url], ['https://a.example', URL_A]);
    assert.equal(came.response, response);
    assert.deepEqual(Object.keys(came.timing).sort(), ['attempts', 'headers', 'lane', 'queued']);
    assert.deepEqual(settled.timing, limited.timing(response));
    assert.deepEqual(Object.keys(settled).sort(), ['lane', 'request', 'response', 'timing', 'type']);
    assert.ok(events.every(({ request }) => request === events[0].request));
  });

  test('waited', async () => {
    const { limited, calls, types } = heard();
    limited(URL_A);
    types();
    limited(URL_A);
    assert.deepEqual(types(), ['queue']);
    calls[0].answer(null);
    await turn();
    assert.deepEqual(types(), ['response', 'settle', 'request']);
  });

  test('failed, aborted, refused: one settle, with the error', async () => {
    const { limited, calls, events, types } = heard({ queueCapacity: 1 });
    const controller = new AbortController();
    const failing = limited(URL_A);
    const aborted = limited(URL_A, { signal: controller.signal });
    types();
    const full = await rejection(limited(URL_A));
    assert.deepEqual(events.splice(0).map(({ type, error }) => [type, error]), [['settle', full]]);
    controller.abort('mine');
    await rejection(aborted);
    assert.deepEqual(events.splice(0).map(({ type, error }) => [type, error]), [['settle', 'mine']]);
    calls[0].reject('broken');
    await rejection(failing);
    assert.deepEqual(events.splice(0).map(({ type, error, response }) => [type, error, response]), [['settle', 'broken', undefined]]);
  });

  test('the body fails, or is cancelled: one settle', async () => {
    const { limited, calls, events } = heard({ concurrency: 2 });
    const promises = [limited(URL_A), limited(URL_A)];
    const body = handBody();
    calls[0].answer(body.stream);
    calls[1].answer('all');
    const [failing, cancelled] = await Promise.all(promises);
    events.splice(0);
    const text = rejection(failing.text());
    body.error(new Error('broken'));
    // Not every host's own methods pass the error on.
    const error = await text;
    assert.deepEqual(events.splice(0).map(({ type, error, response }) => [type, error, response]), [['settle', error, failing]]);
    await cancelled.body.cancel();
    assert.deepEqual(events.splice(0).map(({ type, error, response }) => [type, error, response]), [['settle', undefined, cancelled]]);
  });

  test('an abort in the body: one settle, with its reason', async () => {
    const { limited, calls, events } = heard();
    const controller = new AbortController();
    const promise = limited(URL_A, { signal: controller.signal });
    calls[0].answer(handBody().stream);
    const text = rejection((await promise).text());
    events.splice(0);
    controller.abort('mine');
    await text;
    await turn();
    assert.deepEqual(events.map(({ type, error }) => [type, error]), [['settle', 'mine']]);
  });

  test('a listener may take a clone', async () => {
    const { limited, calls } = heard();
    let text;
    limited.addEventListener('response', ({ detail }) => { text = detail.response.clone().text(); });
    const promise = limited(URL_A);
    calls[0].answer('all');
    assert.equal(await (await promise).text(), 'all');
    assert.equal(await text, 'all');
    assert.ok(isQuiet(limited));
  });

  test('a listener may call, abort and take itself away', async () => {
    const { limited, calls } = heard();
    const controller = new AbortController();
    const nested = [];
    const listener = () => {
      limited.removeEventListener('request', listener);
      nested.push(limited(URL_A));
      controller.abort('mine');
    };
    limited.addEventListener('request', listener);
    const promise = limited(URL_A, { signal: controller.signal });
    assert.equal(await rejection(promise), 'mine');
    await turn();
    calls.at(-1).answer(null);
    await nested[0];
    assert.ok(isQuiet(limited));
    assert.equal(nested.length, 1);
  });

  test('nothing is made of it while nobody listens', async (t) => {
    const { CustomEvent } = globalThis;
    t.after(() => { globalThis.CustomEvent = CustomEvent; });
    let made = 0;
    globalThis.CustomEvent = class extends CustomEvent {
      constructor(...args) {
        super(...args);
        if (TYPES.includes(args[0])) made++;
      }
    };
    const { fetch, calls } = fakeFetch();
    const limited = createFetch({ fetch });
    limited.removeEventListener('request', () => {});
    const promise = limited(URL_A);
    calls[0].answer('x');
    await (await promise).text();
    assert.equal(made, 0);
    limited.addEventListener('queue', () => {});
    limited(URL_A);
    assert.equal(made, 0);
    limited.addEventListener('request', () => {});
    limited(URL_A);
    assert.equal(made, 1);
  });

  test('a transfer that is shared is told once', async () => {
    const { limited, calls, types } = heard({ dedupe: true });
    const promises = [limited(URL_A), limited(URL_A)];
    calls[0].answer('x');
    for (const response of await Promise.all(promises)) await response.text();
    assert.deepEqual(types(), ['request', 'response', 'settle']);
  });
});
