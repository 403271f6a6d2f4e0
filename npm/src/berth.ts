/**
 * Where the promise of a task's function is waited for. A berth serves one task after another, so that waiting makes no functions for each.
 */
import type { Job } from './task.js';
import { then } from './thenable.js';

type Settle = (value: unknown) => void;

/** Those that serve nobody: no more than it takes to go on without a break. */
const free: Berth[] = [];
const SPARE = 64;

/**
 * The platform takes it for a thenable, if that is what a task's promise is to be resolved with, and so gives the task the power over its own
 * promise: it has to be rejected early should the task be stopped.
 */
export class Berth {
  #job: Job | undefined;
  #promise: Promise<unknown> | undefined;
  #resolve: Settle | undefined;
  #reject: Settle | undefined;

  readonly #fulfilled = (value: unknown) => this.#leave(false, value, this.#resolve!);
  readonly #rejected = (error: unknown) => this.#leave(true, error, this.#reject!);

  /** For a task that waits for this promise, which is a genuine one. */
  static for(job: Job, promise: Promise<unknown>): Berth {
    const berth = free.pop() ?? new Berth();
    berth.#job = job;
    berth.#promise = promise;
    return berth;
  }

  /** Given what settles the task's promise. */
  then(resolve: Settle, reject: Settle): void {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#job!.aboard(reject);
    then.call(this.#promise!, this.#fulfilled, this.#rejected);
  }

  #leave(failed: boolean, value: unknown, settle: Settle): void {
    const job = this.#job!;
    // What settles a promise holds it, and so its value.
    this.#job = this.#promise = this.#resolve = this.#reject = undefined;
    if (free.length < SPARE) free.push(this);
    job.followed(failed, value, settle);
  }
}
