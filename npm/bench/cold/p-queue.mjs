// A program that needs nothing but a queue.
import PQueue from 'p-queue';

export const first = (task) => new PQueue({ concurrency: 10 }).add(task);
