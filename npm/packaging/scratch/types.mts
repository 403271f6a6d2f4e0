// What a project that checks its dependencies' types, too, sees of ours.
import { createFetch, Pool, PoolManager } from 'millpond';

const pool = new Pool({ concurrency: 2 });
export const four: Promise<number> = pool.run(({ signal }) => (signal.aborted ? 0 : 4), { priority: 1 });
export const users = new PoolManager<string>({ pool: { concurrency: 1 } });
export const limited: typeof fetch = createFetch({ concurrency: 6 });
// @ts-expect-error: a limit is a number
export const wrong = new Pool('4');
