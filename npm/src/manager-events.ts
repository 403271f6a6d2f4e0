/**
 * What a manager tells, as its pools do.
 */
import type { Gone } from './lanes.js';
import type { Pool } from './pool.js';

/** What `create` and `expire` tell, as `event.detail`. */
export interface PoolManagerEventDetail<K> {
  readonly key: K;
  readonly pool: Pool;
  /**
   * Of `expire`, why: the pool was idle too long (`'idle'`), is idle and too old (`'lifetime'`), was idle and in the way of another
   * (`'capacity'`), was closed and is drained (`'closed'`), or was deleted (`'deleted'`).
   */
  readonly reason?: Gone | undefined;
}

/** What `error` tells. */
export interface PoolManagerErrorDetail<K> {
  readonly key: K;
  /** If no listener reads this it is written to the console. */
  readonly error: unknown;
}

/** The events of a {@link PoolManager}, told as those of a {@link Pool} ({@link PoolEvents}). */
export interface PoolManagerEvents<K> {
  /**
   * A key has a pool now. Told in a microtask, when its first task is in it. To listen to all pools add one and the same function to each of them
   * here: one that is made anew may still be the same object, and is not given it twice.
   */
  create: CustomEvent<PoolManagerEventDetail<K>>;
  /** A key has no pool any more; its next use makes it anew. Told before its resource is disposed of. */
  expire: CustomEvent<PoolManagerEventDetail<K>>;
  /** A resource could not be disposed of. */
  error: CustomEvent<PoolManagerErrorDetail<K>>;
  /** Nothing waits in any pool any more. */
  empty: CustomEvent<null>;
  /** Nothing waits or runs in any pool any more. Told once each time that becomes so. */
  idle: CustomEvent<null>;
  /** After {@link PoolManager.close}: the last pool is gone and its resource disposed of. */
  close: CustomEvent<null>;
}
