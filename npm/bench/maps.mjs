// Every map in the shape its documentation recommends: what is told all its items at once, and gives all results at once.
import { PromisePool } from '@supercharge/promise-pool';
import { Effect } from 'effect';
import pMap from 'p-map';
import { from, lastValueFrom, mergeMap, toArray } from 'rxjs';
import { Pool } from './millpond.mjs';

/** By name: `(concurrency, task, items) => results`. */
export const MAPS = {
  'millpond map': (concurrency, task, items) => new Pool({ concurrency }).map(items, task),
  'p-map': (concurrency, task, items) => pMap(items, task, { concurrency }),
  'promise-pool': async (concurrency, task, items) => (await PromisePool.for(items).withConcurrency(concurrency).process(task)).results,
  'Effect': (concurrency, task, items) => Effect.runPromise(Effect.forEach(items, (item) => Effect.promise(() => task(item)), { concurrency })),
  'RxJS': (concurrency, task, items) => lastValueFrom(from(items).pipe(mergeMap(task, concurrency), toArray())),
};
