/**
 * Leases: the right to use what the tasks of a key share. It is made when the first asks for it, and disposed of when the last is through.
 *
 * A resource with its users is a generation. All generations of a key share its lane, and so its limit.
 */
import { warnOnce } from './development.js';
import { Releasing } from './disposal.js';
import { PoolClosedError } from './errors.js';
import type { Task, TaskFunction } from './handle.js';
import type { Guest } from './lane.js';
import type { RunOptions } from './run-options.js';
import type { WaitOptions } from './scope.js';
import type { Entry } from './lanes.js';
import type { Pool } from './pool.js';
import { Job } from './task.js';
import { now } from './turn.js';

/** Where resources come from, where they go, and who is told if that fails. @internal */
export interface Household<K, R> {
  readonly make: (key: K) => R | PromiseLike<R>;
  readonly dispose: (resource: R, key: K) => unknown;
  readonly lifetime: number;
  readonly failed: (key: K, error: unknown) => void;
  /** The disposals under way. */
  readonly disposals: Set<Promise<void>>;
}

/** What a resource says itself about its end. @internal */
export function disposeOf(resource: unknown): unknown {
  const { asyncDispose, dispose } = Symbol as unknown as Record<string, string>;
  const own = Object(resource) as Record<string, (() => unknown) | undefined>;
  return (own[asyncDispose!] ?? own[dispose!])?.call(resource);
}

/** A resource, from the call of its factory to its disposal. Its users are the factory, leases asked for or held, and tasks run by them. @internal */
export class Generation<K, R> implements Guest {
  readonly entry: Entry<K>;
  resource: R | undefined;
  /** Why there is no resource: in a box, since anything can be thrown. */
  failure: { readonly error: unknown } | undefined;
  landed = false;
  readonly #household: Household<K, R>;
  readonly #end: number;
  #users = 0;
  #current = true;

  constructor(entry: Entry<K>, household: Household<K, R>) {
    this.entry = entry;
    this.#household = household;
    this.#end = now() + household.lifetime;
    this.enter();
    void this.#fly();
  }

  async #fly(): Promise<void> {
    try {
      this.resource = await this.#household.make(this.entry.key);
    } catch (error) {
      this.failure = { error };
    }
    this.landed = true;
    // Failed, or nobody waits for it any more.
    if (this.failure || this.#users === 1) this.retire();
    this.leave();
  }

  /** Whether it is not for newcomers any more. */
  get isOver(): boolean {
    return !this.#current || now() >= this.#end;
  }

  enter(): void {
    this.#users++;
    this.entry.lane.lease(1);
  }

  leave(): void {
    if (--this.#users === 0 && !this.#current) this.#dispose();
    this.entry.lane.lease(-1);
  }

  /** It has no new users any more, and goes with the last one. */
  retire(): void {
    if (!this.#current) return;
    this.#current = false;
    if (this.#users === 0) this.#dispose();
  }

  #dispose(): void {
    if (this.failure) return;
    const { dispose, failed, disposals } = this.#household;
    const { key } = this.entry;
    const over = (async () => {
      try {
        await dispose(this.resource as R, key);
      } catch (error) {
        failed(key, error);
      }
    })();
    disposals.add(over);
    void over.then(() => disposals.delete(over));
  }
}

/** A lease for an entry, when there is a resource. @internal */
export async function lease<K, R>(entry: Entry<K>, household: Household<K, R>, options: WaitOptions | undefined): Promise<Lease<R, K>> {
  let generation = entry.generation as Generation<K, R> | undefined;
  if (!generation || generation.isOver) {
    generation?.retire();
    entry.generation = generation = new Generation(entry, household);
  }
  generation.enter();
  try {
    await entry.lane.until(() => generation.landed, options);
    if (generation.failure) throw generation.failure.error;
    if (entry.lane.closed) throw new PoolClosedError('The pool was closed before its resource came');
    return new Lease(generation);
  } catch (reason) {
    generation.leave();
    throw reason;
  }
}

const forgotten = /* @__PURE__ */ new FinalizationRegistry<Guest>((generation) => {
  generation.leave();
  warnOnce('a lease was garbage-collected that nobody has released, and has kept its pool until then. Call `lease.release()`, or take it by `using`.');
});

/**
 * The right to use the resource of a key, from {@link PoolManager.lease}. As long as there is one the key's pool stays. `using` releases it.
 *
 * @example
 * ```js
 * const lease = await databases.lease('eu');
 * try {
 *   await lease.run(() => lease.resource.query(sql));
 * } finally {
 *   lease.release();
 * }
 * ```
 */
export class Lease<R = undefined, K = string> extends Releasing {
  readonly key: K;
  /** What `resource(key)` has made; shared with all who lease the key. */
  readonly resource: R;
  /** The pool of the key. */
  readonly pool: Pool;
  #generation: Generation<K, R> | undefined;

  /** @internal */
  constructor(generation: Generation<K, R>) {
    super();
    ({ key: this.key, pool: this.pool } = generation.entry);
    this.resource = generation.resource as R;
    this.#generation = generation;
    forgotten.register(this, generation, this);
  }

  /**
   * As {@link Pool.run} of its pool; the resource is there until the function has ended, even if the lease is released before.
   *
   * @throws {@link PoolClosedError} (`ERR_MILLPOND_CLOSED`) the lease was released
   */
  run<T>(fn: TaskFunction<T>, options?: RunOptions): Task<Awaited<T>> {
    const generation = this.#generation;
    if (!generation) throw new PoolClosedError('The lease was released');
    return generation.entry.lane.run(Job, fn, options, generation);
  }

  /** Gives it back. May be called again, to no effect. */
  override release(): void {
    const generation = this.#generation;
    this.#generation = undefined;
    if (!generation) return;
    forgotten.unregister(this);
    generation.leave();
  }
}
