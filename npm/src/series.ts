/**
 * A task that may have several attempts: each is a {@link Job} of its own, with a ticket and a permit of its own; between two of them it
 * has neither. To its caller it is one task.
 *
 * One async function, called in the caller's turn, begins them all: so that each has the caller's async context.
 */
import { LANE_HOLD } from './calls.js';
import { act, broken } from './core.js';
import { aborted, type QueueFullError, TimeoutError } from './errors.js';
import { type EndState, handle, type Owner, type Task, type TaskState } from './handle.js';
import type { Guest, Lane } from './lane.js';
import type { Ranked } from './options.js';
import { unwatch } from './signals.js';
import { CANCELLED, type Outcome, TIMED_OUT } from './slot.js';
import { Extra, type Job, STATES } from './task.js';
import { ignore, then } from './thenable.js';
import { now } from './turn.js';

/** The pause after an attempt that has failed, in milliseconds; `Infinity` if it was the last. `isLate` if its `timeout` was over. */
export type Again = (error: unknown, attempt: number, isLate: boolean) => number | Promise<number>;

/** The next number there is above another. */
export function above(number: number): number {
  // Plus 0, so that -0 is not the lowest of all.
  const float = new Float64Array([number + 0]);
  const bits = new BigInt64Array(float.buffer);
  bits[0]! += number < 0 ? -1n : 1n;
  return float[0]! + 0;
}

export class Series implements Owner {
  /** What the caller has asked for. */
  readonly more: Extra;
  /** When the first attempt came. */
  readonly since: number;
  /** What `run()` has returned, until it is settled. */
  promise: Task<unknown> | undefined;
  isOver = false;
  /** Between two attempts its function is not running. */
  readonly waits = true;
  readonly #lane: Lane;
  readonly #make: (extra: Extra) => Job;
  readonly #again: Again;
  readonly #guest: Guest | undefined;
  /** Of all attempts together. */
  readonly #end: number;
  #attempts = 0;
  /** The latest of them. */
  #job!: Job;
  /** Set if it was stopped between two of them. */
  #outcome: Outcome | undefined;
  #resolve: ((value: unknown) => void) | undefined;
  #reject: ((reason: unknown) => void) | undefined;
  #wake: (() => void) | undefined;

  constructor(lane: Lane, make: (extra: Extra) => Job, more: Extra, again: Again, guest: Guest | undefined) {
    this.#lane = lane;
    this.#make = make;
    this.more = more;
    this.#again = again;
    this.#guest = guest;
    this.since = lane.pond.time();
    this.#end = now() + more.totalTimeout;
  }

  /** Makes its promise, and starts the first attempt if there is room. */
  begin(): Task<unknown> {
    const promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const task = handle(promise, this);
    this.promise = task;
    this.#enter();
    void this.#run();
    return task;
  }

