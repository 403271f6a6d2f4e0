/**
 * What callers see of a task: the promise `run()` returns, and the object the function is called with.
 */
import { type Rank, type Ranked, rank } from './options.js';
import type { Job } from './task.js';
import { ignore } from './thenable.js';
import { breathe } from './turn.js';

/** Where a task is, see {@link Task.state}. */
export type TaskState = 'waiting' | 'running' | EndState;
/** How a task has ended. */
export type EndState = 'succeeded' | 'failed' | 'cancelled' | 'timedOut' | 'dropped';

/** What a task's function is called with. */
export interface TaskContext {
  /**
   * Aborted when the task is cancelled or times out while it runs, with the very reason. Made on first access, so it costs nothing unused.
   */
  readonly signal: AbortSignal;
  /** The task's {@link Task.id}. */
  readonly id: string;
  /** Which attempt it is, from 1: more than that only with `retry`. */
  readonly attempt: number;
  /**
   * A place for a long task to let others have a go: timers, input, tasks that wait. Resolves soon, or in a later turn of the event loop if
   * 3 ms have passed since the last one began, so it may be called often.
   *
   * @throws the `reason` of {@link TaskContext.signal}, if the task was stopped
   * @example
   * ```js
   * pool.run(async (context) => {
   *   for (const row of rows) {
   *     crunch(row);
   *     await context.yield();
   *   }
   * });
   * ```
   */
  yield(): Promise<void>;
}

/** What runs in a pool. It may be synchronous, throw, or return any thenable. */
export type TaskFunction<T> = (context: TaskContext) => T | PromiseLike<T>;

/**
 * What `run()` returns: a promise of the result that knows its task.
 *
 * @example
 * ```js
 * const task = pool.run(({ signal }) => download(url, signal));
 * task.priority = 10;            // ahead of the others, as long as it waits
 * task.cancel();                 // rejects with an AbortError
 * ```
 */
export interface Task<T> extends Promise<T> {
  /** The `id` it was given, else one that the pool makes up; for {@link Pool.setPriority}. */
  readonly id: string;
  /**
   * `'waiting'` in the line; `'running'` while it holds a permit; then how it ended. A running task that was cancelled or has timed out says so
   * at once, though it holds its permit until its function has ended. One that was refused is `'failed'`, one that had to go out of a full line
   * `'dropped'`.
   */
  readonly state: TaskState;
  /**
   * Higher starts first. Can be set as long as the task waits, with a number, a name or a function (see {@link Pool.reprioritize}); it keeps its
   * age. Later it has no effect.
   */
  get priority(): number;
  set priority(value: Rank);
  /**
   * Takes the task out of the line, its function is never called; or, if it runs, aborts its `signal`. Either way its promise rejects
   * with `reason` (default: an `AbortError`), and nobody has to handle that. False if it was over or stopped already.
   */
  cancel(reason?: unknown): boolean;
}

/** Whoever a {@link Task} stands for. @internal */
export interface Owner {
  readonly id: string;
  readonly state: TaskState;
  readonly priority: number;
  prioritize(ranked: Ranked): boolean;
  cancel(reason?: unknown): boolean;
}

/** Its constructor returns what it is given, so that a subclass can put a private field on it. */
class Identity {
  constructor(object: object) {
    return object;
  }
}

/** The members of {@link Task}, on a promise that is a native one in every other respect. */
class Handle extends Identity {
  /** As {@link Job.specimen}, on the way and at its end. */
  static readonly specimens: unknown[] = [
    /* @__PURE__ */ new Handle(/* @__PURE__ */ new Promise(ignore)),
    /* @__PURE__ */ Handle.of(/* @__PURE__ */ new Promise(ignore)),
  ];

  readonly #job: Owner;

  constructor(promise: Promise<unknown>, job?: Owner) {
    super(promise);
    this.#job = job!;
  }

  /** The field first: it costs more on a promise that is not the platform's own any more. */
  static of<T>(promise: Promise<T>, job?: Owner): Task<T> {
    return Object.setPrototypeOf(new Handle(promise, job), Handle.prototype) as Task<T>;
  }

  get id(): string {
    return this.#job.id;
  }

  get state(): TaskState {
    return this.#job.state;
  }

  get priority(): number {
    return this.#job.priority;
  }

  set priority(value: unknown) {
    this.#job.prioritize(rank(value, 'priority'));
  }

  cancel(reason?: unknown): boolean {
    return this.#job.cancel(reason);
  }
}

// Without a constructor of its own, so that `await` takes it for the native promise it is.
delete (Handle.prototype as { constructor?: unknown }).constructor;
Object.setPrototypeOf(Handle.prototype, Promise.prototype);

/** Makes a task's promise its {@link Task}. @internal */
export function handle<T>(promise: Promise<T>, job: Owner): Task<T> {
  return Handle.of(promise, job);
}

/** The {@link TaskContext} of a task. @internal */
export class Context implements TaskContext {
  /** As {@link Job.specimen}. */
  static readonly specimen: Context = /* @__PURE__ */ new Context(undefined as never);

  readonly #job: Job;

  constructor(job: Job) {
    this.#job = job;
  }

  get signal(): AbortSignal {
    return this.#job.signal;
  }

  get id(): string {
    return this.#job.id;
  }

  get attempt(): number {
    return this.#job.attempt;
  }

  // No `scheduler.yield()`, where there is one: it comes before timers, and so before the deadlines of the very task.
  async yield(): Promise<void> {
    await breathe();
    const { extra } = this.#job;
    if (extra?.stopped) throw extra.reason;
  }
}
