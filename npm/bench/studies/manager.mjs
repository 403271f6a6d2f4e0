// Many keys, each with a limit of its own, and one limit over all.
import pLimit from 'p-limit';
import { PoolManager } from '../millpond.mjs';
import { checkSum, each, short } from '../tell.mjs';

const EACH = 2;
const ALL = 100;
const TASKS = 10;

const noop = async (i) => i;

const MANAGERS = {
  'millpond PoolManager': () => {
    const manager = new PoolManager({ pool: { concurrency: EACH }, concurrency: ALL });
    return (key, i) => manager.run(key, () => noop(i));
  },
  'Map of p-limits': () => {
    const limits = new Map();
    const all = pLimit(ALL);
    return (key, i) => {
      let limit = limits.get(key);
      if (!limit) limits.set(key, limit = pLimit(EACH));
      return limit(all, noop, i);
    };
  },
};

async function keyed(make, keys) {
  const names = Array.from({ length: keys }, (_, i) => `user ${i}`);
  const begin = performance.now();
  const run = make();
  const results = new Array(keys * TASKS);
  for (let i = 0; i < results.length; i++) results[i] = run(names[i % keys], i);
  checkSum(await Promise.all(results), results.length);
  return ((performance.now() - begin) / results.length) * 1e6;
}

export function managerTasks({ quick }) {
  const keys = quick ? 1000 : 10_000;
  return {
    rounds: quick ? 3 : 7,
    entries: [{
      id: 'manager-tasks', unit: 'ns per task',
      title: `${TASKS} no-op async tasks for each of ${short(keys)} keys, ${EACH} at once for a key and ${ALL} in all, every result awaited`,
      says: 'From the first call to the last result, by the number of tasks, the making of every key\'s limit included. '
        + 'The peer has a p-limit for each key in a Map, whose tasks go through one p-limit for all.',
      targets: [{ of: 'millpond PoolManager', against: 'Map of p-limits', at_most: 0.5 }],
    }],
    subjects: each(MANAGERS, (make) => () => keyed(make, keys)),
  };
}
