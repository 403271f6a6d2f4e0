/**
 * One pond of the core: its tasks by ticket, its lanes by handle, one timer for the next deadline and one for the next lane to expire.
 *
 * Whatever may free a permit or widen a limit ends with `pump`, which asks the core who may start. It never decides that itself.
 */
import {
  DUE, EVICT, FINISH, LANE_CAPACITY, LANE_FREE, LANE_NEW, LANE_RATE, NEXT, NEXT_DEADLINE, NEXT_EXPIRY, NEXT_RESUMPTION, POND_NEW, POND_RESIZE,
  SET_CLOCK, SUBJECT, WITHDRAW,
} from './calls.js';
import { act, ALL, broken, FLAG, type Holder, INDEX, load, read, register } from './core.js';
import { TimeoutError } from './errors.js';
import { Lane, type Settings } from './lane.js';
import { Scope } from './scope.js';
import { Rests } from './rests.js';
import type { Series } from './series.js';
import { BODY, CANCELLED, FAILED, type Outcome, type Phase, RUN, TIMED_OUT, TOTAL, UNREAD } from './slot.js';
import { COUNTERS } from './stats.js';
import type { Job } from './task.js';
import { Alarm, coarse, launch, now } from './turn.js';

/** The codes of `due` in the core, beyond those of the four clocks. */
const ABANDONED = 5;
const RECALLED = 6;
const EXPIRED = 8;

export class Pond implements Holder {
  /** As {@link Job.specimen}. */
  static readonly specimen: Pond = /* @__PURE__ */ new Pond(-1, Infinity, Infinity, Infinity);

  readonly handle: number;
  /** Everything in it. */
  readonly all: Scope;
  /** Told of lanes that have expired. */
  expired: (lane: Lane, reason: 'idle' | 'lifetime' | 'capacity') => void = () => {};
  /** Nothing starts in any lane. */
  paused = false;
  /** The host is offline: as a pause, and apart from it. */
  #isOffline = false;
  /** Whether permits may lapse: then every submission may recall one. */
  lapsing = false;
  /** Whether lanes may be held for a time, or by a rate. */
  paced = false;
  /** Whether lanes expire. */
  readonly #expires: boolean;
  readonly #lifetime: number;
  readonly #most: number;
  /** Whether it matters when tasks come. */
  #isTimed = false;
  /** Tasks between two attempts. */
  readonly rests = new Rests();
  readonly #jobs: (Job | undefined)[] = [];
  readonly #lanes = new Map<number, Lane>();
  readonly #deadline = new Alarm(() => this.sweep(), false);
  readonly #expiry = new Alarm(() => this.sweep(), true);

  private constructor(handle: number, idle: number, lifetime: number, most: number) {
    this.handle = handle;
    this.#lifetime = lifetime;
    this.#most = most;
    this.#expires = idle !== Infinity || lifetime !== Infinity;
    this.all = new Scope(this, ALL, Infinity);
  }

  /** One with no more than `most` lanes, unless more are in use. */
  static make(limit: number, idle: number, lifetime: number, most: number): Pond {
    load();
    const pond = new Pond(act(POND_NEW, 0, 0, idle, lifetime), idle, lifetime, most);
    register(pond, pond.handle);
    pond.resize(limit);
    return pond;
  }

  /**
   * The time as exactly as this pond needs it: reading the clock is not free. Where a task `begins` no lane becomes idle, unless one has to
   * give its permit back.
   */
  time(begins = false): number {
    return this.#isTimed || this.paced || (this.#expires && (!begins || this.lapsing)) ? now() : coarse;
  }

  open(settings: Settings): Lane {
    const { order, overflow, aging, timings, interval, intervalCap } = settings;
    if (timings || aging !== Infinity) this.#isTimed = true;
    const time = this.time();
    const handle = act(LANE_NEW, this.handle, order + 2 * overflow, settings.concurrency, time);
    act(LANE_CAPACITY, this.handle, handle, settings.queueCapacity);
    if (intervalCap !== Infinity) {
      this.paced = true;
      act(LANE_RATE, this.handle, handle, intervalCap, interval);
    }
    const lane = new Lane(this, handle, settings, time);
    this.#lanes.set(handle, lane);
    this.#expiring();
    return lane;
  }

  /** Removes a lane that has no task; false if it has. */
  remove(lane: Lane): boolean {
    if (lane.series.size || !act(LANE_FREE, this.handle, lane.handle)) return false;
    this.#gone(lane);
    return true;
  }

