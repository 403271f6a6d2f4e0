// Every queue in the shape its documentation recommends: what runs tasks as they come, each with a promise of its result.
import { priorityQueue, queue } from 'async';
import Bottleneck from 'bottleneck';
import fastq from 'fastq';
import pLimit from 'p-limit';
import PQueue from 'p-queue';
import { limit, Pool } from './millpond.mjs';
import { minimum } from './minimum.mjs';

/** By name: `(concurrency, task) => run`, and `run(argument)` promises what the task gives. */
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
