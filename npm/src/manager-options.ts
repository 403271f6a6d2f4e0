/**
 * How a manager is made, checked.
 */
import type { Settings } from './lane.js';
import { disposeOf } from './lease.js';
import { callable, check, duration, limit, refuse, type Rule } from './options.js';
import { type PoolOptions, settings } from './pool.js';

/** How one key's pool differs from the others. */
export type PoolOverrides<K> = Readonly<Record<string, number | PoolOptions>> | ((key: K) => number | PoolOptions | undefined);

/** How a manager is made. */
export interface PoolManagerOptions<K, R = unknown> {
  /** Every key's pool. Default: no limit of its own. */
  pool?: number | PoolOptions | undefined;
  /**
   * The pools of some keys, in place of `pool`: an object by key, checked now; or a function, asked whenever a pool is made. A key that
   * has none is as `pool` says.
   */
  pools?: PoolOverrides<K> | undefined;
  /** How many tasks may run at once in all pools together: an integer of at least 1, or `Infinity`. Default: `Infinity`. */
  concurrency?: number | undefined;
  /**
   * How long a pool in which nothing waits or runs is kept, in milliseconds, from the end of its last task or lease, whichever is later.
   * Default: 60 000.
   */
  idleTimeout?: number | undefined;
  /**
   * How old a pool may get, in milliseconds, from its making; over that it goes as soon as it is idle. A resource that is as old, from the
   * call of its factory, is not leased to anybody any more: the next gets a new one, while who has the old one keeps it. Default: `Infinity`.
   */
  lifetime?: number | undefined;
  /**
   * How many pools there may be: an integer of at least 1, or `Infinity`. If one more is needed, the one goes that is idle longest. If none is
   * idle there are more for a while: as soon as one falls idle, it goes. Default: `Infinity`.
   */
  maxPools?: number | undefined;
  /**
   * Makes what the tasks of a key share, for {@link PoolManager.lease}: a connection, a session. Called once however many lease the key
   * meanwhile, in the turn of the first. If it throws or rejects, so do their leases, and the next calls it again.
   */
  resource?: ((key: K) => R | PromiseLike<R>) | undefined;
  /**
   * Called once with each resource, when its pool is gone, or it is too old and the last of its users is through. What goes wrong
   * there is told as an `error` event. Default: the resource's own `[Symbol.asyncDispose]()` or `[Symbol.dispose]()`, if it has one.
   */
  dispose?: ((resource: R, key: K) => unknown) | undefined;
}

const OPTIONS: Record<string, Rule> = {
  pool: settings as Rule, pools: (value) => value, concurrency: limit, idleTimeout: duration, lifetime: duration, maxPools: limit,
  resource: callable, dispose: callable,
};

const DEFAULTS = { concurrency: Infinity, idleTimeout: 60_000, lifetime: Infinity, maxPools: Infinity, resource: (): unknown => undefined, dispose: disposeOf };

/** What makes a key's settings out of a manager's options. */
function settingsBy<K>(pool: Settings, pools: PoolOverrides<K> | undefined): (key: K) => Settings {
  if (typeof pools === 'function') {
    return (key) => {
      const own = pools(key);
      return own === undefined ? pool : settings(own, 'what pools() has returned');
    };
  }
  if (pools !== undefined && (typeof pools !== 'object' || pools === null)) refuse('pools', 'an object or a function', pools);
  const table = new Map<unknown, Settings>();
  for (const [key, own] of Object.entries(pools ?? {})) table.set(key, settings(own, `pools[${JSON.stringify(key)}]`));
  return (key) => table.get(typeof key === 'number' ? String(key) : key) ?? pool;
}

/** The checked options of a manager. @internal */
export interface ManagerSettings<K, R> {
  readonly by: (key: K) => Settings;
  readonly concurrency: number;
  readonly idleTimeout: number;
  readonly lifetime: number;
  readonly maxPools: number;
  readonly resource: (key: K) => R | PromiseLike<R>;
  readonly dispose: (resource: R, key: K) => unknown;
}

/** Checks the options of a manager. @internal */
export function managerSettings<K, R>(options: PoolManagerOptions<K, R> | undefined): ManagerSettings<K, R> {
  const { pool = settings(undefined), pools, ...rest } = check(options, OPTIONS, 'options');
  const by = settingsBy(pool as Settings, pools as PoolOverrides<K> | undefined);
  return { ...DEFAULTS, ...rest, by } as ManagerSettings<K, R>;
}
