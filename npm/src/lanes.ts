/**
 * Lanes by key, in one pond: made when they are used, and forgotten when they have expired. A pool on its own is the only one of its kind.
 */
import type { Lane, Settings } from './lane.js';
import type { Pool } from './pool.js';
import type { Pond } from './pond.js';

/** Why a pool is gone: it was idle too long, idle and too old, idle and in the way of others, closed, or deleted. */
export type Gone = 'idle' | 'lifetime' | 'capacity' | 'closed' | 'deleted';

/** A live lane. @internal */
export interface Entry<K> {
  readonly key: K;
  readonly lane: Lane;
  /** What shows it. */
  readonly pool: Pool;
  /** Whether it was told of. */
  told: boolean;
  /** What its tasks share, once that was asked for. */
  generation?: { retire(): void };
}

/** Told of every lane that is made, and of every one that is gone. @internal */
export type Tell<K> = (entry: Entry<K>, gone?: Gone) => void;

/** Forgets the keys whose pools nobody has any more. */
const lost = /* @__PURE__ */ new FinalizationRegistry<[views: Map<unknown, WeakRef<Pool>>, key: unknown]>(([views, key]) => {
  if (!views.get(key)?.deref()) views.delete(key);
});

/** @internal */
export class Lanes<K> {
  /** As {@link Job.specimen}, and it keeps one of a pool. */
  static readonly specimen: Lanes<unknown> = /* @__PURE__ */ new Lanes({} as Pond, () => ({}) as Settings);

  readonly pond: Pond;
  readonly entries = new Map<K, Entry<K>>();
  readonly #settings: (key: K) => Settings;
  readonly #tell: Tell<K> | undefined;
  /** Limits that were set on a key's pool: they outlive its lane. */
  readonly #resized = new Map<K, number>();
  /** The pools somebody may have; one that has a lane is in `entries`. */
  readonly #views = new Map<K, WeakRef<Pool>>();
  closed = false;

  constructor(pond: Pond, settings: (key: K) => Settings, tell?: Tell<K>) {
    this.pond = pond;
    this.#settings = settings;
    this.#tell = tell;
    pond.expired = (lane, reason) => this.#gone(lane, reason);
  }

  /** What a key's lane is, or would be, made with. */
  settings(key: K): Settings {
    const settings = this.#settings(key);
    const concurrency = this.#resized.get(key);
    return concurrency ? { ...settings, concurrency } : settings;
  }

  find(key: K): Lane | undefined {
    return this.entries.get(key)?.lane;
  }

  /** The pool that shows a key: the same as long as it has a lane, or anybody has that pool. */
  view(key: K, make: (lanes: Lanes<K>, key: K) => Pool): Pool {
    return this.entries.get(key)?.pool ?? this.#views.get(key)?.deref() ?? this.#show(key, make(this, key));
  }

  #show(key: K, pool: Pool): Pool {
    this.#views.set(key, new WeakRef(pool));
    lost.register(pool, [this.#views, key]);
    return pool;
  }

  /** A key's lane, made for its pool if there is none. */
  make(key: K, pool: Pool): Lane {
    // Asks a function of the caller's, and tells of lanes that have to go. Those may use the key themselves: looks for the lane after that.
    const settings = this.settings(key);
    if (!this.entries.has(key)) this.pond.room();
    return this.find(key) ?? this.#open(key, settings, pool);
  }

  #open(key: K, settings: Settings, pool: Pool): Lane {
    const lane = this.pond.open(settings);
    // Takes nothing, and is not kept.
    if (this.closed && this.pond.remove(lane)) return lane;
    const entry = (lane.owner = { key, lane, pool, told: false });
    this.entries.set(key, entry);
    // Later, so that a listener cannot take the lane away before its first task is in it.
    if (this.#tell) queueMicrotask(() => this.#announce(entry));
    return lane;
  }

  #announce(entry: Entry<K>): void {
    if (entry.told) return;
    entry.told = true;
    this.#tell?.(entry);
  }

  /** The caller has changed a key's limit. */
  resize(key: K, concurrency: number): void {
    this.#resized.set(key, concurrency);
    this.find(key)?.resize(concurrency);
  }

  /** Removes a lane that has no task; false if it has, or is gone. */
  remove(lane: Lane | undefined, reason: Gone): boolean {
    if (!lane?.alive || lane.leases || !this.pond.remove(lane)) return false;
    this.#resized.delete((lane.owner as Entry<K>).key);
    this.#gone(lane, reason);
    return true;
  }

  /** A lane was closed, and its last task has left. A pool on its own keeps it for its counters. */
  drained(lane: Lane): void {
    if (this.#tell) this.remove(lane, 'closed');
  }

  #gone(lane: Lane, reason: Gone): void {
    const entry = lane.owner as Entry<K>;
    this.entries.delete(entry.key);
    // It stays closed; who asks for the key again gets another.
    if (reason === 'closed') this.#views.delete(entry.key);
    this.#announce(entry);
    this.#tell?.(entry, reason);
  }

  /** No lane takes anything any more, and none is made. Resolves when the last is gone. */
  async shut(): Promise<void> {
    this.closed = true;
    this.pond.pause(false);
    await Promise.all([...this.entries.values()].map(({ pool }) => pool.close()));
  }
}
