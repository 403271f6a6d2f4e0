// While the host is offline nothing starts (`offline: 'pause'`). The host is a fake one: `navigator`, and the events of the global object.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFetch } from 'millpond';
import { virtualClock } from './clock.mjs';
import { fakeFetch, isQuiet, rejection, state, turn } from './fetch-kit.mjs';

const URL_A = 'https://a.example/';
const URL_B = 'https://b.example/';

/** Until the test has ended. */
function replace(t, name, value) {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  t.after(() => {
    if (before) Object.defineProperty(globalThis, name, before);
    else delete globalThis[name];
  });
}

/** A host that says whether it is online. */
function host(t, onLine) {
  const navigator = { onLine };
  const listeners = new Map([['online', new Set()], ['offline', new Set()]]);
  replace(t, 'navigator', navigator);
  replace(t, 'addEventListener', (type, listener) => listeners.get(type)?.add(listener));
  replace(t, 'removeEventListener', (type, listener) => listeners.get(type)?.delete(listener));
  return {
    get listeners() { return listeners.get('online').size + listeners.get('offline').size; },
    goes(isOnline) {
      navigator.onLine = isOnline;
      for (const listener of listeners.get(isOnline ? 'online' : 'offline')) listener.handleEvent(new Event('x'));
    },
  };
}

function paused(options) {
  const base = fakeFetch();
  return { ...base, limited: createFetch({ fetch: base.fetch, offline: 'pause', ...options }) };
}

describe('offline', () => {
  test('nothing starts, and all goes on when it is over', async (t) => {
    const { goes } = host(t, true);
    const { limited, calls } = paused({ concurrency: 1 });
    limited(URL_A);
    limited(URL_A);
    assert.equal(calls.length, 1);
    goes(false);
    calls[0].answer(null);
    await turn();
    assert.equal(calls.length, 1);
    limited(URL_B);
    await turn();
    assert.equal(calls.length, 1, 'nor in a lane that is new');
    goes(true);
    await turn();
    assert.deepEqual(calls.map(({ url }) => url), [URL_A, URL_A, URL_B]);
  });

  test('offline from the beginning', async (t) => {
    const { goes } = host(t, false);
    const { limited, calls } = paused();
    limited(URL_A);
    await turn();
    assert.equal(calls.length, 0);
    assert.equal(limited.lanes.get('https://a.example').isPaused, false, 'it is no pause of the user’s');
    goes(true);
    await turn();
    assert.equal(calls.length, 1);
  });

  test('a pause of the user’s stays one, and the other way round', async (t) => {
    const { goes } = host(t, false);
    const { limited, calls } = paused();
    limited(URL_A);
    const lane = limited.lanes.get('https://a.example');
    lane.pause();
    goes(true);
    await turn();
    assert.equal(calls.length, 0);
    goes(false);
    lane.resume();
    await turn();
    assert.equal(calls.length, 0);
    goes(true);
    await turn();
    assert.equal(calls.length, 1);
  });

  test('nor does it end a pause of all lanes', async (t) => {
    const { goes } = host(t, false);
    const { limited, calls } = paused();
    limited(URL_A);
    limited.lanes.pause();
    goes(true);
    await turn();
    assert.equal(calls.length, 0);
    goes(false);
    limited.lanes.resume();
    limited(URL_B);
    await turn();
    assert.equal(calls.length, 0);
    goes(true);
    await turn();
    assert.equal(calls.length, 2);
  });

  test('aborts and timeouts go on', async (t) => {
    host(t, false);
    const clock = virtualClock(t);
    const { limited, calls } = paused();
    const controller = new AbortController();
    const aborted = limited(URL_A, { signal: controller.signal });
    const late = rejection(limited(URL_A, { pond: { queueTimeout: 50 } }));
    controller.abort('mine');
    assert.deepEqual(await state(aborted), { error: 'mine' });
    await clock.advance(50);
    assert.equal((await late).phase, 'queue');
    assert.equal(calls.length, 0);
    assert.ok(isQuiet(limited));
  });

  test('it listens only as long as there are lanes', async (t) => {
    const it = host(t, true);
    const clock = virtualClock(t);
    const { limited, calls } = paused({ idleTimeout: 10 });
    assert.equal(it.listeners, 0);
    limited(URL_A);
    limited(URL_B);
    assert.equal(it.listeners, 2);
    for (const call of calls) call.answer(null);
    await clock.advance(10);
    assert.equal(limited.lanes.size, 0);
    assert.equal(it.listeners, 0);
    it.goes(false);
    limited(URL_A);
    await turn();
    assert.equal(calls.length, 2, 'it has looked again');
    assert.equal(it.listeners, 2);
  });

  test('not unless it is asked for', async (t) => {
    const it = host(t, false);
    for (const offline of ['ignore', undefined]) {
      const { limited, calls } = paused({ offline });
      limited(URL_A);
      assert.equal(calls.length, 1);
    }
    assert.equal(it.listeners, 0);
  });

  for (const navigator of [undefined, {}]) {
    test(`a host that does not say: ${JSON.stringify(navigator)}`, async (t) => {
      host(t, false);
      replace(t, 'navigator', navigator);
      replace(t, 'addEventListener', undefined);
      const { limited, calls } = paused();
      limited(URL_A);
      assert.equal(calls.length, 1);
    });
  }
});
