/**
 * The types of events and leases, as a consumer meets them. Compiling it is the test.
 */
import { type EndState, type Lease, Pool, PoolManager, type PoolEvents, type PoolStats, QueueFullError, type Task } from '../../dist/index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Fails to compile unless it is called with `true`. */
declare function check<_T extends true>(): void;

const pool = new Pool(4);
const ended = function (this: Pool, { detail }: PoolEvents['end']): unknown {
  check<Equal<typeof detail.id, string>>();
  check<Equal<typeof detail.state, EndState>>();
  return detail.state === 'succeeded' ? detail.value : detail.error;
};
pool.addEventListener('end', ended, { once: true });
pool.removeEventListener('end', ended);
pool.addEventListener('submit', ({ detail }) => check<Equal<typeof detail.task, Task<unknown>>>());
pool.addEventListener('full', ({ detail: { error } }) => { const full: QueueFullError = error; return full; });
pool.addEventListener('resize', ({ detail: { concurrency } }) => check<Equal<typeof concurrency, number>>());
pool.addEventListener('idle', function (event) { check<Equal<[typeof this, typeof event], [Pool, CustomEvent<null>]>>(); });
pool.addEventListener('mine', (event: Event) => event.type);
pool.addEventListener('error', { handleEvent() {} });
// @ts-expect-error `start` tells no error
pool.addEventListener('start', ({ detail }) => detail.error);
const target: EventTarget = pool;

// Resources: the type is what the factory gives, promises unwrapped; without one it is undefined.
class Connection { query(): string { return ''; } }
const databases = new PoolManager({ pool: 4, maxPools: 10, resource: async (_region: string) => new Connection(), dispose: (connection) => { connection.query(); } });
check<Equal<typeof databases, PoolManager<string, Connection>>>();
const numbered = new PoolManager({ resource: (key: number) => [key] });
check<Equal<typeof numbered, PoolManager<number, number[]>>>();
const plain = new PoolManager();
check<Equal<typeof plain, PoolManager<string, undefined>>>();
const explicit = new PoolManager<number, Connection>({ resource: () => new Connection(), dispose: undefined, maxPools: undefined });

async function use(signal: AbortSignal | undefined): Promise<string> {
  using lease = await databases.lease('eu', { signal });
  check<Equal<typeof lease, Lease<Connection, string>>>();
  await using nothing = await plain.lease('x');
  check<Equal<typeof nothing.resource, undefined>>();
  const other: Pool = nothing.pool;
  const key: string = nothing.key;
  nothing.release();
  const rows = lease.run(() => lease.resource.query(), { priority: 'high' });
  check<Equal<typeof rows, Task<string>>>();
  // @ts-expect-error read only
  lease.resource = new Connection();
  // @ts-expect-error not a key
  await explicit.lease('7');
  return key + other.name + await rows;
}

const expired = function (this: PoolManager<string, Connection>, { detail }: CustomEvent<{ key: string }>): string { return detail.key; };
databases.addEventListener('expire', expired);
databases.removeEventListener('expire', expired);
databases.addEventListener('error', ({ detail }) => check<Equal<[typeof detail.key, typeof detail.error], [string, unknown]>>());
databases.addEventListener('close', ({ detail }) => check<Equal<typeof detail, null>>());
databases.forEach((each, key, manager) => { check<Equal<[typeof each, typeof key], [Pool, string]>>(); return manager.size; });
const byKey: Map<string, PoolStats> = new Map([...databases].map(([key, each]) => [key, each.stats]));
const waits: Promise<void> = databases.onEmpty().then(() => databases.onWaitingLessThan(5, { signal: undefined }));
databases.pause();
databases.resume();
const paused: boolean = databases.isPaused;
// @ts-expect-error there is no such public constructor
new Lease(1);

export { byKey, paused, target, use, waits };
