// @ts-check
/**
 * The page in headless Chromium, judged by the server it fetches from. `cargo xtask test --only wasm` builds the page and runs this.
 * The browser is the one in $CHROMIUM, else /usr/bin/chromium.
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { start } from './server.mjs';

/** @type {typeof import('playwright-core')} */
const { chromium } = createRequire(new URL('../../npm/package.json', import.meta.url))('playwright-core');
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update'];

/** @type {Awaited<ReturnType<typeof start>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  server = await start();
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
});

after(async () => {
  await browser?.close();
  await server?.close();
});

/** Clicks "First" of the last row as soon as all rows are there; in the page, because from here it might be too late. */
function favourTheLast() {
  const list = /** @type {Element} */ (document.getElementById('files'));
  new MutationObserver((_, observer) => {
    if (list.children.length < 12) return;
    observer.disconnect();
    list.lastElementChild?.querySelector('button')?.click();
  }).observe(list, { childList: true });
}

test('the server never has more than two files to work on, and the page says when all are there', async () => {
  const page = await browser.newPage();
  /** @type {string[]} */
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
  await page.goto(server.address);
  await page.waitForSelector('html[data-ready=true]');
  await page.evaluate(favourTheLast);
  await page.click('#start');
  await page.waitForFunction(() => document.getElementById('state')?.textContent?.match(/^(done|failed)/));

  const [stats] = server.files.stats();
  assert.deepEqual([stats.requests, stats.finished, stats.mostInFlight], [12, 12, 2]);
  assert.equal(await page.textContent('#state'), 'done');
  assert.deepEqual(await page.locator('#files output').allTextContents(), Array(12).fill('done: 50000 bytes'));
  const arrivals = server.files.log(0).filter(({ what }) => what === 'arrived').map(({ id }) => Number(id));
  assert.ok(arrivals.indexOf(12) <= 3, `the favoured one, 12, starts right after the two that run: ${arrivals}`);
  assert.deepEqual(complaints, []);
});
