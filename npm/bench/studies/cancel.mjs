// What it costs to cancel tasks that wait, from the abort to the rejection seen by each caller.
import PQueue from 'p-queue';
import { Pool } from '../millpond.mjs';
import { shuffled } from '../seeded.mjs';
import { checkSum, each, short } from '../tell.mjs';

/** By name: something in which tasks wait until `open` is called; `add(i, signal)` promises what the task gives, its number. */
const LINES = {
  'millpond': () => {
    const pool = new Pool({ concurrency: 1, autoStart: false });
    return { add: (i, signal) => pool.run(async () => i, { signal }), open: () => pool.resume() };
  },
  'bare AbortController': () => {
    const open = [];
    return {
      add: (i, signal) => new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        open.push(() => resolve(i));
      }),
      open: () => open.forEach((one) => one()),
    };
  },
  'p-queue': () => {
    const peer = new PQueue({ concurrency: 1, autoStart: false });
    return { add: (i, signal) => peer.add(async () => i, { signal }), open: () => peer.start() };
  },
};

/** What a caller sees of a task: its number, or `undefined` if it was rejected with the signal's very reason. */
const seen = (promise, signal) => promise.then((value) => value, (error) => {
  if (error !== signal.reason) throw error;
});

/** Half of the tasks are cancelled, or the first `most` of that half; µs for each. */
async function own({ add, open }, count, most) {
  const controllers = Array.from({ length: count }, () => new AbortController());
  const results = controllers.map(({ signal }, i) => seen(add(i, signal), signal));
  const victims = shuffled(count).slice(0, most);
  const begin = performance.now();
  for (const i of victims) controllers[i].abort();
  const gone = await Promise.all(victims.map((i) => results[i]));
  const time = performance.now() - begin;
  open();
  const values = await Promise.all(results);
  checkSum(values.map((value, i) => (controllers[i].signal.aborted && value === undefined ? i : value)), count);
  if (gone.some((value) => value !== undefined)) throw new Error('a cancelled task has run');
  return (time / most) * 1000;
}

/** All tasks are cancelled by one signal; µs for each. */
async function shared({ add }, count) {
  const controller = new AbortController();
  const { signal } = controller;
  const results = Array.from({ length: count }, (_, i) => seen(add(i, signal), signal));
  const begin = performance.now();
  controller.abort();
  const gone = await Promise.all(results);
  const time = performance.now() - begin;
  if (gone.some((value) => value !== undefined)) throw new Error('a task was not cancelled');
  return (time / count) * 1000;
}

const targets = [{ of: 'millpond', against: 'bare AbortController', at_most: 1.5 }];
const FLOOR = 'The bare AbortController is one with a listener that rejects a promise, and no line at all.';

export function cancelOwnSignals({ quick }) {
  const count = quick ? 20_000 : 100_000;
  /** Each looks for its task in the whole line. The line is as long as for the others, so the cost of one is what it is. */
  const few = quick ? 100 : 500;
  return {
    rounds: quick ? 3 : 7,
    entries: [{
      id: 'cancel-own-signals', unit: 'µs per cancelled task', targets,
      title: `${short(count / 2)} of ${short(count)} waiting tasks cancelled, each by a signal of its own, at random (p-queue: ${few} of ${short(count)})`,
      says: `From the first abort() to the last rejection seen by its caller, by the number of those cancelled; the rest must run. ${FLOOR}`,
    }],
    subjects: each(LINES, (make, name) => () => own(make(), count, name === 'p-queue' ? few : count / 2)),
  };
}

export function cancelSharedSignal({ quick }) {
  const count = quick ? 2000 : 10_000;
  return {
    rounds: quick ? 3 : 7,
    entries: [{
      id: 'cancel-shared-signal', unit: 'µs per cancelled task', targets,
      title: `${short(count)} waiting tasks cancelled by one signal`,
      says: `From abort() to the last rejection seen by its caller, by the number of tasks. ${FLOOR}`,
    }],
    subjects: each(LINES, (make) => () => shared(make(), count)),
  };
}