  /** Takes away the lane that has been idle longest, if one is. */
  #evict(): Lane | undefined {
    const lane = act(EVICT, this.handle) > 0 ? this.#lanes.get(read(this.handle, ALL, SUBJECT)) : undefined;
    if (lane) this.#gone(lane);
    return lane;
  }

  #gone(lane: Lane): void {
    lane.alive = false;
    this.#lanes.delete(lane.handle);
  }

  /** The tasks of a scope, as they are now. */
  jobs(scope: Scope): Job[] {
    return this.#jobs.filter((job): job is Job => job !== undefined && (scope === this.all || job.lane === scope));
  }

  /** As {@link jobs}, and those that are between two attempts. */
  tasks(scope: Scope): (Job | Series)[] {
    return [...this.jobs(scope), ...[...scope.series].filter((series) => series.isBetween)];
  }

  /** The task of a ticket. */
  find(ticket: number): Job | undefined {
    const job = this.#jobs[ticket & INDEX];
    return job?.ticket === ticket ? job : undefined;
  }

  /** Gives a task its ticket. Returns whose permit was recalled for it, if that task had the same place. */
  place(job: Job, ticket: number): Job | undefined {
    job.ticket = ticket;
    const before = this.#jobs[ticket & INDEX];
    this.#jobs[ticket & INDEX] = job;
    return before;
  }

  resize(concurrency: number): void {
    this.all.concurrency = concurrency;
    act(POND_RESIZE, this.handle, 0, concurrency);
    this.pump();
  }

  /** Lets start whom the core lets start. */
  pump(): void {
    this.#start(act(NEXT, this.handle, 0, 0, this.time(true)));
  }

  #start(answer: number): void {
    while (answer >= 0) {
      const job = this.#jobs[answer & INDEX]!;
      job.admit();
      launch(job);
      job.lane.changed();
      this.all.changed();
      if (!(answer & FLAG)) break;
      answer = act(NEXT, this.handle, 0, 0, this.time(true));
    }
    this.resume();
  }

  /** A permit comes back. */
  finish(job: Job, outcome: Outcome): void {
    this.#jobs[job.ticket & INDEX] = undefined;
    this.#start(act(FINISH, this.handle, job.ticket, outcome, this.time()));
    this.left(job);
  }

  /** A waiting task leaves the line. */
  withdraw(job: Job, told: boolean): void {
    this.#jobs[job.ticket & INDEX] = undefined;
    if (!told) act(WITHDRAW, this.handle, job.ticket, CANCELLED, this.time());
    // Where there was no room for one that weighs no more than any other, there is none now.
    if (told || (job.extra && job.extra.weight > 1)) this.pump();
    this.left(job);
  }

  /** A task has left. No timer is left behind for it, and who waits for that is told. */
  left(job: Job): void {
    job.left();
    if (!broken) {
      this.#relax();
      job.lane.changed();
      this.all.changed();
      this.rested();
    }
    job.extra?.guest?.leave();
  }

  arm(job: Job, phase: Phase, ms: number): void {
    const at = now() + ms;
    if (phase === UNREAD) this.lapsing = true;
    act(SET_CLOCK, this.handle, job.ticket, phase, at);
    this.#deadline.by(at);
  }

  disarm(job: Job, phase: Phase): void {
    act(SET_CLOCK, this.handle, job.ticket, phase, Infinity);
    this.#relax();
  }

  /** A running task was stopped: its clocks do not matter any more. */
  interrupt(job: Job): void {
    if (this.#deadline.at === Infinity) return;
    for (const phase of [RUN, BODY, TOTAL]) act(SET_CLOCK, this.handle, job.ticket, phase, Infinity);
    this.#relax();
  }

  /** No timer as long as nothing waits on time. */
  #relax(): void {
    if (this.#deadline.at !== Infinity && this.#next() === Infinity) this.#deadline.set(Infinity);
  }

  /** When something is to be done. That a lane is held no longer matters only if somebody waits. */
  #next(): number {
    const deadline = read(this.handle, ALL, NEXT_DEADLINE);
    if (!this.paced || !(read(this.handle, ALL, COUNTERS.waiting) > 0)) return deadline;
    return Math.min(deadline, read(this.handle, ALL, NEXT_RESUMPTION));
  }

  /** A lane may be held, and somebody wait in it. */
  resume(): void {
    if (this.paced && !broken) this.#deadline.by(this.#next());
  }

  /** A lane may have become idle. */
  rested(): void {
    this.#expiring();
    if (this.#lanes.size > this.#most) this.#shrink(this.#most);
  }

  #expiring(): void {
    if (this.#expires && !broken) this.#expiry.by(read(this.handle, ALL, NEXT_EXPIRY));
  }

  /** Makes room for one more lane, if there is an idle one. */
  room(): void {
    this.#shrink(this.#most - 1);
  }

  /** The lanes that are idle longest go, as long as there are too many. */
  #shrink(most: number): void {
    while (this.#lanes.size > most) {
      const lane = this.#evict();
      if (!lane) return;
      this.expired(lane, 'capacity');
    }
  }

  /** Pauses all lanes, whatever they say themselves, or ends that. */
  pause(paused: boolean): void {
    this.paused = paused;
    this.#stall();
  }

  set offline(isOffline: boolean) {
    this.#isOffline = isOffline;
    this.#stall();
  }

  /** Whether no lane may start anything, whatever it is told itself. */
  get isStill(): boolean {
    return this.paused || this.#isOffline;
  }

  #stall(): void {
    for (const lane of this.#lanes.values()) lane.stall();
    this.pump();
  }

  /** Does what time has brought. */
  sweep(): void {
    const time = now();
    let code;
    while ((code = act(DUE, this.handle, 0, 0, time)) > 0) this.#happen(code, read(this.handle, ALL, SUBJECT));
    this.pump();
    if (broken) return;
    this.#deadline.set(this.#next());
    this.#expiry.set(read(this.handle, ALL, NEXT_EXPIRY));
  }

  #happen(code: number, id: number): void {
    if (code === EXPIRED) return this.#expire(this.#lanes.get(id)!);
    if (code > RECALLED) return;
    const job = this.find(id);
    if (!job) return;
    if (code < ABANDONED) job.stop(TIMED_OUT, new TimeoutError(job.clock((code - 1) as Phase)), true);
    else {
      this.#jobs[id & INDEX] = undefined;
      job.revoke(code === RECALLED);
    }
  }

  #expire(lane: Lane): void {
    this.#gone(lane);
    // The core counts in whole nanoseconds, this does not.
    this.expired(lane, now() - lane.born > this.#lifetime - 1e-3 ? 'lifetime' : 'idle');
  }

  /** The core has trapped. Everything handed out is rejected. */
  break(error: Error): void {
    this.#deadline.set(Infinity);
    this.#expiry.set(Infinity);
    for (const task of this.tasks(this.all)) task.stop(FAILED, error);
    for (const scope of [this.all, ...this.#lanes.values()]) scope.look(error);
  }
}
