// The benches in headless Chromium: `node npm/bench/browser.mjs [--quick] [scenario…]`. One JSON object per scenario on stdout, progress on stderr.
//
// The same studies as in Node. Each in a page of its own, so that none sees what another has left behind.
import { args } from './args.mjs';
import { bundle, launch, serve } from './chromium.mjs';
import { play } from './rounds.mjs';
import { chosen, study } from './studies.mjs';

const { quick, ids } = args();

/** Uses a fresh page, in a process of its own. */
async function withPage(browser, origin, use) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    page.on('console', (message) => process.stderr.write(`${message.text()}\n`));
    await page.goto(origin);
    await page.addScriptTag({ url: '/play-page.js', type: 'module' });
    await page.waitForFunction(() => 'sample' in globalThis);
    return await use(page);
  } finally {
    await context.close();
  }
}

const server = await serve(await bundle({ 'play-page': 'play-page.mjs' }));
const browser = await launch();
try {
  for (const { ids: [name] } of chosen(ids, 'browser')) {
    const mode = { area: 'browser', quick };
    const it = await study(name, mode);
    const on = (page) => (subject, at) => page.evaluate(([name, mode, subject, at]) => globalThis.sample(name, mode, subject, at), [name, mode, subject, at]);
    if (it.apart) await play(it, (subject, at) => withPage(browser, server.origin, (page) => on(page)(subject, at)));
    else await withPage(browser, server.origin, (page) => play(it, on(page)));
  }
} finally {
  await browser.close();
  await server.close();
}
