/**
 * What can be seen of the tasks that run.
 */
import type { Lane } from './lane.js';

/** A task that holds a permit, see {@link Pool.runningTasks}. */
export interface RunningTask {
  readonly id: string;
  readonly priority: number;
  /** It was cancelled or has timed out, and its function has not ended. */
  readonly isStopped: boolean;
}

/** Those of a lane, if there is one. @internal */
export function runningTasks(lane: Lane | undefined): RunningTask[] {
  const jobs = lane ? lane.pond.jobs(lane).filter((job) => job.holds) : [];
  return jobs.map(({ id, priority, more }) => ({ id, priority, isStopped: more.stopped > 0 }));
}
