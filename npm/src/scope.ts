/**
 * A lane, or all the lanes of a pond: their counters, and those who wait for a state of them or listen.
 */
import { broken, read } from './core.js';
import type { Audience, PoolEvents, Told } from './events.js';
import { check, signal } from './options.js';
import type { Pond } from './pond.js';
import type { Series } from './series.js';
import { COUNTERS, count, type PoolStats } from './stats.js';

/** How to wait for a state of a pool. */
export interface WaitOptions {
  /** Ends the waiting: the promise rejects with its `reason`. */
  signal?: AbortSignal | undefined;
}

/** A lane, or all of a pond. @internal */
export class Scope {
  readonly pond: Pond;
  readonly handle: number;
  /** The limit, as the core was told it. */
  concurrency: number;
  /** Tasks with several attempts that are not over. */
  readonly series = new Set<Series>();
  retried = 0;
  /** Who listens, once somebody does. */
  audience: Audience | undefined;
  readonly #waiters = new Set<(error?: Error) => void>();
  /** That nothing waits, or nothing is left, is still to be told. */
  #lined = false;
  #busy = true;

  constructor(pond: Pond, handle: number, concurrency: number) {
    this.pond = pond;
    this.handle = handle;
    this.concurrency = concurrency;
  }

  stat(which: number): number {
    const value = read(this.pond.handle, this.handle, which);
    if (broken) throw broken;
    return value;
  }

  get stats(): PoolStats {
    return count((which) => this.stat(which), this.retried);
  }

  get empty(): boolean {
    return this.stat(COUNTERS.waiting) === 0;
  }

  get idle(): boolean {
    return this.empty && this.stat(COUNTERS.running) === 0 && this.series.size === 0;
  }

  /** Whether somebody waits for a state. */
  get watched(): boolean {
    return this.#waiters.size > 0;
  }

  /** Resolves when it is so. */
  until(over: () => boolean, options?: WaitOptions): Promise<void> {
    const { signal: stop } = check(options, { signal }, 'options') as WaitOptions;
    return new Promise((resolve, reject) => {
      const look = (error: Error | undefined = broken) => {
        if (error) reject(error);
        else if (stop?.aborted) reject(stop.reason);
        else if (over()) resolve();
        else return;
        this.#waiters.delete(look);
        stop?.removeEventListener('abort', aborted);
      };
      const aborted = () => look();
      this.#waiters.add(look);
      stop?.addEventListener('abort', aborted);
      look();
    });
  }

  /** Cancels what waits, or everything. Returns how many there were. */
  cancel(reason: unknown, running: boolean): number {
    return this.pond.tasks(this).filter((task) => (running || task.waits) && task.cancel(reason)).length;
  }

  /** From now on it has an audience. */
  hear(audience: Audience): void {
    if (this.audience || broken) return;
    this.audience = audience;
    this.#lined = !this.empty;
  }

  /** Tells whoever listens. The `id` is that of the task, if it is about one. Where it is about every task, ask for the `audience` before. */
  tell<E extends keyof PoolEvents>(type: E, detail: Told<E> = null, job?: { readonly id: string }): void {
    this.audience?.tell(type, detail, job);
  }

  /** A task has come. */
  came(waits: boolean): void {
    if (!this.audience) return;
    this.#busy = true;
    this.#lined ||= waits;
  }

  /** Fewer tasks wait, or one has left. */
  changed(): void {
    if (this.watched) this.look();
    if (!this.audience) return;
    if (this.#lined && this.empty) {
      this.#lined = false;
      this.tell('empty');
    }
    if (this.#busy && this.idle) {
      this.#busy = false;
      this.tell('idle');
    }
  }

  /** Something has changed; an error, if nothing will any more. */
  look(error?: Error): void {
    for (const look of this.#waiters) look(error);
  }
}
