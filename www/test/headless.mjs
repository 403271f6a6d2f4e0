// @ts-check
/**
 * `node www/test/headless.mjs [--screenshot DIR] [--port N]`: the demo with nobody watching. Starts origins and site, sends real
 * loads through the page in headless Chromium, prints a table per origin, and asks whether every promise was kept.
 * Then asks the same of plain fetch, which has to break the cap: or the question would be worth nothing.
 * The browser is the one in $CHROMIUM, else /usr/bin/chromium.
 */
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startDemo } from '../server/start.mjs';
import { judge, mostKept } from './promises.mjs';

/** @type {typeof import('playwright-core')} */
const { chromium } = createRequire(new URL('../../npm/package.json', import.meta.url))('playwright-core');

const LIMIT = 3;
const SIZE = 12_000;
const CAP = 'never more than the limit in flight at any server';
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** Bursts, cancels out of the line one by one and all at once; nothing that runs is touched. */
const LINE = {
  limit: LIMIT,
  requests: 480,
  query: { size: SIZE, gap: 6, latency: 25 },
  steps: [
    { after: 60, do: 'urgent', count: 12 },
    { after: 120, do: 'cancel-waiting', count: 24 },
    { after: 180, do: 'urgent', count: 6 },
    { after: 380, do: 'clear', count: 0 },
  ],
};

/** Cancels of what runs, before the headers and in the body; what hangs is there to be cut off, however slow the machine. */
const FLIGHT = {
  limit: LIMIT,
  requests: 120,
  hang: 6,
  query: { size: SIZE, gap: 20, latency: 25 },
  steps: [
    { after: 12, do: 'cancel-running', count: 9 },
    { after: 40, do: 'cancel-running', count: 9 },
    { after: 70, do: 'cancel-running', count: 9 },
  ],
};

const SHOTS = /** @type {const} */ ([
  { name: 'desktop', width: 1280, height: 860, colorScheme: 'light' },
  { name: 'desktop-dark', width: 1280, height: 860, colorScheme: 'dark' },
  { name: 'phone', width: 390, height: 844, colorScheme: 'light' },
  { name: 'phone-dark', width: 390, height: 844, colorScheme: 'dark' },
]);

/** @type {string[]} */
const broken = [];

/** @param {string} what @param {string[]} faults @param {string} [word] */
function say(what, faults, word = 'BROKEN') {
  console.log(`  ${faults.length ? word : 'kept  '}  ${what}`);
  for (const fault of faults.slice(0, 5)) console.log(`            ${fault}`);
  if (faults.length > 5) console.log(`            and ${faults.length - 5} more`);
}

/** @param {string} what @param {string[]} faults */
function demand(what, faults) {
  say(what, faults);
  if (faults.length) broken.push(what);
}

/** @typedef {Awaited<ReturnType<typeof startDemo>>} Demo @typedef {'plain' | 'millpond'} Kind */

/** @param {Demo} demo @param {import('playwright-core').Page} page @param {Kind} kind @param {object} load */
async function send(demo, page, kind, load) {
  const start = (/** @type {[Kind, object]} */ [kind, load]) => /** @type {any} */ (globalThis).millpondDemo.start(kind, load);
  const report = await page.evaluate(start, /** @type {[Kind, object]} */ ([kind, load]));
  const stats = demo[kind].stats();
  return { report, stats, logs: stats.map((_, lane) => demo[kind].log(lane)), size: SIZE };
}

/** @typedef {import('./promises.mjs').Finished} Finished */

/**
 * In brackets: without the requests that the page cut off, whose end a server hears of a moment later.
 * @param {string} title
 * @param {Finished} run
 */
function table(title, run) {
  const { report, stats } = run;
  console.log(`\n${title}\n`);
  console.log(`  limit ${report.limit}   origin                         requests  most in flight  cancelled  waiting ms p50   p95`);
  stats.forEach(({ name, origin, requests, mostInFlight }, lane) => {
    const notes = report.requests.filter((note) => note.lane === lane);
    const cancelled = notes.filter((note) => note.outcome === 'cancelled').length;
    const [p50, p95] = [0.5, 0.95].map((part) => quantile(waits(notes), part));
    const cells = [pad(requests, 9), pad(`${mostInFlight} (${mostKept(run, lane)})`, 15), pad(cancelled, 10), pad(p50, 15), pad(p95, 5)];
    console.log(`  ${name.padEnd(11)}${origin.padEnd(25)}${cells.join(' ')}`);
  });
  console.log();
}

/** @param {string | number} value @param {number} width */
const pad = (value, width) => String(value).padStart(width);

