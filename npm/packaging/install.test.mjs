// The packed tarball in a project of its own: imported in Node (ESM and CommonJS), type-checked, and bundled by Vite for a
// page in Chromium. Each fetches 1,000 URLs from 5 origins with a limit; the servers say whether it was kept. Plain `fetch`
// goes through the same check and must fail it, which shows that the check can fail.
//
// `cargo xtask test --only pack` runs it, with MILLPOND_TARBALL and CHROMIUM set.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { chromium } from 'playwright-core';
import { startMill } from './mill.mjs';
import { installProject, serve } from './project.mjs';

const ORIGINS = 5;
const COUNT = 1_000;
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');

let project, mill;

before(async () => {
  project = await installProject(process.env.MILLPOND_TARBALL);
  mill = await startMill(ORIGINS);
});
after(async () => {
  await mill?.close();
  await project?.remove();
});

/** The work to do, under a limit the servers wait to see used. `limit` is what the client is told: nothing for plain fetch. */
function order(expected, limit) {
  mill.begin(expected, COUNT / ORIGINS);
  return { origins: mill.origins, count: COUNT, limit };
}

/** A program of the project, which has to end by itself. */
async function inNode(program, order) {
  const { stdout } = await project.node(program, JSON.stringify(order));
  assert.deepEqual(JSON.parse(stdout), { wrong: 0 });
}

for (const program of ['esm.mjs', 'cjs.cjs']) {
  test(`Node, ${program}: 6 per origin, all of them used, nothing lost, and the process exits`, async () => {
    await inNode(program, order(6, 6));
    mill.assertKept();
  });
}

test('Node, plain fetch breaks the limit of 6', async () => {
  await inNode('esm.mjs', order(6));
  assert.throws(mill.assertKept, /requests in flight, more than 6/);
});

test('the types stand alone, in ESM and CommonJS', async () => {
  const options = '--noEmit --strict --module nodenext --target es2022 --lib es2022,dom'.split(' ');
  await project.node(tsc, ...options, 'types.mts', 'types.cts').catch(({ stdout }) => assert.fail(stdout));
});

test('a Vite build in Chromium', async (t) => {
  await project.node('node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn');
  const site = await serve(join(project.folder, 'dist'));
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
  t.after(() => Promise.all([browser.close(), site.close()]));
  const page = await browser.newPage();
  await page.goto(site.address);
  const work = async (order) => assert.equal(await page.evaluate((order) => globalThis.work(order), order), 0);

  // Chromium itself opens no more than 6 connections to an HTTP/1.1 server: a limit of 4 is one it would not keep.
  for (const limit of [6, 4]) {
    await t.test(`${limit} per origin, all of them used, nothing lost`, async () => {
      await work(order(limit, limit));
      mill.assertKept();
    });
  }
  await t.test('plain fetch breaks the limit of 4', async () => {
    await work(order(4));
    assert.throws(mill.assertKept, /requests in flight, more than 4/);
  });
});
