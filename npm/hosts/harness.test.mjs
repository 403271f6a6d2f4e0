// The harness can fail: what is wrong is told, with the name of the test or of what the host was at, and never waited for in vain.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundleCases } from './bundle.mjs';
import { HOSTS } from './hosts.mjs';
import { play } from './play.mjs';

const files = fileURLToPath(new URL('bad', import.meta.url));
let folder, bundle;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millpond-harness-'));
  bundle = join(folder, 'bundle.js');
});
after(() => rm(folder, { recursive: true, force: true }));

const told = ({ failures }) => failures.map(([name, message]) => [name, message.split('\n')[0]]);

for (const host of ['node', 'bun', 'deno', 'chromium-window', 'firefox']) {
  test(`every failure has its name: ${host}`, async () => {
    await bundleCases(files, bundle, 1000);
    const run = await play(HOSTS[host], { bundle });
    assert.deepEqual(told(run).map(([name]) => name), [
      'bad: wrong', 'bad: never settles', 'bad: leaves a rejection', 'bad: throws in a timer', 'bad: wrong in a part', 'bad: wrong afterwards', 'bad: a suite: before',
    ]);
    const messages = told(run).map(([, message]) => message);
    [/deep-equal/, /has not settled in 1 s/, /nobody took it/, /nobody caught it/, /the part: .*here/, /cleaning up/, /before it/].forEach((says, i) => assert.match(messages[i], says));
    assert.equal(run.passed, 3);
  });
}

const BROKEN = { 'that is no JavaScript': 'export const run = {', 'that throws': 'throw new Error("at import")', 'without tests': 'export const run = (tell) => tell({ count: 0 })' };

for (const [what, text] of Object.entries(BROKEN)) {
  for (const host of ['node', 'chromium-worker', 'chromium-service-worker']) {
    test(`a bundle ${what} fails: ${host}`, async () => {
      await writeFile(bundle, text);
      const run = await play(HOSTS[host], { bundle });
      assert.deepEqual([run.passed, run.failures.length], [0, 1]);
    });
  }
}

test('a host that ends early, or cannot be had, fails', async () => {
  const quits = await play(() => [process.execPath, '--eval', 'console.error("its last words"); process.exit(0)'], { bundle });
  assert.match(quits.failures[0][1], /ended \(0\) before the cases were through\nits last words/);
  const missing = await play(() => [join(folder, 'no-such-program')], { bundle });
  assert.match(missing.failures[0][1], /cannot be started/);
});
