// A headless Chromium for benches, and the folder of files it is served.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { build } from 'esbuild';
import { chromiumPath, here } from './paths.mjs';

const { chromium } = createRequire(import.meta.url)('playwright-core');

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  // For the memory: its bytes as they are, and a collector that comes when it is called.
  '--enable-precise-memory-info', '--js-flags=--expose-gc',
];

export const launch = () => chromium.launch({ executablePath: chromiumPath, args: FLAGS });

/** Modules for pages, by name: minified as a site would have them, with the package as it was built. */
export async function bundle(entries) {
  const { outputFiles } = await build({
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, here(file)])),
    outdir: 'out', write: false, bundle: true, splitting: true, format: 'esm', target: 'es2022', platform: 'browser', minify: true, logLevel: 'warning',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  return Object.fromEntries(outputFiles.map(({ path, contents }) => [path.slice(path.lastIndexOf('/out/') + 4), Buffer.from(contents)]));
}

/** @param files by path; every other path is an empty page */
export async function serve(files) {
  const server = createServer(({ url }, response) => {
    const file = files[new URL(url, 'http://x').pathname];
    const type = !file ? 'text/html; charset=utf-8' : url.endsWith('.wasm') ? 'application/wasm' : 'text/javascript';
    response.writeHead(200, { 'content-type': type }).end(file ?? '<!doctype html><title>bench</title>');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}

/** Uses a fresh page, in a process of its own, once its script has set the global that says it is ready: `use(page, context)`. */
export async function withPage(browser, origin, { script, ready }, use) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    page.on('console', (message) => process.stderr.write(`${message.text()}\n`));
    await page.goto(origin);
    await page.addScriptTag({ url: script, type: 'module' });
    await page.waitForFunction((ready) => ready in globalThis, ready);
    return await use(page, context);
  } finally {
    await context.close();
  }
}
