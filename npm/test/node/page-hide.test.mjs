// A page that is put away with work in hand and comes back (Chromium's back/forward cache): timers stood still meanwhile, and after that
// everything that was handed out settles. The browser is the one in $CHROMIUM, else /usr/bin/chromium; without one these tests are skipped.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { chromium } from 'playwright-core';
import { serve } from './pages.mjs';
import { startOrigin } from './origins.mjs';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const AWAY = 700; // ms, longer than all deadlines of the page

describe('a page that goes and comes back', { skip: !existsSync(executablePath) }, () => {
  let site;
  let home;
  let browser;

  before(async () => {
    [site, home] = await Promise.all([serve({
      '/index.js': { type: 'text/javascript', body: readFileSync(new URL('../../dist/index.js', import.meta.url)) },
      '/page': { type: 'text/html', body: '<title>page</title>' },
      '/elsewhere': { type: 'text/html', body: '<title>elsewhere</title>' },
    }), startOrigin()]);
    // Playwright turns the cache off that is the subject.
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--enable-features=BackForwardCache'], ignoreDefaultArgs: ['--disable-back-forward-cache'] });
  });
  after(async () => {
    await browser?.close();
    await Promise.all([site?.close(), home?.close()]);
  });

  /** Goes away and comes back after `work` was begun in the page; what it has found then. Undefined if the page was not kept. */
  async function goAndReturn(work, argument) {
    const page = await browser.newPage();
    try {
      await page.goto(`${site.origin}/page`);
      await page.evaluate(async () => {
        globalThis.millpond = await import('/index.js');
        globalThis.outcomes = {};
        globalThis.hand = (handed) => {
          for (const [name, promise] of Object.entries(handed)) {
            outcomes[name] = 'never settled';
            promise.then((value) => { outcomes[name] = value ?? 'resolved'; }, (error) => { outcomes[name] = error.phase ?? `${error.name}`; });
          }
        };
        addEventListener('pageshow', ({ persisted }) => { globalThis.cameBack = persisted; });
      });
      await page.evaluate(work, argument);
      await page.goto(`${site.origin}/elsewhere`);
      // In real time: what passes while a page is away is the subject.
      await new Promise((resolve) => setTimeout(resolve, AWAY));
      await page.goBack({ waitUntil: 'commit' });
      const isKept = await page.evaluate(() => globalThis.cameBack);
      if (!isKept) return undefined;
      return await page.evaluate(async () => {
        for (let i = 0; i < 200 && Object.values(outcomes).includes('never settled'); i++) await new Promise((resolve) => setTimeout(resolve, 10));
        return outcomes;
      });
    } finally {
      await page.close();
    }
  }

  test('tasks: what waits, what runs, and all clocks', async (t) => {
    const found = await goAndReturn(() => {
      const { Pool } = millpond;
      const never = () => new Promise(() => {});
      const stuck = new Pool({ concurrency: 1, abandon: 0 });
      hand({
        running: stuck.run(never, { timeout: 400 }), next: stuck.run(() => 'its turn came', { timeout: 10_000 }),
        waiting: stuck.run(never, { queueTimeout: 200 }), total: stuck.run(never, { totalTimeout: 300 }),
      });
      const slow = new Pool(1);
      hand({ long: slow.run(() => new Promise((resolve) => setTimeout(resolve, 300, 'by its own timer'))), behind: slow.run(() => 'after it'), close: slow.close() });
      const many = new Pool(1);
      hand({ many: Promise.all(Array.from({ length: 20_000 }, () => many.run(() => {}))).then(() => 'all of them'), idle: many.onIdle() });
    });
    if (!found) return t.skip('this browser does not keep pages');
    assert.deepEqual(found, {
      running: 'run', next: 'its turn came', waiting: 'queue', total: 'total', long: 'by its own timer', behind: 'after it', close: 'resolved', many: 'all of them', idle: 'resolved',
    });
  });

  test('requests: in the line, on their way, in their bodies', async (t) => {
    const found = await goAndReturn((origin) => {
      const fetch = millpond.createFetch({ concurrency: 3 });
      const get = (query, pond) => fetch(`${origin}/?${query}`, { pond }).then((response) => response.text());
      hand({
        slow: get('latency=300'), stalled: get('chunks=2&end=hang', { bodyTimeout: 200 }), late: get('latency=60000', { timeout: 250 }),
        waiting: get('size=3'), 'waits too long': get('size=3&id=q', { queueTimeout: 100 }), 'takes too long': get('latency=60000&id=t', { totalTimeout: 350 }),
        idle: fetch.lanes.onIdle(), close: fetch.close(),
      });
    }, home.origin);
    if (!found) return t.skip('this browser does not keep pages');
    // What the browser does to a transfer while the page is away is its own affair: it may go on, or be broken off.
    for (const [name, outcome] of Object.entries(found)) assert.notEqual(outcome, 'never settled', name);
    assert.deepEqual([found.idle, found.close], ['resolved', 'resolved']);
    for (const [name, phase] of [['waits too long', 'queue'], ['takes too long', 'total']]) assert.equal(found[name], phase, name);
  });
});
