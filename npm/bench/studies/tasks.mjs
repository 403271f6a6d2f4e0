// What a task costs that does nothing: beside all peers, and as the line grows.
import { MAPS } from '../maps.mjs';
import { QUEUES } from '../queues.mjs';
import { checkSum, each, short } from '../tell.mjs';

const LIMIT = 10;

/** It has to be asynchronous, as what is limited is. */
const noop = async (i) => i;

/** ns per task, from the first call to the last result. */
async function queued(make, count) {
  const begin = performance.now();
  const run = make(LIMIT, noop);
  const results = new Array(count);
  for (let i = 0; i < count; i++) results[i] = run(i);
  checkSum(await Promise.all(results), count);
  return ((performance.now() - begin) / count) * 1e6;
}

async function mapped(map, count) {
  const items = Array.from({ length: count }, (_, i) => i);
  const begin = performance.now();
  checkSum(await map(LIMIT, noop, items), count);
  return ((performance.now() - begin) / count) * 1e6;
}

export function tasksLimit10({ area, quick }) {
  const count = quick ? 10_000 : 100_000;
  /** It takes microseconds where others take nanoseconds: it waits for a timer per task. */
  const few = quick ? 100 : 500;
  const counts = { bottleneck: few };
  const ours = ['millpond limit', 'millpond Pool'];
  const others = Object.keys(QUEUES).filter((name) => !ours.includes(name) && !['minimum', 'p-limit'].includes(name));
  return {
    rounds: quick ? 3 : 7,
    entries: [{
      id: 'tasks-limit-10', unit: 'ns per task',
      title: `${short(count)} no-op async tasks, limit ${LIMIT}, every result awaited (bottleneck: ${short(few)})`,
      says: 'From the first call to the last result, by the number of tasks. millpond and p-limit run each task in the async context of its caller; '
        + 'the minimum is a limit written by hand, which does not. A map is told all its items at once and makes no promise for each: '
        + 'millpond map is to be compared with p-map, promise-pool, Effect and RxJS.',
      targets: [
        { of: 'millpond limit', against: 'p-limit', at_most: area === 'node' ? 0.6 : 0.35 },
        { of: 'millpond Pool', against: 'p-limit', at_most: 1 },
        ...ours.flatMap((of) => others.map((against) => ({ of, against, at_most: 1 }))),
        ...Object.keys(MAPS).slice(1).map((against) => ({ of: 'millpond map', against, at_most: 1 })),
      ],
    }],
    subjects: {
      ...each(QUEUES, (make, name) => () => queued(make, counts[name] ?? count)),
      ...each(MAPS, (map) => () => mapped(map, count)),
    },
  };
}

export function tasksCount({ quick }) {
  const points = quick ? [1000, 10_000, 100_000] : [1000, 10_000, 100_000, 1_000_000];
  const [from, to] = [points[0], points.at(-1)];
  /** Short runs are repeated, so that each sample is of as many tasks at least. */
  const least = quick ? 20_000 : 100_000;
  return {
    rounds: quick ? 3 : 5,
    points,
    entries: [{
      id: 'tasks-count', unit: 'ns per task', x: 'tasks',
      title: `${short(from)} to ${short(to)} no-op async tasks at once, limit ${LIMIT}, every result awaited`,
      says: 'All are handed over before the first can run, so all but ten wait. From the first call to the last result, by the number of tasks: '
        + 'a flat line is a line whose length costs nothing. What the minimum grows by is the collector and the caches.',
      targets: [{ of: 'millpond limit', against: 'minimum', from, to, at_most: 1 }],
    }],
    subjects: each(
      { 'millpond limit': 0, 'p-limit': 0, 'minimum': 0 },
      (_, name) => async (count) => {
        const times = Math.max(1, least / count);
        let sum = 0;
        for (let i = 0; i < times; i++) sum += await queued(QUEUES[name], count);
        return sum / times;
      },
    ),
  };
}
