// What the tests share. No test waits for time to pass, except where time itself is the subject (marked so).
import { spawnSync } from 'node:child_process';

/** Runs a program in a process of its own. It has all exports of the package. */
export function script(code, ...flags) {
  const dist = new URL('../dist/index.js', import.meta.url).href;
  const program = `import * as millpond from ${JSON.stringify(dist)}; const { Pool, PoolManager } = millpond; ${code}`;
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', program], { encoding: 'utf8', timeout: 60_000 });
  return { status, stdout, stderr };
}

/** A promise to be settled by hand. */
export function deferred() {
  const box = {};
  box.promise = new Promise((resolve, reject) => Object.assign(box, { resolve, reject }));
  return box;
}

/** Lets every microtask run. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

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
