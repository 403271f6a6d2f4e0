// Lanes as the servers see them, over HTTP/1.1 and over HTTP/2: never more than the limit until the last byte, whatever servers do to
// connections and clients to responses. Every check of a limit is also made of plain fetch, and of one that frees its place too early: it must fail.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { after, afterEach, before, describe, test } from 'node:test';
import { createFetch, TimeoutError } from 'millpond';
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici';
import { accounted, random, rejection, until } from '../cases/tools.mjs';
import { assertKept, each, load } from './lanes-load.mjs';
import { hasSecure, startOrigins } from './origins.mjs';

const LIMIT = 4;
const SLOW = '&latency=3&chunks=3&gap=3&size=3000';

/** Nothing waits or runs, nothing is unaccounted for. */
async function assertIdle(fetch) {
  await until(() => fetch.lanes.isIdle, 'all lanes idle');
  assert.equal(accounted(fetch.stats), fetch.stats.submitted);
  for (const lane of fetch.lanes.values()) assert.ok(lane.isIdle, lane.name);
}

for (const protocol of ['http', 'h2']) {
  describe(`over ${protocol}`, { skip: protocol === 'h2' && !hasSecure() && 'no openssl' }, () => {
    let mill;
    let ownAgent;
    let agent;

    before(async () => {
      mill = await startOrigins(5, protocol);
      ownAgent = getGlobalDispatcher();
      // The platform's own fetch uses it, too.
      agent = new Agent({ allowH2: protocol === 'h2', connect: { rejectUnauthorized: false }, connections: protocol === 'h2' ? 1 : null, pipelining: protocol === 'h2' ? 1000 : 1 });
      setGlobalDispatcher(agent);
    });
    afterEach(() => mill.reset());
    after(async () => {
      setGlobalDispatcher(ownAgent);
      await agent.destroy();
      await mill.close();
    });

    /** 40 requests to each origin. */
    async function check(fetch, read) {
      const sizes = await load(fetch, mill.origins, 40, `${SLOW}&linger=${LIMIT + 1}`, read ?? (async (response) => (await response.arrayBuffer()).byteLength));
      assert.deepEqual(new Set(sizes), new Set([3000]));
      assertKept(mill, LIMIT, 40);
    }

    test('exactly the limit, until the last byte', async () => {
      const fetch = createFetch({ concurrency: LIMIT });
      await check(fetch);
      await assertIdle(fetch);
      assert.equal(fetch.stats.succeeded, 200);
    });

    test('the check fails for plain fetch', async () => {
      await assert.rejects(check(globalThis.fetch), /more than 4/);
    });

    test('the check fails for a place that is free at the headers', async () => {
      await assert.rejects(check(createFetch({ concurrency: LIMIT, releaseOn: 'headers' })), /more than 4/);
    });

    test('the check fails for a limit that is not used', async () => {
      await assert.rejects(check(createFetch({ concurrency: LIMIT - 1 })), /fewer than 4/);
    });

    test('connections are kept alive', async () => {
      const fetch = createFetch({ concurrency: LIMIT });
      await load(fetch, mill.origins, 100);
      for (const { connections } of mill.counts()) assert.ok(connections <= 2 * LIMIT, `${connections} connections for 100 requests`);
      await assertIdle(fetch);
    });

    test('one limit over all lanes', async () => {
      const fetch = createFetch({ concurrency: LIMIT, maxConcurrency: 6 });
      let most = 0;
      const watched = async (response) => {
        most = Math.max(most, mill.counts().reduce((sum, { inFlight }) => sum + inFlight, 0));
        return (await response.arrayBuffer()).byteLength;
      };
      await load(fetch, mill.origins, 40, SLOW, watched);
      assert.equal(most, 6);
      for (const { finished } of mill.counts()) assert.equal(finished, 40);
      await assertIdle(fetch);
    });

    for (const [end, what] of [['reset', 'before the headers'], ['cut', 'in the middle of the body']]) {
      test(`connections lost ${what}: each is told, nobody else is harmed, every place comes back`, async () => {
        const fetch = createFetch({ concurrency: LIMIT });
        const results = await Promise.allSettled(Array.from({ length: 200 }, async (_, id) => {
          const isBad = id % 3 === 0;
          const response = await fetch(`${mill.origins[id % 5]}/?id=${id}${SLOW}${isBad ? `&end=${end}` : ''}`);
          return response.text();
        }));
        results.forEach(({ status, value, reason }, id) => {
          if (id % 3 === 0) assert.equal(status, 'rejected', `${id}`);
          else assert.equal(value?.length, 3000, `${id}: ${reason?.cause ?? reason}`);
        });
        await assertIdle(fetch);
        assert.equal(fetch.stats.failed, 67);
        assert.equal(fetch.stats.succeeded, 133);
        for (const { most } of mill.counts()) assert.ok(most <= LIMIT);
      });
    }

    test('slow bodies hold their own places only', async () => {
      const fetch = createFetch({ concurrency: 2 });
      const [origin] = mill.origins;
      let isSlowDone = false;
      const slow = (async () => (await fetch(`${origin}/?id=slow&chunks=40&gap=10&size=4000`)).text())();
      slow.then(() => { isSlowDone = true; });
      await load(fetch, [origin], 30);
      assert.equal(isSlowDone, false);
      assert.equal((await slow).length, 4000);
      assert.equal(mill.counts()[0].most, 2);
      await assertIdle(fetch);
    });

    test('stalled bodies end by their timeout, and those that wait come through', async () => {
      const fetch = createFetch({ concurrency: 2, bodyTimeout: 60 });
      const [origin] = mill.origins;
      const stalled = ['a', 'b'].map(async (id) => (await fetch(`${origin}/?id=${id}&chunks=2&end=hang`)).text());
      const texts = load(fetch, [origin], 10);
      for (const promise of stalled) {
        const error = await rejection(promise);
        assert.ok(error instanceof TimeoutError && error.phase === 'body', String(error));
      }
      assert.equal((await texts).length, 10);
      await assertIdle(fetch);
      assert.equal(fetch.stats.timedOut, 2);
    });

    test('redirects take one place, that of where they began', async () => {
      const fetch = createFetch({ concurrency: 1 });
      const [a, b] = mill.origins;
      const within = await fetch(`${a}/?id=1&status=302&location=${encodeURIComponent('/?id=2')}`);
      assert.equal(await within.text(), '~'.repeat(10));
      assert.deepEqual([within.redirected, within.url, [...fetch.lanes.keys()]], [true, `${a}/?id=2`, [a]]);
      const across = await fetch(`${a}/?id=3&status=307&location=${encodeURIComponent(`${b}/?id=4`)}`);
      assert.equal(await across.text(), '~'.repeat(10));
      assert.deepEqual([across.redirected, across.url, [...fetch.lanes.keys()]], [true, `${b}/?id=4`, [a]]);
      await assertIdle(fetch);
    });

    test('full lanes that redirect to each other do not lock', async () => {
      const fetch = createFetch({ concurrency: 1 });
      const [a, b] = mill.origins;
      const texts = await each(40, async (id) => {
        const [from, to] = id % 2 ? [a, b] : [b, a];
        return (await fetch(`${from}/?id=from-${id}&status=302&latency=2&location=${encodeURIComponent(`${to}/?id=to-${id}&latency=2`)}`)).text();
      });
      assert.deepEqual(new Set(texts), new Set(['~'.repeat(10)]));
      await assertIdle(fetch);
    });

    test('more responses left unread than there are places: all come, and all can still be read', async (t) => {
      t.mock.method(console, 'warn', () => {});
      const fetch = createFetch({ concurrency: 2, unreadGrace: 10 });
      const [origin] = mill.origins;
      const responses = await each(12, (id) => fetch(`${origin}/?id=${id}&size=2000&chunks=2`));
      assert.ok(fetch.stats.recalled >= 10, `${fetch.stats.recalled}`);
      const texts = await Promise.all(responses.map((response) => response.text()));
      assert.deepEqual(new Set(texts), new Set(['~'.repeat(2000)]));
      await assertIdle(fetch);
    });

    test('nothing to wait for: HEAD, 204, 205, 304, an empty body', async () => {
      const fetch = createFetch({ concurrency: 1, unreadGrace: Infinity });
      const [origin] = mill.origins;
      const cases = [['', { method: 'HEAD' }], ['&status=204'], ['&status=205'], ['&status=304'], ['&size=0'], ['&status=302&location=/', { redirect: 'manual' }]];
      // None of them is read; all are needed, or they would be collected.
      const kept = [];
      for (const [query, init] of cases) {
        kept.push(await fetch(`${origin}/?id=x${query}`, init));
        assert.equal(fetch.stats.running, 0, query);
      }
      assert.equal(kept.length, cases.length);
      await assertIdle(fetch);
    });

    test('one signal for all: one abort ends all that is left, and leaves no listener', async (t) => {
      const fetch = createFetch({ concurrency: LIMIT });
      const seen = listenersOf(t);
      const controller = new AbortController();
      const promises = Array.from({ length: 400 }, async (_, id) => (await fetch(`${mill.origins[id % 5]}/?id=${id}${SLOW}`, { signal: controller.signal })).text());
      const settled = Promise.allSettled(promises);
      await until(() => fetch.stats.succeeded > 50, 'some have come', 1e6);
      const reason = { why: 'enough' };
      mill.list.forEach((one, i) => { for (let id = i; id < 400; id += 5) one.excuse(id); });
      controller.abort(reason);
      const results = await settled;
      for (const result of results) assert.ok(result.status === 'fulfilled' ? result.value.length === 3000 : result.reason === reason, String(result.reason));
      const came = results.filter(({ status }) => status === 'fulfilled').length;
      await assertIdle(fetch);
      assert.deepEqual([fetch.stats.succeeded, fetch.stats.cancelled], [came, 400 - came]);
      assert.equal(seen(), 0, 'listeners left');
      for (const { most } of mill.counts()) assert.ok(most <= LIMIT);
    });

    test('a signal that lives on: no listener is left on it', async (t) => {
      const fetch = createFetch({ concurrency: LIMIT });
      const seen = listenersOf(t);
      const { signal } = new AbortController();
      await each(50, async (id) => {
        const response = await fetch(`${mill.origins[0]}/?id=${id}`, { signal });
        return id % 2 ? response.text() : response.body.cancel();
      });
      await assertIdle(fetch);
      assert.equal(seen(), 0, 'listeners left');
    });

    const [count, lanes] = protocol === 'http' ? [10_000, 50] : [2_000, 10];
    test(`${count} requests over ${lanes} origins with random aborts: nothing is lost, the limit is kept`, async (t) => {
      t.mock.method(console, 'warn', () => {});
      const wide = await startOrigins(lanes, protocol);
      t.after(() => wide.close());
      const { below } = random(11);
      const fetch = createFetch({ concurrency: LIMIT, maxConcurrency: 180, unreadGrace: Infinity });
      const outcomes = { read: 0, aborted: 0, cancelled: 0, failed: 0 };
      // When to abort whom: by how many have had their answer, as time says little.
      const due = new Map();
      let answered = 0;
      const next = () => due.get(++answered)?.();

      async function one(id) {
        const server = wide.list[id % lanes];
        const what = below(8);
        const controller = new AbortController();
        const give = () => {
          server.excuse(id);
          controller.abort(id);
        };
        if (what === 0) due.set(1 + below(count), give);
        const end = what === 1 ? '&end=cut' : what === 2 ? '&end=reset' : '';
        const priority = below(3);
        try {
          const response = await fetch(`${server.origin}/?id=${id}&size=300&chunks=2&hold=${LIMIT}${end}`, { signal: controller.signal, pond: { priority } });
          next();
          if (what === 3) {
            server.excuse(id);
            await response.body.cancel();
            return outcomes.cancelled++;
          }
          if (what === 4) assert.equal((await response.clone().text()).length, 300);
          assert.equal((await response.text()).length, 300);
          outcomes.read++;
        } catch (error) {
          next();
          if (controller.signal.aborted) assert.equal(error, id);
          else assert.ok(end, String(error?.cause ?? error));
          outcomes[controller.signal.aborted ? 'aborted' : 'failed']++;
        }
      }

      await each(count, one);
      assert.equal(Object.values(outcomes).reduce((sum, n) => sum + n), count);
      for (const n of Object.values(outcomes)) assert.ok(n > count / 40, JSON.stringify(outcomes));
      await assertIdle(fetch);
      assert.equal(fetch.stats.submitted, count);
      assert.equal(fetch.stats.timedOut + fetch.stats.dropped + fetch.stats.rejected + fetch.stats.recalled, 0);
      for (const { most } of wide.counts()) assert.equal(most, LIMIT);
      await until(() => wide.counts().every(({ inFlight }) => inFlight === 0), 'the servers have nothing left', 1e6);
    });
  });
}

/**
 * Says how many listeners are left on the signals of all Requests made in the test. (Node itself leaves one on the caller's own signal until
 * the Request is collected, with plain fetch, too.)
 */
function listenersOf(t) {
  const { Request } = globalThis;
  const signals = [];
  globalThis.Request = class extends Request {
    constructor(...args) {
      super(...args);
      signals.push(this.signal);
    }
  };
  t.after(() => { globalThis.Request = Request; });
  return () => signals.reduce((sum, signal) => sum + getEventListeners(signal, 'abort').length, 0);
}
