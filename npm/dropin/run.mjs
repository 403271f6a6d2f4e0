// The drop-in proof: real libraries, written for plain `fetch`, with their own tests. Each is installed from the registry into a scratch folder
// and its tests are run twice: with plain fetch, and with millpond's as the global one. What passes with plain fetch must pass with ours.
// At the end one suite is run with a broken fetch, which must be found out.
//
//   node npm/dropin/run.mjs [part of a library's name …]
//
// MILLPOND_TARBALL: the packed package to test; without it `npm/dist` is. DROPIN_FOLDER: where to install, and to keep it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { SUITES } from './suites.mjs';

const run = promisify(execFile);
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const preload = new URL('preload.mjs', import.meta.url).href;
const scratch = process.env.DROPIN_FOLDER ?? mkdtempSync(join(tmpdir(), 'millpond-dropin-'));
const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
const shell = process.platform === 'win32';

/** The module under test. */
async function entry() {
  const { MILLPOND_TARBALL } = process.env;
  if (!MILLPOND_TARBALL) return new URL('../dist/index.js', import.meta.url).href;
  const cwd = join(scratch, 'millpond');
  mkdirSync(cwd, { recursive: true });
  await run(npm, ['install', '--no-save', ...quiet, resolve(MILLPOND_TARBALL)], { cwd, shell });
  return pathToFileURL(join(cwd, 'node_modules/millpond/dist/index.js')).href;
}

/** The library as it was published, with what its tests need. */
async function install(library) {
  const cwd = join(scratch, library.replace(/\W/g, '-'));
  const folder = join(cwd, 'package');
  if (existsSync(join(folder, 'node_modules'))) return folder;
  mkdirSync(cwd, { recursive: true });
  const { stdout } = await run(npm, ['pack', '--silent', library], { cwd, shell });
  await run('tar', ['xzf', stdout.trim()], { cwd });
  await run(npm, ['install', ...quiet], { cwd: folder, shell });
  return folder;
}

/** Runs the tests with one of the fetches `preload.mjs` knows. What passed, what did not and why, and how often fetch was called. */
async function results({ command }, folder, kind, millpond) {
  const calls = join(folder, `calls-${kind}`);
  writeFileSync(calls, '');
  const env = { ...process.env, NODE_OPTIONS: `--import=${preload}`, DROPIN: kind, DROPIN_MILLPOND: millpond, DROPIN_CALLS: calls, NODE_ENV: 'test' };
  // Tests that fail make it fail, too; here that only matters in comparison.
  const { stdout } = await run(process.execPath, command(folder), { cwd: folder, env, maxBuffer: 2 ** 28, timeout: 600_000 }).catch((error) => error);
  const passed = new Set();
  const failed = new Map();
  for (const line of stdout.split('\n').filter((line) => line.startsWith('{"name":'))) {
    const test = JSON.parse(line);
    if (test.passed) passed.add(test.name);
    else failed.set(test.name, test.reason);
  }
  for (const name of failed.keys()) passed.delete(name);
  return { passed, failed, calls: readFileSync(calls).length };
}

/** What `plain` passes and `other` does not. */
const lost = (plain, other) => [...plain.passed].filter((name) => !other.passed.has(name));

/** Which tests pass with plain fetch and fail with another: twice, as some fail by chance. */
async function compare(suite, folder, kind, millpond) {
  const plain = await results(suite, folder, 'plain', millpond);
  const other = await results(suite, folder, kind, millpond);
  assert.ok(plain.passed.size > 0, `no test of ${suite.name} passes`);
  const once = lost(plain, other);
  const again = once.length ? await results(suite, folder, kind, millpond) : other;
  return { plain, other, lost: once.filter((name) => !again.passed.has(name)) };
}

async function main() {
  const asked = process.argv.slice(2);
  const suites = SUITES.filter(({ name }) => !asked.length || asked.some((part) => name.includes(part)));
  const millpond = await entry();
  let isGood = true;
  for (const suite of suites) {
    const folder = await install(suite.name);
    const { plain, other, lost } = await compare(suite, folder, 'millpond', millpond);
    isGood &&= lost.length === 0 && other.calls > 0;
    console.log(`${suite.name}: ${plain.passed.size} tests pass with plain fetch (${plain.calls} calls), ${plain.failed.size} fail; with millpond ${lost.length} of them fail (${other.calls} calls)`);
    for (const name of lost) console.log(`  ${name}: ${other.failed.get(name) ?? 'was not run'}`);
  }
  const control = SUITES.find(({ isControl }) => isControl);
  const { lost } = await compare(control, await install(control.name), 'broken', millpond);
  console.log(`${control.name} with a broken fetch: ${lost.length} fail, as they should`);
  if (!isGood || !lost.length) process.exitCode = 1;
}

try {
  await main();
} finally {
  if (!process.env.DROPIN_FOLDER) rmSync(scratch, { recursive: true, force: true });
}
