/**
 * Permits held by hand: a task whose end is when its holder says so.
 */
import { Releasing } from './disposal.js';
import { PHASES, type TimeoutPhase } from './errors.js';
import type { Task } from './handle.js';
import type { Lane } from './lane.js';
import type { RunOptions } from './run-options.js';
import type { Phase } from './slot.js';
import { SlotJob } from './task.js';
import { warnOnce } from './development.js';

class PermitJob extends SlotJob {
  override clock(phase: Phase): TimeoutPhase {
    return PHASES[phase]!;
  }
}

/** Permits nobody has any more go back. */
const collected = /* @__PURE__ */ new FinalizationRegistry<PermitJob>((job) => {
  if (job.isOver) return;
  warnOnce('a permit was collected as garbage that was never given back. Call `release()`, in a `finally`, or have `using` do it.');
  job.release();
});

/**
 * The right to be one of the `concurrency` that run, from {@link Pool.acquire}. `using` releases it.
 */
export class Permit extends Releasing {
  readonly #job: PermitJob;

  /** @internal */
  constructor(job: PermitJob) {
    super();
    this.#job = job;
    job.keep();
    collected.register(this, job, this);
  }

  /**
   * Aborted by the `signal` and the timeouts it was asked for with, and by {@link Pool.abort}. The permit is held until it is released,
   * or as `abandon` says.
   */
  get signal(): AbortSignal {
    return this.#job.signal;
  }

  /** Gives the permit back. Only the first call does anything. */
  override release(): void {
    collected.unregister(this);
    this.#job.release();
  }
}

/** How a permit is asked for. */
export type PermitOptions = Omit<RunOptions, 'retry'>;

/** Waits for a permit. @internal */
export function acquire(lane: Lane, options: PermitOptions | undefined): Task<Permit> {
  return lane.run(PermitJob, (job) => new Permit(job), { ...options, retry: 0 });
}

/** A permit, if one is to be had now. @internal */
export function tryAcquire(lane: Lane, options: PermitOptions | undefined): Permit | undefined {
  let permit: Permit | undefined;
  lane.claim(PermitJob, (job) => {
    permit = new Permit(job);
  }, options);
  return permit;
}
