// Runs every example there is: the ```js and ```ts blocks of npm/docs and of the README, and the @example blocks of npm/src.
//
// How a page says what its examples need, and what comes of them:
// - Each block is a module of its own, and can be copied as it stands.
// - `<!-- setup … -->` holds code that is put before every block after it, until the next setup. Not to be seen in the page; only what
//   a reader takes for given (a list of urls, a function that works for a while).
// - `expression; // → value` has to give that value (deepEqual), also after `const name =` or inside `console.log()`. What follows the
//   value after a semicolon is for the reader. `// → throws Name` has to throw an error of that name or code. None may be passed by.
// - ```js with NAME: skipped where the package NAME is not installed.
// - Requests to https://*.example.com go to a loopback server: /users answers with some JSON, /flaky with a 503 first, /slow when it is
//   aborted, /large with 64 KiB, everything else with its own path as text.
// - Timers do not keep the process alive.
// An @example runs inside a function, with `FIXTURES` in its scope.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, beforeEach, describe, test } from 'node:test';
import { transform } from 'esbuild';
import * as millpond from 'millpond';

const npm = new URL('../../', import.meta.url);
const entry = import.meta.resolve('millpond');

/** For what stands in no page of ours: the README is a page of others, too. */
const README = `
const tileUrl = 'https://tiles.example.com/7/66/43';
const signal = new AbortController().signal;
const files = ['a', 'b'];
const upload = async (file) => file.length;
`;

const connect = async (region) => ({ query: async (sql) => [region, sql], end: async () => {} });

/** What an @example in the sources may use without saying where it comes from. */
const FIXTURES = () => ({
  ...millpond,
  pool: new millpond.Pool(4),
  fetch: millpond.createFetch(),
  url: 'https://api.example.com/users',
  other: 'https://tiles.example.com/7',
  urls: ['https://a.example.com/1', 'https://b.example.com/2'],
  files: ['a', 'b'],
  userId: 7,
  user: { id: 7 },
  key: 'a',
  signal: new AbortController().signal,
  measure: async (file) => file.length,
  load: async (url) => url,
  download: async (url) => url,
  work: async () => 'worked',
  save: async (id) => id,
  loadUser: async (id) => ({ id }),
  loadPosts: async () => [],
  store: async (name, text) => [name, text],
  isLast: () => true,
  id: 7,
  rows: [1, 2],
  crunch: (row) => row,
  jobs: ['a', 'b'],
  tiles: [{ x: 1, y: 2 }, { x: 3, y: 4 }],
  centre: { x: 0, y: 0 },
  distance: (a, b) => Math.hypot(a.x - b.x, a.y - b.y),
  map: new EventEmitter(),
  users: new millpond.PoolManager(),
  manager: new millpond.PoolManager(),
  sql: 'SELECT 1',
  connect,
  get databases() { return new millpond.PoolManager({ resource: connect, dispose: (connection) => connection.end() }); },
});

/** The markers of an example that nothing has come by yet, by their lines. */
const unseen = new Set();

Object.assign(globalThis, {
  __check(line, actual, expected) {
    unseen.delete(line);
    assert.deepEqual(actual, expected);
  },
  async __throws(line, run, name) {
    unseen.delete(line);
    await assert.rejects(async () => run(), (error) => error.name === name || error.code === name);
  },
});

/** A line `statement; // → value` as one that checks it. */
function checked(line, number) {
  const [, indent, statement, expected] = /^(\s*)(.*?);?\s*\/\/ → (.*)$/.exec(line) ?? [];
  if (expected === undefined) return line;
  unseen.add(number);
  const [value] = expected.split('; ');
  const name = /^throws (\S+)$/.exec(value)?.[1];
  if (name) return `${indent}await __throws(${number}, async () => { ${statement} }, ${JSON.stringify(name)});`;
  const declared = /^(?:const|let) (\w+) = /.exec(statement)?.[1];
  const actual = declared ?? /^console\.log\((.*)\)$/.exec(statement)?.[1] ?? statement;
  return `${indent}${declared ? `${statement};` : ''}__check(${number}, [${actual}], [${value}]);`;
}

/** The examples of a page, with the lines they stand at. */
function* examples(text, setup = '') {
  for (const { 0: all, 1: given, 2: needs, 3: code, index } of text.matchAll(/<!-- setup\n([^]*?)-->|^```[jt]s(?: with (\S+))?\n([^]*?)^```$/gm)) {
    if (given === undefined) yield { line: text.slice(0, index).split('\n').length, needs, code: setup + code };
    else setup = given;
  }
}