  /** Until it is over its lane does not idle. */
  #enter(): void {
    const lane = this.#lane;
    const { pond } = lane;
    for (const { series } of [lane, pond.all]) series.add(this);
    act(LANE_HOLD, pond.handle, lane.handle, 1);
    lane.register(this, this.more);
    this.#guest?.enter();
  }

  #leave(): void {
    const lane = this.#lane;
    const { pond } = lane;
    const { signal, id } = this.more;
    if (signal) unwatch(signal, this);
    if (id !== undefined) lane.unname(id, this);
    pond.rests.delete(this);
    for (const { series } of [lane, pond.all]) series.delete(this);
    act(LANE_HOLD, pond.handle, lane.handle, 0, pond.time());
    lane.seal();
    if (!broken) {
      lane.changed();
      pond.all.changed();
      pond.rested();
    }
    this.#guest?.leave();
  }

  async #run(): Promise<void> {
    for (;;) {
      try {
        return this.#finish(this.#resolve, await this.#attempt());
      } catch (error) {
        try {
          await this.#pause(error);
        } catch (last) {
          return this.#finish(this.#reject, last);
        }
      }
    }
  }

  #attempt(): Promise<unknown> {
    const lane = this.#lane;
    const { priority, ask } = this.#job?.more ?? this.more;
    const attempt = ++this.#attempts;
    const own = { priority, ask, attempt, series: this, id: undefined, totalTimeout: this.#end - now() };
    this.#job = this.#make(Object.assign(new Extra(lane.settings), this.more, own));
    if (attempt > 1) for (const scope of [lane, lane.pond.all]) scope.retried++;
    return lane.admit(this.#job);
  }

  /** Resolves when the next attempt is due. If there is none it throws what the task is to reject with. */
  async #pause(error: unknown): Promise<void> {
    if (this.#isLast(error)) throw error;
    const { rests } = this.#lane.pond;
    // The caller may take its time to decide.
    rests.set(this, this.#end);
    const delay = await this.#again(error, this.#attempts, this.#job.state === 'timedOut');
    const at = now() + delay;
    if (this.isOver || !(at < this.#end)) throw error;
    this.#lane.tell('retry', { attempt: this.#attempts, delay, error }, this);
    if (this.isOver) throw error;
    await new Promise<void>((wake) => {
      this.#wake = wake;
      rests.set(this, at);
    });
    if (now() >= this.#end) throw error;
  }

  /** Only what the function has thrown, or not done in time, is a reason for another attempt. */
  #isLast(error: unknown): boolean {
    const { ticket, state, more } = this.#job;
    if (state === 'timedOut') return ['queue', 'total'].includes((error as TimeoutError).phase);
    return ticket < 0 || more.stopped > 0;
  }

  /** Its time has come: that of the next attempt, or of the end. */
  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    if (wake) wake();
    else this.stop(TIMED_OUT, new TimeoutError('total'));
  }

  #finish(settle: ((value: unknown) => void) | undefined, value: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    // What settles a promise holds it, and so its value.
    this.promise = this.#resolve = this.#reject = undefined;
    if (this.#lane.audience && (this.#attempts > 1 || this.#job.ticket >= 0)) this.#tell(value);
    this.#leave();
    settle!(value);
  }

  #tell(value: unknown): void {
    const state = this.state as EndState;
    if (state === 'dropped') this.#lane.tell('drop', { error: value as QueueFullError }, this);
    else if (state === 'failed' || state === 'timedOut') this.#lane.tell('error', { error: value }, this);
    this.#lane.tell('end', { state, [state === 'succeeded' ? 'value' : 'error']: value }, this);
  }

  /** Whether no attempt waits or runs, and another may follow. */
  get isBetween(): boolean {
    return !this.isOver && ['failed', 'timedOut'].includes(this.#job.state);
  }

  get id(): string {
    return this.#lane.name(this);
  }

  get state(): TaskState {
    if (this.#outcome !== undefined) return STATES[this.#outcome]!;
    return this.isBetween ? 'waiting' : this.#job.state;
  }

  /** That of the latest attempt. */
  get extra(): Extra | undefined {
    return this.#job.extra;
  }

  get priority(): number {
    return this.#job.priority;
  }

  prioritize(ranked: Ranked): boolean {
    if (!this.isBetween) return this.#job.prioritize(ranked);
    Object.assign(this.#job.more, ranked);
    return true;
  }

  /** As {@link Job.stop}. */
  stop(outcome: Outcome, reason: unknown): boolean {
    if (!this.isBetween) return this.#job.stop(outcome, reason);
    this.#outcome = outcome;
    this.#finish(this.#reject, reason);
    return true;
  }

  /** As {@link Job.cancel}. */
  cancel(reason: unknown = aborted()): boolean {
    if (!this.isBetween) return this.#job.cancel(reason);
    then.call(this.promise!, undefined, ignore);
    return this.stop(CANCELLED, reason);
  }
}
