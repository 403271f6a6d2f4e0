// Ways to get through a hundred thousand ready chunks of work in a page: `prepare(chunks, work)` gives (or promises) `pump`, which resolves when all are done.
// What hands the chunks over does so in `prepare`: only the pumping is looked at.
import pLimit from 'p-limit';
import { Pool } from '../millpond.mjs';

const SLICE = 4;
const AT_ONCE = 10;

/** All chunks wait in a limit, behind those that hold it until `pump`. */
const queued = (run) => (chunks, work) => {
  let open;
  const opened = new Promise((resolve) => { open = resolve; });
  for (let i = 0; i < AT_ONCE; i++) run(() => opened);
  const all = Promise.all(Array.from({ length: chunks }, () => run(work)));
  return () => {
    open();
    return all;
  };
};

/** By hand: so much of it, then `next` to let others have a turn. */
const sliced = (next) => (chunks, work) => async () => {
  let end = performance.now() + SLICE;
  for (let i = 0; i < chunks; i++) {
    work();
    if (performance.now() >= end) {
      await next();
      end = performance.now() + SLICE;
    }
  }
};

export const PUMPS = {
  'millpond drive': async (chunks, work) => {
    // The crate, built and bound to JavaScript beside this bundle; a variable, so that nobody looks for it before.
    const built = '/bench_drive.js';
    const { default: init, Pump } = await import(built);
    await init({ module_or_path: '/bench_drive_bg.wasm' });
    let done;
    const all = new Promise((resolve) => { done = resolve; });
    const pump = new Pump(chunks, work, done);
    return () => {
      pump.start();
      return all;
    };
  },
  'millpond Pool': (...all) => {
    const pool = new Pool({ concurrency: AT_ONCE });
    return queued((task) => pool.run(task))(...all);
  },
  'p-limit': (...all) => queued(pLimit(AT_ONCE))(...all),
  'scheduler.yield': sliced(() => globalThis.scheduler.yield()),
  'setTimeout': sliced(() => new Promise((resolve) => { setTimeout(resolve, 0); })),
  'unbudgeted loop': (chunks, work) => async () => {
    for (let i = 0; i < chunks; i++) work();
  },
};