/** The examples in the doc comments of a source. */
function* inComments(text) {
  for (const { 1: block, index } of text.matchAll(/^ *\* ```js\n([^]*?)^ *\* ```$/gm)) {
    yield { line: text.slice(0, index).split('\n').length, code: block.replace(/^ *\* ?/gm, '') };
  }
}

/** For an example that hangs; none should take longer than some milliseconds. */
const timeout = 20_000;
let count = 0;

/** Runs a module. The number keeps equal ones apart. */
async function run(code) {
  unseen.clear();
  const source = code.split('\n').map(checked).join('\n').replaceAll(/from 'millpond'/g, `from ${JSON.stringify(entry)}`);
  const { code: lowered } = await transform(`${source}\n//${++count}`, { loader: 'ts', target: 'node20', legalComments: 'inline' });
  await import(`data:text/javascript,${encodeURIComponent(lowered)}//${count}`).catch((error) => {
    if (error instanceof Error) error.stack = error.stack.replaceAll(/data:text\/javascript\S*?(:\d+:\d+)/g, 'example$1');
    throw error;
  });
  assert.deepEqual([...unseen], [], 'nothing has come by these lines');
}

/** An @example, as the body of a function. */
async function runFragment(code) {
  const fixtures = FIXTURES();
  const body = code.replaceAll(/^import .* from 'millpond';$/gm, '');
  const used = Object.keys(fixtures).filter((name) => new RegExp(`\\b${name}\\b`).test(body));
  globalThis.__fixtures = fixtures;
  await run(`await (async ({ ${used} }) => {{\n${body}\n}})(globalThis.__fixtures);`);
}

/** Where the package is that an example needs. */
function resolved(name) {
  try {
    return import.meta.resolve(name);
  } catch {
    return undefined;
  }
}

const kept = { fetch, setTimeout, log: console.log };
let server;
let asked = new Set();

const ROUTES = {
  '/users': (response) => response.end('[{"id":1,"name":"Ann"},{"id":2,"name":"Bob"}]'),
  '/flaky': (response, isFirst) => response.writeHead(isFirst ? 503 : 200).end(isFirst ? 'busy' : 'well'),
  '/slow': () => {},
  '/large': (response) => response.end('x'.repeat(65_536)),
};

function answer(request, response) {
  const isFirst = !asked.has(request.url);
  asked.add(request.url);
  const route = ROUTES[request.url];
  if (route) route(response, isFirst);
  else response.end(request.url);
}

/** The platform's fetch, which finds example.com on the loopback. */
function forward(input, init) {
  const request = new Request(input, init);
  const { hostname, pathname, search } = new URL(request.url);
  return kept.fetch(hostname.endsWith('example.com') ? new Request(`http://127.0.0.1:${server.address().port}${pathname}${search}`, request) : request);
}

before(async () => {
  server = createServer(answer);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  globalThis.setTimeout = (...args) => kept.setTimeout(...args).unref();
  console.log = () => {};
});
beforeEach(() => {
  globalThis.fetch = forward;
  asked = new Set();
});
after(() => {
  Object.assign(globalThis, { fetch: kept.fetch, setTimeout: kept.setTimeout });
  console.log = kept.log;
  server.close();
  server.closeAllConnections();
});

const pages = readdirSync(new URL('docs/', npm), { recursive: true }).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);

for (const page of ['../README.md', ...pages.sort()]) {
  const text = readFileSync(new URL(page, npm), 'utf8');
  const found = [...examples(text, page === '../README.md' ? README : '')];
  assert.equal(found.length, text.match(/^ *```[jt]s/gm)?.length ?? 0, `examples of ${page} are not found`);
  if (found.length) describe(page, () => {
    for (const { line, needs, code } of found) {
      const url = needs && resolved(needs);
      const skip = needs !== undefined && !url && `${needs} is not installed`;
      test(`line ${line}`, { skip, timeout }, () => run(code.replace(`from '${needs}'`, `from '${url}'`)));
    }
  });
}

for (const source of readdirSync(new URL('src/', npm)).filter((name) => name.endsWith('.ts')).sort()) {
  const found = [...inComments(readFileSync(new URL(`src/${source}`, npm), 'utf8'))];
  if (found.length) describe(`src/${source}`, () => { for (const { line, code } of found) test(`line ${line}`, { timeout }, () => runFragment(code)); });
}
