// Which libraries' own tests are run, and how. Each has its tests in its published package, at the version named here; all of them use the
// global `fetch`: fastify and its plugins against real servers of every kind, up-fetch (a client) against answers made by msw.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** The test files below `test` that call fetch at all. */
function callers(folder) {
  return readdirSync(join(folder, 'test'), { recursive: true })
    .map((name) => join('test', name))
    .filter((name) => /\.m?js$/.test(name) && /\bfetch\(/.test(readFileSync(join(folder, name), 'utf8')))
    .filter((name) => /\.test\.m?js$/.test(name) || name === join('test', 'test.js'));
}

/** Files for `node --test`; every line of what it says is one test. */
const withNode = (folder) => [
  '--test', '--test-concurrency=2', `--test-reporter=${here('reporter.mjs')}`, '--test-reporter-destination=stdout', ...callers(folder),
];

const withVitest = () => ['node_modules/vitest/vitest.mjs', 'run', '--config', here('vitest.config.mjs'), '--reporter', here('vitest-reporter.mjs')];

export const SUITES = [
  { name: 'fastify@5.12.8', command: withNode },
  { name: '@fastify/static@10.1.11', command: withNode },
  { name: '@fastify/http-proxy@11.6.3', command: withNode, isControl: true },
  { name: 'up-fetch@2.6.1', command: withVitest },
];
