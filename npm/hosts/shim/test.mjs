// `node:test` as far as the portable cases use it, for hosts that have none: one test after the other, each with a limit of real time, and no
// way to skip one. What nobody handled fails the test in which it was heard of: the one that did it, or the next.

/* global LIMIT: in ms of real time; a test that has not settled by then never will. See bundle.mjs. */

// Taken at import: the cases put virtual clocks in their places.
const { clearTimeout, setImmediate: immediate, setTimeout } = globalThis;

const hooks = () => ({ before: [], after: [], beforeEach: [], afterEach: [] });
/** The suite that tests are being added to. */
let suite;
/** What was not handled, and not told of yet. */
let stray = [];

/** All tests of a module that is imported by `load`. */
export async function file(name, load) {
  const own = { name, hooks: hooks(), tests: [] };
  suite = own;
  await load();
  suite = undefined;
  return own;
}

export function test(name, fn) {
  if (typeof fn !== 'function') throw new TypeError(`${name}: the portable cases take no options, and none is skipped`);
  suite.tests.push({ name, fn });
}

/** Its hooks go around its own tests. */
export function describe(name, fn) {
  const outer = suite;
  suite = { name, hooks: hooks(), tests: [] };
  fn();
  outer.tests.push(suite);
  suite = outer;
}

export const before = (fn) => void suite.hooks.before.push(fn);
export const after = (fn) => void suite.hooks.after.push(fn);
export const beforeEach = (fn) => void suite.hooks.beforeEach.push(fn);
export const afterEach = (fn) => void suite.hooks.afterEach.push(fn);

/** Runs all files; `tell` is awaited at the beginning and at the end of each test. */
export async function play(files, tell) {
  listen();
  let count = 0;
  const each = async (name, work) => {
    await tell({ begins: name });
    const error = await outcome(work);
    await tell({ ended: name, error });
    count++;
  };
  for (const own of files) await enter(own, own.name, [], each);
  if (stray.length) await each('after the last test', async () => {});
  await tell({ count });
}

async function enter({ hooks, tests }, path, outer, each) {
  const around = [...outer, hooks];
  if (hooks.before.length) await each(`${path}: before`, () => all(hooks.before));
  for (const { name, fn, ...inner } of tests) {
    if (fn) await each(`${path}: ${name}`, () => single(name, fn, around));
    else await enter(inner, `${path}: ${name}`, around, each);
  }
  if (hooks.after.length) await each(`${path}: after`, () => all(hooks.after));
}

async function single(name, fn, around) {
  const context = new Context(name);
  try {
    for (const { beforeEach } of around) await all(beforeEach);
    await inTime(() => fn(context));
  } finally {
    for (const { afterEach } of [...around].reverse()) await all(afterEach);
    await context.end();
  }
}

const all = async (list) => { for (const fn of list) await inTime(fn); };

/** Its error, as text; undefined if all is well. */
async function outcome(work) {
  const error = await work().then(() => undefined, describeError);
  await turn();
  await turn();
  const heard = stray;
  stray = [];
  return error ?? heard[0];
}

class Context {
  #after = [];

  constructor(name) {
    this.name = name;
  }

  after(fn) {
    this.#after.push(fn);
  }

  /** Fails with its own error, and the test it is a part of with it. */
  async test(name, fn) {
    const inner = new Context(name);
    try {
      await inTime(() => fn(inner));
    } catch (error) {
      throw new Error(`${name}: ${describeError(error)}`);
    } finally {
      await inner.end();
    }
  }

  end() {
    return all(this.#after);
  }
}

function inTime(fn) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`has not settled in ${LIMIT / 1000} s`)), LIMIT);
    const done = (settle) => (value) => {
      clearTimeout(timer);
      settle(value);
    };
    new Promise((start) => start(fn())).then(done(resolve), done(reject));
  });
}

/** What nobody handled is told of after the microtasks, in a turn of its own: that of Chromium comes later than the next. */
function turn() {
  return new Promise((resolve) => (immediate ?? setTimeout)(resolve, 0));
}

function listen() {
  const heard = (what) => ({ reason, error, message }) => stray.push(`${what}: ${describeError(reason ?? error ?? message)}`);
  if (globalThis.process?.on) {
    process.on('unhandledRejection', (reason) => heard('a rejection nobody handles')({ reason }));
    process.on('uncaughtException', (error) => heard('an error nobody catches')({ error }));
    return;
  }
  for (const [type, what] of [['unhandledrejection', 'a rejection nobody handles'], ['error', 'an error nobody catches']]) {
    addEventListener(type, (event) => {
      event.preventDefault();
      heard(what)(event);
    });
  }
}

function describeError(error) {
  const stack = String(error?.stack ?? '');
  // Of V8 the stack has the message in it, of the others it has not.
  return error instanceof Error || error?.stack ? (stack.includes(error.message) ? stack : `${error.name}: ${error.message}\n${stack}`) : String(error);
}
