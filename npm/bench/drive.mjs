// A page that works and stays alive: `node npm/bench/drive.mjs [--quick] [scenario…]`. One JSON object per scenario on stdout, progress on stderr.
//
// Real keys are pressed, through the browser, while the page pumps ready chunks of work.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { args } from './args.mjs';
import { bundle, launch, serve, withPage } from './chromium.mjs';
import { play } from './rounds.mjs';
import { seeded } from './seeded.mjs';
import { short } from './tell.mjs';

const { quick, ids } = args(['drive-input-delay', 'drive-long-tasks', 'drive-throughput']);
const CHUNKS = quick ? 20_000 : 100_000;
const CHUNK = 0.05;

/** Presses keys, 5 to 35 ms apart, without waiting for the page to hear them; `stop()` waits until it has. */
function press(client) {
  const random = seeded(1);
  const sent = [];
  let timer;
  const key = () => {
    sent.push(client.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', key: 'a', code: 'KeyA', windowsVirtualKeyCode: 65 }));
    timer = setTimeout(key, 5 + 30 * random());
  };
  key();
  return async () => {
    clearTimeout(timer);
    await Promise.all(sent);
    return sent.length;
  };
}

const PAGE = { script: '/page.js', ready: 'prepare' };

/** What one way of pumping does to a page. */
async function sample(page, context, subject, steps) {
  const client = await context.newCDPSession(page);
  await page.evaluate(([subject, chunks, steps]) => globalThis.prepare(subject, chunks, steps), [subject, CHUNKS, steps]);
  const pumping = page.evaluate(() => globalThis.pump());
  const stop = press(client);
  const told = await pumping;
  const count = await stop();
  const delays = (await page.evaluate(() => globalThis.keyDelays())).sort((a, b) => a - b);
  if (delays.length !== count) throw new Error(`the page has heard ${delays.length} of ${count} keys`);
  return { ...told, 'drive-input-delay': delays[Math.floor(delays.length * 0.95)] };
}

const OURS = ['millpond Pool', 'millpond drive'];
const title = `${short(CHUNKS)} ready chunks of ${CHUNK * 1000} µs in a page of Chromium, keys pressed meanwhile`;
const how = `The chunks are ready before the pump is started; each is as much work as takes ${CHUNK * 1000} µs on an idle core. `
  + 'millpond Pool has them as tasks with limit 10, and so has p-limit, '
  + 'which goes on in microtasks; scheduler.yield and setTimeout are loops by hand that let others have a turn after 4 ms. '
  + 'millpond drive is the crate: an executor in wasm whose every task calls JavaScript for its work, and which the page drives.';

const ENTRIES = [
  {
    id: 'drive-input-delay', unit: 'ms', targets: OURS.map((of) => ({ of, at_most: 5 })),
    says: `From the keydown event's time stamp, which the browser sets, to its handler: 95 of 100 keys were heard sooner. ${how}`,
  },
  {
    id: 'drive-long-tasks', unit: 'ms', targets: OURS.map((of) => ({ of, at_most: 10 })),
    says: 'The longest time between two messages that the page sends itself one after the other: how long something else in the page had to wait '
      + 'for its turn, at most. '
      + `What scheduler.yield has put off comes before all messages, and so does the next microtask. ${how}`,
  },
  {
    id: 'drive-throughput', unit: 'chunks per second', targets: OURS.map((of) => ({ of, against: 'unbudgeted loop', at_least: 0.9 })),
    says: `From the start of the pump to the last chunk. ${how} The unbudgeted loop is the work alone.`,
  },
];

/** The crate's part, as cargo and wasm-bindgen have built it: by path, as the server has it. */
function crate() {
  const folder = process.env.MILLPOND_DRIVE;
  if (!folder) throw new Error('MILLPOND_DRIVE says where npm/bench/drive was built to: `cargo xtask bench --only drive` does both');
  return Object.fromEntries(['bench_drive.js', 'bench_drive_bg.wasm'].map((name) => [`/${name}`, readFileSync(join(folder, name))]));
}

const server = await serve({ ...crate(), ...await bundle({ page: 'drive/page.mjs' }) });
const browser = await launch();
try {
  const steps = await withPage(browser, server.origin, PAGE, (page) => page.evaluate((ms) => globalThis.stepsFor(ms), CHUNK));
  const names = ['millpond Pool', 'millpond drive', 'p-limit', 'scheduler.yield', 'setTimeout', 'unbudgeted loop'];
  const measure = (name) => withPage(browser, server.origin, PAGE, (page, context) => sample(page, context, name, steps));
  const subjects = Object.fromEntries(names.map((name) => [name, () => measure(name)]));
  const entries = ENTRIES.filter(({ id }) => ids.includes(id)).map((entry) => ({ ...entry, title }));
  await play({ area: 'drive', rounds: quick ? 2 : 5, apart: true, entries, subjects }, measure);
} finally {
  await browser.close();
  await server.close();
}
