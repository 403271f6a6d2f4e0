// types.mts again, for a project that still uses `require`.
import { createFetch, Pool, PoolManager } from 'millpond';

const pool = new Pool({ concurrency: 2 });
export const four: Promise<number> = pool.run(({ signal }) => (signal.aborted ? 0 : 4), { priority: 1 });
export const users = new PoolManager<string>({ pool: { concurrency: 1 } });
export const limited: typeof fetch = createFetch({ concurrency: 6 });
// @ts-expect-error: a limit is a number
export const wrong = new Pool('4');
