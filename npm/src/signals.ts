/**
 * One listener per signal, however many tasks hang on it: adding one for each would make ten thousand of them quadratic.
 */
import { CANCELLED, type Outcome } from './slot.js';

/** Who is stopped by a signal. */
interface Stoppable {
  stop(outcome: Outcome, reason: unknown): boolean;
}

const watches = new WeakMap<AbortSignal, Watch>();

class Watch {
  readonly jobs = new Set<Stoppable>();
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this);
    watches.set(signal, this);
  }

  /** The listener. */
  handleEvent(): void {
    this.drop();
    for (const job of this.jobs) job.stop(CANCELLED, this.#signal.reason);
  }

  drop(): void {
    this.#signal.removeEventListener('abort', this);
    watches.delete(this.#signal);
  }
}

/** Stops the task when the signal is aborted. */
export function watch(signal: AbortSignal, job: Stoppable): void {
  (watches.get(signal) ?? new Watch(signal)).jobs.add(job);
}

/** The task is over. */
export function unwatch(signal: AbortSignal, job: Stoppable): void {
  const watch = watches.get(signal);
  if (watch?.jobs.delete(job) && watch.jobs.size === 0) watch.drop();
}
