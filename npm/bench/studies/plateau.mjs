// Whether a pool that has done much holds more than one that has done little. Nothing else is loaded, so that little is seen.
import { bytesHeld, toldBy } from '../host.mjs';
import { Pool } from '../millpond.mjs';
import { checkSum, short } from '../tell.mjs';

const AT_ONCE = 10;
/** So many tasks at a time, in one pool. */
const BATCH = 10_000;

const noop = async (i) => i;

async function plateau(run, count) {
  let results;
  for (let done = 0; done < count; done += BATCH) {
    results = Array.from({ length: BATCH }, (_, i) => run(i));
    checkSum(await Promise.all(results), BATCH);
  }
  results = undefined;
  const bytes = await bytesHeld();
  // The pool is alive until here.
  checkSum([await run(0)], 1);
  return bytes;
}

export function memoryPlateau({ area, quick }) {
  const points = quick ? [100_000, 500_000, 1_000_000] : [1_000_000, 5_000_000, 10_000_000];
  return {
    rounds: quick ? 1 : 2, apart: true, points,
    entries: [{
      id: 'memory-plateau', unit: 'bytes', x: 'tasks',
      title: `After ${points.map(short).join(', ')} tasks through one pool, ${short(BATCH)} at a time, limit ${AT_ONCE}`,
      says: `${toldBy(area)}: all of a fresh process, when the pool has run so many tasks and is idle. A flat line is a pool that forgets.`,
      targets: [{ of: 'millpond Pool', from: points[0], to: points.at(-1), at_most: 1.1 }],
    }],
    subjects: {
      'millpond Pool': (count) => {
        const pool = new Pool({ concurrency: AT_ONCE });
        return plateau((i) => pool.run(() => noop(i)), count);
      },
    },
  };
}
