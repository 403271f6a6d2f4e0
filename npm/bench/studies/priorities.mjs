// Tasks with priorities, and priorities that change while they wait.
import { priorityQueue } from 'async';
import PQueue from 'p-queue';
import { Pool } from '../millpond.mjs';
import { seeded, shuffled } from '../seeded.mjs';
import { checkSum, each, short } from '../tell.mjs';

const LIMIT = 10;

/** A task that gives its number, and remembers in which order it and the others began. */
function recorder() {
  const begun = [];
  const task = async (i) => {
    begun.push(i);
    return i;
  };
  /** Fails unless the most urgent began first, but for those that began before there was a line. */
  const check = (priorities) => {
    for (let k = LIMIT + 1; k < begun.length; k++) {
      if (priorities[begun[k]] > priorities[begun[k - 1]]) throw new Error('a task was overtaken by one less urgent');
    }
  };
  return { task, check };
}

/** By name: `(task) => add(i, priority)`, which promises what the task gives. */
const QUEUES = {
  'millpond': (task) => {
    const pool = new Pool({ concurrency: LIMIT });
    return (i, priority) => pool.run(() => task(i), { priority });
  },
  'p-queue': (task) => {
    const peer = new PQueue({ concurrency: LIMIT });
    return (i, priority) => peer.add(() => task(i), { priority });
  },
  'async.priorityQueue': (task) => {
    // There, lower comes first.
    const peer = priorityQueue(task, LIMIT);
    return (i, priority) => peer.pushAsync(i, -priority);
  },
};

const randoms = (count, seed) => {
  const random = seeded(seed);
  return Array.from({ length: count }, () => Math.floor(random() * 1000));
};

async function queued(make, count) {
  const wanted = randoms(count, 1);
  const { task, check } = recorder();
  const begin = performance.now();
  const add = make(task);
  const results = wanted.map((priority, i) => add(i, priority));
  checkSum(await Promise.all(results), count);
  const time = performance.now() - begin;
  check(wanted);
  return (time / count) * 1e6;
}

export function priorities({ quick }) {
  const count = quick ? 10_000 : 100_000;
  return {
    rounds: 3,
    entries: [{
      id: 'priorities', unit: 'ns per task',
      title: `${short(count)} no-op async tasks with random priorities of 0 to 999, limit ${LIMIT}, every result awaited`,
      says: 'All are handed over before the line moves. From the first call to the last result, by the number of tasks; that the most urgent began first is checked.',
      targets: [{ of: 'millpond', against: 'p-queue', at_most: 0.1 }, { of: 'millpond', against: 'async.priorityQueue', at_most: 1 }],
    }],
    subjects: each(QUEUES, (make) => () => queued(make, count)),
  };
}

/** By name: a line in which tasks wait until `open` is called, with ids. */
const LINES = {
  'millpond': (task) => {
    const pool = new Pool({ concurrency: LIMIT, autoStart: false });
    return { add: (i, id) => pool.run(() => task(i), { id }), set: (id, priority) => pool.setPriority(id, priority), open: () => pool.resume() };
  },
  'p-queue': (task) => {
    const peer = new PQueue({ concurrency: LIMIT, autoStart: false });
    return { add: (i, id) => peer.add(() => task(i), { id }), set: (id, priority) => peer.setPriority(id, priority), open: () => peer.start() };
  },
};

async function moved(make, count, most) {
  const { task, check } = recorder();
  const { add, set, open } = make(task);
  const ids = Array.from({ length: count }, (_, i) => `task ${i}`);
  const results = ids.map((id, i) => add(i, id));
  const now = new Array(count).fill(0);
  const moves = shuffled(count).slice(0, most);
  const to = randoms(most, 2);
  const begin = performance.now();
  for (let k = 0; k < most; k++) set(ids[moves[k]], to[k]);
  const time = performance.now() - begin;
  for (let k = 0; k < most; k++) now[moves[k]] = to[k];
  open();
  checkSum(await Promise.all(results), count);
  check(now);
  return (time / most) * 1000;
}

export function setPriority({ quick }) {
  const count = quick ? 20_000 : 100_000;
  const most = { 'millpond': count / 5, 'p-queue': quick ? 100 : 500 };
  return {
    rounds: quick ? 3 : 5,
    entries: [{
      id: 'set-priority', unit: 'µs per change',
      title: `setPriority by id on ${short(most.millpond)} of ${short(count)} waiting tasks, at random (p-queue: ${most['p-queue']} of ${short(count)})`,
      says: 'From the first call to the last, by their number; the order in which the tasks begin afterwards is checked. p-queue looks for its task in the whole line, '
        + 'so it is called less often, on a line as long.',
      targets: [{ of: 'millpond', against: 'p-queue', at_most: 0.1 }],
    }],
    subjects: each(LINES, (make, name) => () => moved(make, count, most[name])),
  };
}
