// Every peer in the shape its documentation recommends. A queue gives `run(task, argument)`, which promises the task's result; a map takes
// all at once.
import { PromisePool } from '@supercharge/promise-pool';
import { priorityQueue, queue } from 'async';
import Bottleneck from 'bottleneck';
import { Effect } from 'effect';
import fastq from 'fastq';
import pLimit from 'p-limit';
import pMap from 'p-map';
import PQueue from 'p-queue';
import { from, lastValueFrom, mergeMap, toArray } from 'rxjs';
import { limit, Pool } from './millpond.mjs';
import { minimum } from './minimum.mjs';

/** By name: `(concurrency, task) => run`; those with one worker for all have it from the beginning. */
export const QUEUES = {
  'millpond limit': (concurrency, task) => {
    const run = limit(concurrency);
    return (argument) => run(task, argument);
  },
  'millpond Pool': (concurrency, task) => {
    const pool = new Pool({ concurrency });
    return (argument) => pool.run(() => task(argument));
  },
  'p-limit': (concurrency, task) => {
    const run = pLimit(concurrency);
    return (argument) => run(task, argument);
  },
  'p-queue': (concurrency, task) => {
    const peer = new PQueue({ concurrency });
    return (argument) => peer.add(() => task(argument));
  },
  'fastq': (concurrency, task) => {
    const peer = fastq.promise(task, concurrency);
    return (argument) => peer.push(argument);
  },
  'async.queue': (concurrency, task) => {
    const peer = queue(task, concurrency);
    return (argument) => peer.pushAsync(argument);
  },
  'async.priorityQueue': (concurrency, task) => {
    const peer = priorityQueue(task, concurrency);
    return (argument) => peer.pushAsync(argument, 0);
  },
  'bottleneck': (concurrency, task) => {
    const peer = new Bottleneck({ maxConcurrent: concurrency });
    return (argument) => peer.schedule(task, argument);
  },
  'minimum': (concurrency, task) => {
    const run = minimum(concurrency);
    return (argument) => run(task, argument);
  },
};

/** By name: `(concurrency, task, items) => results`. */
export const MAPS = {
  'millpond map': (concurrency, task, items) => new Pool({ concurrency }).map(items, task),
  'p-map': (concurrency, task, items) => pMap(items, task, { concurrency }),
  'promise-pool': async (concurrency, task, items) => (await PromisePool.for(items).withConcurrency(concurrency).process(task)).results,
  'Effect': (concurrency, task, items) => Effect.runPromise(Effect.forEach(items, (item) => Effect.promise(() => task(item)), { concurrency })),
  'RxJS': (concurrency, task, items) => lastValueFrom(from(items).pipe(mergeMap(task, concurrency), toArray())),
};
