/**
 * What pools tell to whom it concerns: events of the platform's kind. As long as nobody has listened nothing is made for them.
 */
import type { QueueFullError } from './errors.js';
import type { EndState, Task } from './handle.js';

/** What the events of one task tell, as `event.detail`. */
export interface TaskEventDetail {
  /** The `id` it was given, else one that is made up when this is read. */
  readonly id: string;
}

/** What `submit` tells. */
export interface SubmitEventDetail extends TaskEventDetail {
  readonly task: Task<unknown>;
}

/** What `error` tells. */
export interface ErrorEventDetail extends TaskEventDetail {
  /** What its promise rejects with. */
  readonly error: unknown;
}

/** What `end` tells. */
export interface EndEventDetail extends TaskEventDetail {
  readonly state: EndState;
  /** What its function has returned, if it `'succeeded'`; not of a request of `createFetch`, which is over when its body is. */
  readonly value?: unknown;
  /** What its promise rejects with, in every other state. */
  readonly error?: unknown;
}

/**
 * The events of a {@link Pool}. Each is told at once, in the turn of what has brought it about, and after that is done: a listener sees the
 * pool as it is then, and may do with it what it likes. A listener that throws is reported by the platform and disturbs nothing.
 *
 * Every task that is taken is told of as `submit`, `start` unless it never starts, `error` if it fails or times out or `drop` if it is dropped, and
 * `end`; each once.
 */
export interface PoolEvents {
  /** A task was taken, before `run()` returns: before it starts, if there is room at once, else when it stands in line. */
  submit: CustomEvent<SubmitEventDetail>;
  /** Right before the call of a task's function. */
  start: CustomEvent<TaskEventDetail>;
  /**
   * A task has failed or timed out. A timeout is told when it strikes, though its function may still run and `end` come later.
   * Those that were cancelled are not told of.
   */
  error: CustomEvent<ErrorEventDetail>;
  /** An attempt at a task has failed, and another follows after `delay` milliseconds. The others are told of the task as a whole, but for `start`. */
  retry: CustomEvent<ErrorEventDetail & { readonly attempt: number; readonly delay: number }>;
  /** A task is over: it has left the line, or its permit is back. Told before its promise settles, unless it was stopped while it ran. */
  end: CustomEvent<EndEventDetail>;
  /** The last of those that waited has its permit or has left the line. Not told again until another task has waited. */
  empty: CustomEvent<null>;
  /** Nothing waits or runs any more. Told once each time that becomes so, after the last task's `end`. */
  idle: CustomEvent<null>;
  /** A task that waited had to go out of the full line for a newer one. Its `end` follows. */
  drop: CustomEvent<ErrorEventDetail & { readonly error: QueueFullError }>;
  /** A task was refused because the line is full, before `run()` returns. It has no other events. */
  full: CustomEvent<ErrorEventDetail & { readonly error: QueueFullError }>;
  /** By {@link Pool.pause}, unless it was paused. */
  pause: CustomEvent<null>;
  /** By {@link Pool.resume} or {@link Pool.close}, if it was paused; those who may start then are on their way. */
  resume: CustomEvent<null>;
  /** The limit was set to another value. */
  resize: CustomEvent<{ readonly concurrency: number }>;
  /** After {@link Pool.close}: the last task is over. */
  close: CustomEvent<null>;
}

/** What is told, but for the id, which comes of the task. @internal */
export type Told<E extends keyof PoolEvents> = Omit<PoolEvents[E]['detail'] & object, 'id'> | null;

/** Who listens to a pool or a manager. There is none until somebody does. @internal */
export class Audience {
  readonly #target: EventTarget;
  /** What was ever listened to. */
  readonly #types = new Set<string>();

  constructor(target: EventTarget) {
    this.#target = target;
  }

  add(type: string): void {
    this.#types.add(type);
  }

  /** Whether that was ever listened to. */
  hears(type: string): boolean {
    return this.#types.has(type);
  }

  tell(type: string, detail: object | null = null, job?: { readonly id: string }): void {
    if (!this.hears(type)) return;
    // An id is made up only if somebody looks.
    if (job) Object.defineProperty(detail, 'id', { get: () => job.id, enumerable: true });
    this.#target.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** Rejects with the error of the next task that fails; nobody has to handle it. @internal */
export function nextError(pool: EventTarget, stop: AbortSignal | undefined): Promise<never> {
  const failure = new Promise<never>((_, reject) => {
    const aborted = () => reject(stop!.reason);
    if (stop?.aborted) return aborted();
    stop?.addEventListener('abort', aborted);
    pool.addEventListener('error', (event) => {
      stop?.removeEventListener('abort', aborted);
      reject((event as PoolEvents['error']).detail.error);
    }, { once: true, ...(stop && { signal: stop }) });
  });
  failure.catch(() => {});
  return failure;
}