/** From the call of fetch until the request left the line; for plain fetch, until its server saw it. @param {Finished['report']['requests']} notes */
function waits(notes) {
  return notes.flatMap(({ asked, started, arrived }) => (started ?? arrived) === undefined ? [] : [Number(started ?? arrived) - asked]);
}

/** @param {number[]} values @param {number} part */
function quantile(values, part) {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0);
}

/**
 * Loads the page and waits until it can be used.
 * @param {import('playwright-core').Browser} browser
 * @param {string} address
 * @param {import('playwright-core').BrowserContextOptions} [options]
 */
async function open(browser, address, options = {}) {
  const page = await browser.newPage(options);
  /** @type {string[]} */
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
  await page.goto(address);
  await page.waitForSelector('html[data-ready=true]').catch(() => complaints.push('the page did not become ready'));
  return { page, complaints };
}

/** @param {import('playwright-core').Browser} browser @param {Demo} demo */
async function checkPromises(browser, demo) {
  const { page, complaints } = await open(browser, demo.address);
  const line = await send(demo, page, 'millpond', LINE);
  table('millpond: a long line, late urgent requests, cancels out of the line', line);
  for (const { promise, faults } of judge(line)) demand(promise, faults);
  const flight = await send(demo, page, 'millpond', FLIGHT);
  table('millpond: cancels in flight', flight);
  for (const { promise, faults } of judge(flight)) demand(promise, faults);
  demand('what is cancelled in flight is cut off', notCutOff(flight));
  const plain = await send(demo, page, 'plain', LINE);
  table('plain fetch: the same load as the first', plain);
  checkPlain(plain);
  demand('no error and no warning in the console', complaints);
  await page.close();
}

/** Only what hangs can be told to have been in flight: a server may have written all of any other. @param {Finished} run */
function notCutOff({ report, logs }) {
  const cut = new Set(logs.flat().filter((entry) => entry.what === 'aborted').map((entry) => entry.id));
  const hanging = report.requests.filter((note) => note.hangs);
  const spared = hanging.filter((note) => !cut.has(note.id) || note.outcome !== 'cancelled');
  return hanging.length ? spared.map(({ id, outcome }) => `${id} was ${outcome}, and its server did not see it go`) : ['nothing hangs'];
}

/** Plain fetch has to break the cap: the browser lets six through. @param {Finished} run */
function checkPlain(run) {
  const verdicts = judge(run);
  for (const { promise, faults } of verdicts) if (promise === CAP) say(promise, faults, 'broken, as it has to be:');
  const seen = verdicts.some(({ promise, faults }) => promise === CAP && faults.length === run.stats.length);
  demand('the check can fail: plain fetch breaks the cap at every server', seen ? [] : ['plain fetch kept the cap']);
}

/**
 * The page as a visitor uses it, at one size and in one scheme.
 * @param {import('playwright-core').Browser} browser
 * @param {Demo} demo
 * @param {typeof SHOTS[number]} shot
 * @param {string} folder
 */
async function visit(browser, demo, { name, width, height, colorScheme }, folder) {
  const { page, complaints } = await open(browser, demo.address, { viewport: { width, height }, colorScheme });
  await page.click('button[value=both]');
  await page.waitForFunction(() => Number(document.querySelector('#millpond .answered b')?.textContent) >= 40);
  await page.click('button[value=urgent]');
  await page.waitForFunction(() => document.querySelectorAll('.summary:not(:empty)').length === 2);
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  const over = demo.millpond.stats().filter((one) => one.mostInFlight > LIMIT || one.refused > 0);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  demand(`${name}: a visit without trouble`, [
    ...over.map((one) => `${one.name}: ${one.mostInFlight} in flight, ${one.refused} refused`),
    ...(wide > 0 ? [`the page is ${wide} px wider than the screen`] : []),
    // The plain side is meant to be refused; Chromium reports each 429 in the console.
    ...complaints.filter((text) => !text.includes('status of 429')),
  ]);
  await page.close();
}

async function main() {
  const { values } = parseArgs({ options: { screenshot: { type: 'string' }, port: { type: 'string', default: '0' } } });
  const folder = values.screenshot ?? fileURLToPath(new URL('../../target/demo', import.meta.url));
  await mkdir(folder, { recursive: true });
  const demo = await startDemo({ port: Number(values.port) });
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  try {
    await checkPromises(browser, demo);
    console.log('\nthe page\n');
    for (const shot of SHOTS) await visit(browser, demo, shot, folder);
  } finally {
    await browser.close();
    await demo.close();
  }
  console.log(`\nscreenshots: ${folder}`);
  console.log(broken.length ? `BROKEN: ${broken.length} of the promises above` : 'every promise was kept');
  process.exitCode = broken.length ? 1 : 0;
}

await main();
