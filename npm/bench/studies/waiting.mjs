// What waiting tasks hold.
import { bytesHeld, toldBy } from '../host.mjs';
import { QUEUES } from '../queues.mjs';
import { checkSum, short } from '../tell.mjs';

const AT_ONCE = 10;

/** Tasks 0 … 9 hold the pool until they are let go; all others give their number at once. */
function gate() {
  let open;
  const opened = new Promise((resolve) => { open = resolve; });
  const task = async (i) => {
    if (i < AT_ONCE) await opened;
    return i;
  };
  return { open, task };
}

async function waiting(make, count) {
  // What the code itself takes, and the module of wasm, are not the tasks'.
  const warm = gate();
  const first = make(AT_ONCE, warm.task);
  const warmed = Array.from({ length: 100 }, (_, i) => first(i));
  warm.open();
  await Promise.all(warmed);

  const { open, task } = gate();
  const run = make(AT_ONCE, task);
  const results = new Array(count + AT_ONCE).fill(undefined);
  for (let i = 0; i < AT_ONCE; i++) results[i] = run(i);
  const before = await bytesHeld();
  for (let i = AT_ONCE; i < results.length; i++) results[i] = run(i);
  const bytes = (await bytesHeld()) - before;
  open();
  checkSum(await Promise.all(results), results.length);
  return bytes / count;
}

const NAMES = ['millpond limit', 'millpond Pool', 'p-limit', 'p-queue', 'fastq', 'async.queue', 'async.priorityQueue', 'minimum'];

export function bytesWaiting({ area, quick }) {
  const count = quick ? 20_000 : 100_000;
  const most = area === 'node' ? 430 : 210;
  return {
    rounds: quick ? 1 : 3, apart: true,
    entries: [{
      id: 'bytes-waiting', unit: 'bytes per waiting task',
      title: `${short(count)} tasks waiting, limit ${AT_ONCE}`,
      says: `${toldBy(area)}: with all tasks waiting, less before them, by their number. The promise of each result is counted, as its caller holds it; `
        + 'its place in the caller\'s array is not. Every sample in a fresh process.',
      targets: ['millpond limit', 'millpond Pool'].map((of) => ({ of, at_most: most })),
    }],
    subjects: Object.fromEntries(NAMES.map((name) => [name, () => waiting(QUEUES[name], count)])),
  };
}
