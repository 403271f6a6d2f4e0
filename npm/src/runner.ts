/**
 * Waits for what a task's function has returned. There are as many runners as tasks run, and they are used again.
 *
 * A runner is a thenable: the gate's reaction returns it, and so gives it the power over the task's promise, which must be settled early
 * when the task is cancelled or times out.
 */
import type { Job } from './task.js';

/** The platform's own, whatever a subclass says. */
export const then = Promise.prototype.then;

/** So many are kept for use. */
const SPARE = 1024;
const spare: Runner[] = [];

/** Whether `await` would wait for it. May run a getter of the caller's, which may throw. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return ((typeof value === 'object' && value !== null) || typeof value === 'function') && typeof (value as PromiseLike<unknown>).then === 'function';
}

/** A promise that surely settles once, and in a later microtask. */
function genuine(value: PromiseLike<unknown>): Promise<unknown> {
  const native = value instanceof Promise && value.then === then && value.constructor === Promise;
  return native ? value : new Promise((resolve) => resolve(value));
}

export class Runner {
  #job: Job | undefined;
  #promise: Promise<unknown> | undefined;
  #resolve: ((value: unknown) => void) | undefined;
  #reject: ((reason: unknown) => void) | undefined;
  /** The task was stopped, and why. */
  #stopped = false;
  #reason: unknown;
  readonly #onValue = (value: unknown) => this.#end(false, value);
  readonly #onError = (error: unknown) => this.#end(true, error);

  static of(job: Job): Runner {
    const runner = spare.pop() ?? new Runner();
    runner.#job = job;
    return runner;
  }

  /** The function goes on. */
  follow(value: PromiseLike<unknown>): this {
    this.#promise = genuine(value);
    return this;
  }

  /** The function has ended; becomes free. */
  result(failed: boolean, value: unknown): unknown {
    if (this.#stopped) [failed, value] = [true, this.#reason];
    this.#free();
    if (failed) throw value;
    return value;
  }

  /** Called once, by the platform, with what settles the task's promise. */
  then(resolve: (value: unknown) => void, reject: (reason: unknown) => void): void {
    this.#resolve = resolve;
    this.#reject = reject;
    if (this.#stopped) reject(this.#reason);
    then.call(this.#promise, this.#onValue, this.#onError);
  }

  /** The task was stopped: its promise is rejected now, whatever its function still does. */
  stop(reason: unknown): void {
    this.#stopped = true;
    this.#reason = reason;
    this.#reject?.(reason);
  }

  #end(failed: boolean, value: unknown): void {
    const job = this.#job!;
    const settle = this.#stopped ? undefined : failed ? this.#reject : this.#resolve;
    this.#free();
    job.ended(failed);
    settle?.(value);
  }

  #free(): void {
    this.#job = this.#promise = this.#resolve = this.#reject = this.#reason = undefined;
    this.#stopped = false;
    if (spare.length < SPARE) spare.push(this);
  }
}
