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
    signal.addEventListener('abort', this, { once: true });
    watches.set(signal, this);
  }

  /** The listener. The signal is over: there is no listener to remove, and nobody to be struck off. */
  handleEvent(): void {
    watches.delete(this.#signal);
    for (const job of this.jobs) job.stop(CANCELLED, this.#signal.reason);
  }

  /** The task is over. */
  leave(job: Stoppable): void {
    if (!this.jobs.delete(job) || this.jobs.size > 0) return;
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
  watches.get(signal)?.leave(job);
}
