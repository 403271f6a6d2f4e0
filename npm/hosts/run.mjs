// Plays the one list of portable cases (npm/test/cases) in every host, with the packed tarball installed in a project of its own: `run.mjs [HOST…]`.
// A host that cannot be had is a failure.
//
// `cargo xtask test --only hosts` runs it, with MILLPOND_TARBALL, CHROMIUM and FIREFOX set.
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installTarball } from '../packaging/project.mjs';
import { bundleCases } from './bundle.mjs';
import { HOSTS } from './hosts.mjs';
import { play } from './play.mjs';

/** So many hosts at once: most of them wait for turns of their event loop most of the time. */
const AT_ONCE = 2;

const tarball = process.env.MILLPOND_TARBALL;
if (!tarball) throw new Error('MILLPOND_TARBALL has to name the packed tarball');

const cases = fileURLToPath(new URL('../test/cases', import.meta.url));

/** The cases beside an installed tarball, as they are and as a bundle. */
async function project(folder) {
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  await installTarball(folder, tarball);
  const files = join(folder, 'cases');
  const bundle = join(folder, 'bundle.js');
  await cp(cases, files, { recursive: true });
  await bundleCases(files, bundle);
  return { files, bundle };
}

async function one(name, project) {
  const begin = performance.now();
  const { passed, failures } = await play(HOSTS[name], project);
  for (const [test, message] of failures) console.log(`\n${name}: ${test}\n  ${message.replaceAll('\n', '\n  ')}`);
  console.log(`${name.padEnd(24)} ${passed} passed, ${failures.length} failed  ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  return { passed, failed: failures.length };
}

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(HOSTS);
const unknown = names.find((name) => !(name in HOSTS));
if (unknown) throw new Error(`no host is named ${unknown}; there are ${Object.keys(HOSTS).join(', ')}`);

// Hosts are in groups of their own, and hear of no Ctrl-C.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const folder = await mkdtemp(join(tmpdir(), 'millpond-cases-'));
try {
  const scratch = await project(folder);
  const sum = { passed: 0, failed: 0 };
  const left = [...names];
  const some = async () => {
    for (let name; (name = left.shift());) {
      const { passed, failed } = await one(name, scratch);
      sum.passed += passed;
      sum.failed += failed;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, some));
  // As Rust's test harness has it, for who counts.
  console.log(`\ntest result: ${sum.failed ? 'FAILED' : 'ok'}. ${sum.passed} passed; ${sum.failed} failed; ${names.length} hosts`);
  process.exitCode = Number(sum.failed > 0);
} finally {
  await rm(folder, { recursive: true, force: true });
}
