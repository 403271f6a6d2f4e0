// Lanes as the servers see them with Chromium as the client, over HTTP/1.1 and HTTP/2. As in `lanes.test.mjs`, every check of a limit must
// fail for plain fetch. The browser is the one in $CHROMIUM, else /usr/bin/chromium; without one these tests are skipped.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, afterEach, before, describe, test } from 'node:test';
import { chromium } from 'playwright-core';
import { until } from '../cases/tools.mjs';
import { assertKept } from './lanes-load.mjs';
import { hasSecure, startOrigin, startOrigins } from './origins.mjs';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FILES = {
  '/index.js': { type: 'text/javascript', body: readFileSync(new URL('../../dist/index.js', import.meta.url)) },
  '/page': { type: 'text/html', body: '<title>page</title>' },
};
const SLOW = '&latency=3&chunks=3&gap=3&size=3000';

for (const protocol of ['http', 'h2']) {
  const isSkipped = !existsSync(executablePath) || (protocol === 'h2' && !hasSecure());
  // Over HTTP/1.1 Chromium itself keeps a limit of 6.
  const limit = protocol === 'http' ? 3 : 8;

  describe(`Chromium over ${protocol}`, { skip: isSkipped }, () => {
    let browser;
    let page;
    let mill;
    let home;

    before(async () => {
      [mill, home] = await Promise.all([startOrigins(3, protocol), startOrigin(protocol, {}, FILES)]);
      browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
      page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
      await page.goto(`${home.origin}/page`);
      await page.evaluate(async () => {
        const { createFetch } = await import('/index.js');
        globalThis.make = (options) => (options ? createFetch(options) : fetch);
        globalThis.each = (count, one) => Promise.all(Array.from({ length: count }, (_, id) => one(id)));
        globalThis.load = (fetch, origins, count, query = '') => each(origins.length * count, async (id) => (
          await (await fetch(`${origins[id % origins.length]}/?id=${id}${query}`)).text()).length);
        // In real time, as the browser's network is.
        globalThis.idle = async ({ lanes, stats }) => {
          for (let i = 0; i < 2_000 && !lanes.isIdle; i++) await new Promise((resolve) => setTimeout(resolve, 5));
          const { submitted, waiting, running, succeeded, failed, cancelled, timedOut, dropped } = lanes.stats;
          return waiting + running === 0 && submitted === succeeded + failed + cancelled + timedOut + dropped && [...lanes.values()].every((lane) => lane.isIdle);
        };
      });
    });
    afterEach(() => mill.reset());
    after(async () => {
      await browser?.close();
      await Promise.all([mill?.close(), home?.close()]);
    });

    /** 30 requests to each origin. */
    async function check(options) {
      const sizes = await page.evaluate(([options, origins, query]) => load(make(options), origins, 30, query), [options, mill.origins, `${SLOW}&linger=${limit + 1}`]);
      assert.deepEqual(new Set(sizes), new Set([3000]));
      assertKept(mill, limit, 30);
    }

    test('exactly the limit, until the last byte', () => check({ concurrency: limit }));
    test('the check fails for plain fetch', () => assert.rejects(check(undefined), /more than/));
    test('the check fails for a place that is free at the headers', () => assert.rejects(check({ concurrency: limit, releaseOn: 'headers' }), /more than/));
    test('the check fails for a limit that is not used', () => assert.rejects(check({ concurrency: limit - 1 }), /fewer than/));

    test('it is the protocol it should be, on connections that are kept alive', async () => {
      const protocols = await page.evaluate(async ([origin]) => {
        await load(make({ concurrency: 3 }), [origin], 30);
        return performance.getEntriesByType('resource').filter(({ name }) => name.startsWith(`${location.origin}/index.js`)).map((entry) => entry.nextHopProtocol);
      }, mill.origins);
      assert.deepEqual(protocols, [protocol === 'http' ? 'http/1.1' : 'h2']);
      assert.ok(mill.counts()[0].connections <= 6);
    });

    for (const end of ['reset', 'cut']) {
      test(`answers that fail (${end}): each is told, nobody else is harmed, every place comes back`, async () => {
        const [outcomes, isIdle, { failed, succeeded }] = await page.evaluate(async ([origins, query, end]) => {
          const fetch = make({ concurrency: 3 });
          const outcomes = await each(90, async (id) => {
            try {
              const response = await fetch(`${origins[id % 3]}/?id=${id}${query}${id % 5 ? '' : `&end=${end}`}`, { method: 'POST' });
              return (await response.text()).length;
            } catch (error) {
              return error.name;
            }
          });
          return [outcomes, await idle(fetch), fetch.stats];
        }, [mill.origins, SLOW, end]);
        outcomes.forEach((outcome, id) => assert.equal(outcome, id % 5 ? 3000 : 'TypeError', `${id}`));
        assert.deepEqual([isIdle, failed, succeeded], [true, 18, 72]);
      });
    }

    test('redirects, within and crosswise at full lanes', async () => {
      const [texts, lanes, isIdle] = await page.evaluate(async ([a, b]) => {
        const fetch = make({ concurrency: 1 });
        const texts = await each(30, async (id) => {
          const [from, to] = id % 2 ? [a, b] : [b, a];
          const goal = id % 3 ? `${to}/?id=to-${id}` : `/?id=to-${id}`;
          const response = await fetch(`${from}/?id=from-${id}&status=302&location=${encodeURIComponent(goal)}`);
          return [response.redirected, response.url === new URL(goal, from).href, await response.text()].join();
        });
        return [texts, [...fetch.lanes.keys()].sort(), await idle(fetch)];
      }, mill.origins);
      assert.deepEqual(new Set(texts), new Set([`true,true,${'~'.repeat(10)}`]));
      assert.deepEqual([lanes, isIdle], [mill.origins.slice(0, 2).sort(), true]);
    });

    test('more responses left unread than there are places: all come, and all can still be read', async () => {
      const [recalled, sizes, isIdle] = await page.evaluate(async ([origin]) => {
        const fetch = make({ concurrency: 2, unreadGrace: 10 });
        const responses = await each(10, (id) => fetch(`${origin}/?id=${id}&size=2000&chunks=2`));
        return [fetch.stats.recalled, await Promise.all(responses.map(async (response) => (await response.text()).length)), await idle(fetch)];
      }, mill.origins);
      assert.ok(recalled >= 8, `${recalled}`);
      assert.deepEqual([new Set(sizes), isIdle], [new Set([2000]), true]);
    });

    test('nothing to wait for: HEAD, 204, 205, 304, an empty body', async () => {
      assert.deepEqual(await page.evaluate(async ([origin]) => {
        const fetch = make({ concurrency: 1, unreadGrace: Infinity });
        const running = [];
        globalThis.kept = [];
        for (const [query, init] of [['', { method: 'HEAD' }], ['&status=204'], ['&status=205'], ['&status=304'], ['&size=0']]) {
          kept.push(await fetch(`${origin}/?id=x${query}`, init));
          running.push(fetch.stats.running);
        }
        return running;
      }, mill.origins), [0, 0, 0, 0, 0]);
    });

    test('1,000 requests with random aborts: nothing is lost, the limit is kept', async () => {
      await page.exposeFunction('excuse', (id) => mill.list[id % 3].excuse(id));
      const [outcomes, wrong, isIdle, stats] = await page.evaluate(async ([origins, limit]) => {
        const fetch = make({ concurrency: limit, unreadGrace: Infinity });
        const outcomes = { read: 0, aborted: 0, cancelled: 0 };
        const wrong = [];
        const due = new Map();
        let answered = 0;
        let seed = 5;
        const below = (n) => (seed = (seed * 48271) % 2147483647) % n;
        await each(1_000, async (id) => {
          const controller = new AbortController();
          const what = below(6);
          const give = async () => {
            await excuse(id);
            controller.abort(`reason ${id}`);
          };
          if (what === 0) due.set(1 + below(1_000), give);
          try {
            const response = await fetch(`${origins[id % 3]}/?id=${id}&size=300&chunks=2&latency=1&hold=${limit}`, { signal: controller.signal, pond: { priority: below(3) } });
            due.get(++answered)?.();
            if (what === 1) {
              await excuse(id);
              await response.body.cancel();
              return outcomes.cancelled++;
            }
            if (what === 2) await response.clone().text();
            if ((await response.text()).length !== 300) wrong.push(id);
            outcomes.read++;
          } catch (error) {
            due.get(++answered)?.();
            if (error !== `reason ${id}`) wrong.push(String(error));
            outcomes.aborted++;
          }
        });
        return [outcomes, wrong, await idle(fetch), fetch.stats];
      }, [mill.origins, limit]);
      assert.deepEqual([wrong, isIdle], [[], true]);
      assert.equal(outcomes.read + outcomes.aborted + outcomes.cancelled, 1_000);
      for (const n of Object.values(outcomes)) assert.ok(n > 50, JSON.stringify(outcomes));
      assert.deepEqual([stats.submitted, stats.failed, stats.recalled], [1_000, 0, 0]);
      for (const { most } of mill.counts()) assert.equal(most, limit);
      await until(() => mill.counts().every(({ inFlight }) => inFlight === 0), 'the servers have nothing left', 1e6);
    });
  });
}
