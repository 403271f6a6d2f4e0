// The page that pumps, and looks at itself meanwhile: how late keys are heard, how long others wait for their turn.
import { PUMPS } from './pumps.mjs';

let sink = 1;

/** So many steps of arithmetic. Work, not time: a clock would count what other programs do. */
function spin(steps) {
  let x = sink;
  for (let i = 0; i < steps; i++) x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d) + i | 0;
  sink = x;
}

/** How many steps take `ms`, at best. */
globalThis.stepsFor = (ms) => {
  let best = 0;
  for (let i = 0; i < 40; i++) {
    const begin = performance.now();
    spin(1e6);
    const taken = performance.now() - begin;
    if (i >= 10) best = Math.max(best, (1e6 / taken) * ms);
  }
  return Math.round(best);
};

const delays = [];
addEventListener('keydown', (event) => delays.push(performance.now() - event.timeStamp));

/** The delays of all keys so far, in ms. */
globalThis.keyDelays = () => delays;

/** Messages to itself, one after the other: the longest time between two is the longest that anything had the thread. */
function watchTurns() {
  const { port1, port2 } = new MessageChannel();
  let last = performance.now();
  let longest = 0;
  let isOver = false;
  port1.onmessage = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) port2.postMessage(0);
  };
  port2.postMessage(0);
  return () => {
    isOver = true;
    longest = Math.max(longest, performance.now() - last);
    port1.close();
    return longest;
  };
}

const rest = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

globalThis.prepare = async (name, chunks, steps) => {
  let done = 0;
  const pump = await PUMPS[name](chunks, () => {
    spin(steps);
    done++;
  });
  globalThis.gc();
  globalThis.pump = async () => {
    await rest(100);
    const end = watchTurns();
    const begin = performance.now();
    await pump();
    const time = performance.now() - begin;
    // The last to be kept waiting may still be.
    await rest(0);
    const longest = end();
    if (done !== chunks) throw new Error(`${name} has done ${done} of ${chunks} chunks`);
    return { 'drive-long-tasks': longest, 'drive-throughput': (chunks / time) * 1000 };
  };
};
