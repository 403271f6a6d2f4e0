// What the portable tests share. No test waits for time to pass: what is about time has a virtual clock (`clock.mjs`).

/** A promise to be settled by hand. */
export function deferred() {
  const box = {};
  box.promise = new Promise((resolve, reject) => Object.assign(box, { resolve, reject }));
  return box;
}

/** A promise that is rejected, and may be looked at in whatever turn: nobody is told that it was not handled. */
export function rejected(reason) {
  const promise = Promise.reject(reason);
  promise.catch(() => {});
  return promise;
}

// Taken at import, so that a virtual clock does not stop them.
const { setImmediate: immediate, MessageChannel: Channel } = globalThis;

/** One turn of the event loop. */
export function turn() {
  if (immediate) return new Promise((resolve) => immediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new Channel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

/** Everything that was ready has run: in a few turns, as a pool may leave the rest of its work to the next one, above all on a busy machine. */
export async function settle() {
  for (let i = 0; i < 4; i++) await turn();
}

/** Turns until `isSo()`. What never comes fails; what is only slow does not. */
export async function until(isSo, what = isSo.toString(), turns = 10_000) {
  for (let i = 0; !isSo(); i++) {
    if (i > turns) throw new Error(`never came: ${what}`);
    await turn();
  }
}

/** How a promise stands after a turn: 'waits', or what it came to. */
export async function state(promise) {
  let now = 'waits';
  promise.then((value) => { now = { value }; }, (error) => { now = { error }; });
  await settle();
  return now;
}

/** What a promise rejects with. */
export const rejection = (promise) => promise.then((value) => { throw new Error(`fulfilled with ${value}`); }, (error) => error);

/** A function to run whose end is in the test's hand: `start()` returns it, `started` says which have been called. */
export function stage() {
  const started = [];
  const ends = new Map();
  const task = (name) => ({ signal }) => {
    started.push(name);
    const end = deferred();
    end.signal = signal;
    ends.set(name, end);
    return end.promise;
  };
  return { started, task, end: (name, value) => ends.get(name).resolve(value), fail: (name, error) => ends.get(name).reject(error), signal: (name) => ends.get(name).signal };
}

/** How many listeners have been put on a signal since, and not been taken away. */
export function countListeners(signal) {
  const { addEventListener, removeEventListener } = signal;
  const listeners = new Set();
  signal.addEventListener = (type, listener, ...rest) => {
    listeners.add(listener);
    addEventListener.call(signal, type, listener, ...rest);
  };
  signal.removeEventListener = (type, listener, ...rest) => {
    listeners.delete(listener);
    removeEventListener.call(signal, type, listener, ...rest);
  };
  return () => listeners.size;
}

/** The warnings for developers from now on, which are not printed until the test (`t`) has ended. */
export function keepWarnings(t) {
  const { warn } = console;
  const texts = [];
  console.warn = (text) => { texts.push(text); };
  t.after(() => { console.warn = warn; });
  return texts;
}

/** The sum that has to equal `submitted`. */
export const accounted = (stats) => stats.waiting + stats.running + stats.succeeded + stats.failed + stats.cancelled + stats.timedOut + stats.dropped;

/** Numbers that look random and are the same for the same seed (mulberry32). */
export function random(seed) {
  const next = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n) => Math.floor(next() * n);
  return { next, below, pick: (list) => list[below(list.length)] };
}
