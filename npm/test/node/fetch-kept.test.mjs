// What times, events, progress and shared transfers keep alive: nothing. Real garbage collection: it is asked for until it has come.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createFetch } from 'millpond';
import { handBody, isQuiet, turn, until } from '../cases/fetch-kit.mjs';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');
const collectUntil = (isSo) => until(() => (gc(), isSo()), isSo.toString());

const URL_A = 'https://a.example/';
const base = async () => new Response(handBody().stream);
const ignore = () => {};

/** In functions of their own, so that nothing of them is left on the stack. */
const USES = {
  'with its progress watched': (fetch) => fetch(URL_A, { pond: { onDownloadProgress: ignore } }),
  'with events listened to': (fetch) => {
    for (const type of ['queue', 'request', 'response', 'settle']) fetch.addEventListener(type, ignore);
    return fetch(URL_A);
  },
  'that had to wait': async (fetch) => {
    fetch.lanes.get('https://a.example').pause();
    const promise = fetch(URL_A);
    fetch.lanes.get('https://a.example').resume();
    await promise;
  },
  'shared': (fetch) => Promise.all([1, 2].map(() => fetch(URL_A, { pond: { dedupe: true } }))),
  'shared, with signals': (fetch, signal) => Promise.all([1, 2].map(() => fetch(URL_A, { signal, pond: { dedupe: true } }))),
};

describe('collected, and the slot is free: a response', () => {
  for (const [what, use] of Object.entries(USES)) {
    test(what, async () => {
      const fetch = createFetch({ concurrency: 1, unreadGrace: Infinity, fetch: base });
      const { signal } = new AbortController();
      await (async () => { await use(fetch, signal); })();
      assert.equal(fetch.stats.running, 1);
      await collectUntil(() => isQuiet(fetch));
      assert.ok(signal);
    });
  }

  test('one of two shared ones: the other is still good', async () => {
    const feed = handBody();
    const fetch = createFetch({ concurrency: 1, unreadGrace: Infinity, dedupe: true, fetch: async () => new Response(feed.stream) });
    const kept = await (async () => (await Promise.all([fetch(URL_A), fetch(URL_A)]))[1])();
    for (let i = 0; i < 5; i++) {
      gc();
      await turn();
    }
    feed.push('all');
    feed.close();
    assert.equal(await kept.text(), 'all');
    assert.ok(isQuiet(fetch));
  });

  test('read, with its times', async () => {
    const fetch = createFetch({ fetch: async () => new Response('all') });
    const weak = await (async () => {
      const response = await fetch(URL_A);
      await response.text();
      assert.ok(fetch.timing(response));
      return new WeakRef(response);
    })();
    await collectUntil(() => !weak.deref());
  });
});
