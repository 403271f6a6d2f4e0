// The benches in headless Chromium: `node npm/bench/browser.mjs [--quick] [scenario…]`. One JSON object per scenario on stdout, progress on stderr.
//
// The same studies as in Node. Each in a page of its own, so that none sees what another has left behind.
import { args } from './args.mjs';
import { bundle, launch, serve, withPage } from './chromium.mjs';
import { withOrigins } from './origins.mjs';
import { play } from './rounds.mjs';
import { chosen, SCENARIOS, study } from './studies.mjs';

const { quick, ids } = args(SCENARIOS);

const PAGE = { script: '/play-page.js', ready: 'sample' };

async function measure(browser, origin, name, mode) {
  const it = await study(name, mode);
  const on = (page) => (subject, at) => page.evaluate(([name, mode, subject, at]) => globalThis.sample(name, mode, subject, at), [name, mode, subject, at]);
  if (it.apart) return play(it, (subject, at) => withPage(browser, origin, PAGE, (page) => on(page)(subject, at)));
  return withPage(browser, origin, PAGE, (page) => play(it, on(page)));
}

// Not in one build: a program of its own shares no file with another.
const cold = await Promise.all(['millpond', 'p-queue', 'p-limit'].map((name) => bundle({ [`cold/${name}`]: `cold/${name}.mjs` })));
const server = await serve(Object.assign(await bundle({ 'play-page': 'play-page.mjs' }), ...cold));
const browser = await launch();
try {
  for (const { name, origins: count } of chosen(ids)) {
    await withOrigins(count, (origins) => measure(browser, server.origin, name, { area: 'browser', quick, origins }));
  }
} finally {
  await browser.close();
  await server.close();
}
