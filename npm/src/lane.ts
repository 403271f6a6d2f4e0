/**
 * What a pool is made of inside: a line with its limit, in a pond.
 */
import { LANE_CAPACITY, LANE_CLOSE, LANE_HOLD, LANE_HOLD_UNTIL, LANE_PAUSE, LANE_RESIZE, STARTS, SUBJECT, SUBMIT } from './calls.js';
import { act, ALL, broken, FLAG, read } from './core.js';
import { PoolClosedError, QueueFullError } from './errors.js';
import type { Task } from './handle.js';
import { callable, check, rank, type Ranked } from './options.js';
import type { Pond } from './pond.js';
import { type RetrySettings, tries } from './retry.js';
import { RUN_OPTIONS, type RunOptions } from './run-options.js';
import { Scope } from './scope.js';
import { above, type Again, Series } from './series.js';
import { watch } from './signals.js';
import { CANCELLED, DROPPED, FAILED, QUEUE, TOTAL } from './slot.js';
import { COUNTERS } from './stats.js';
import { Extra, type Job } from './task.js';
import { Timings } from './timings.js';
import { now } from './turn.js';

/** The checked options of a lane. @internal */
export interface Settings {
  readonly concurrency: number;
  readonly queueCapacity: number;
  readonly timeout: number;
  readonly queueTimeout: number;
  readonly totalTimeout: number;
  readonly abandon: number;
  readonly autoStart: boolean;
  /** 1 for last in first out. */
  readonly order: number;
  readonly aging: number;
  /** 0 rejects, 1 drops the oldest, 2 the lowest. */
  readonly overflow: number;
  readonly interval: number;
  readonly intervalCap: number;
  readonly timings: boolean;
  readonly retry?: Partial<RetrySettings>;
  readonly name?: string;
}

/** Why the core has not taken a task; other codes: there is no room. */
const CLOSED = -2;
const NO_LANE = -3;

/** Uses something as long as a task is there. @internal */
export interface Guest {
  enter(): void;
  leave(): void;
}

/** What makes tasks of a kind. @internal */
export type JobKind = new (lane: Lane, fn: (context: never) => unknown, extra: Extra | undefined) => Job;

/** A line with its limit. @internal */
export class Lane extends Scope {
  /** As {@link Job.specimen}. */
  static readonly specimen: Lane = /* @__PURE__ */ new Lane({} as Pond, 0, { autoStart: true, queueCapacity: Infinity } as Settings, 0);

  readonly settings: Settings;
  readonly born: number;
  /** False once it has expired. */
  alive = true;
  paused = false;
  closed = false;
  /** How many leases, and tasks of theirs, keep it from expiring. */
  leases = 0;
  /** Whose it is; a manager's business. */
  owner: unknown;
  /** Kept if somebody has asked for them. */
  readonly timings: Timings | undefined;
  /** Whether it matters when tasks come. */
  readonly #isTimed: boolean;
  /** Whether the settings say something about every task. */
  readonly isStrict: boolean;
  readonly #capacity: number;
  readonly #ids = new Map<string, Job | Series>();
  #named = 0;

  constructor(pond: Pond, handle: number, settings: Settings, born: number) {
    super(pond, handle, settings.concurrency);
    this.born = born;
    this.settings = settings;
    this.timings = settings.timings ? new Timings() : undefined;
    const { timeout, queueTimeout, totalTimeout, aging, overflow } = settings;
    this.#isTimed = settings.timings || aging !== Infinity;
    this.#capacity = settings.queueCapacity;
    this.isStrict = overflow > 0 || [timeout, queueTimeout, totalTimeout].some((ms) => ms !== Infinity);
    if (!settings.autoStart) this.pause(true);
    else if (pond.isStill) this.stall();
  }

  /** Submits a task, and starts it at once if there is room. */
  run<T>(Kind: JobKind, fn: (context: never) => unknown, options: RunOptions | undefined, guest?: Guest, again?: Again): Task<T> {
    callable(fn, 'fn');
    const extra = options === undefined ? undefined : this.#extra(options);
    const rule = again ?? tries(extra?.retry, this.settings.retry);
    if (rule && !this.closed) return new Series(this, (more) => new Kind(this, fn, more), extra ?? new Extra(this.settings), rule, guest).begin() as Task<T>;
    const job = new Kind(this, fn, extra);
    if (guest) {
      job.more.guest = guest;
      guest.enter();
    }
    return this.admit(job) as Task<T>;
  }

  /** As {@link run}, if the task can start now and overtakes nobody; else it was never here. */
  claim(Kind: JobKind, fn: (context: never) => unknown, options: RunOptions | undefined): void {
    const job = new Kind(this, fn, options === undefined ? undefined : this.#extra(options));
    if (this.closed || !this.alive || broken) throw this.#refusal(CLOSED);
    const { weight = 1 } = job.extra ?? {};
    if (read(this.pond.handle, this.handle, STARTS + 256 * (weight - 1))) this.admit(job).catch(() => {});
  }

  /** Whether the line has no room for one more, as far as can be told without asking for it. */
  get full(): boolean {
    if (this.#capacity === Infinity) return false;
    const starts = this.empty && !this.paused && this.stat(COUNTERS.running) < this.concurrency;
    return !starts && this.stat(COUNTERS.waiting) >= this.#capacity;
  }

  #extra(options: RunOptions): Extra {
    const { priority, ...rest } = check(options, RUN_OPTIONS, 'options');
    return Object.assign(new Extra(this.settings), rest, priority as Ranked | undefined);
  }

  /**
   * What the line is ordered by. A task that waits is worth 1 more for each `aging` of it; as all of them are, nothing has to be changed
   * meanwhile if the later ones begin with less.
   */
  level({ priority, since, series, attempt }: Extra): number {
    const { aging } = this.settings;
    return attempt > 1 ? above(priority - series!.since / aging) : priority - since / aging;
  }

  /** A ticket of the core, or why there is none. A further attempt finds room in any line, as its task was taken once. */
  #submit(extra: Extra | undefined, time: number): number {
    const { pond, handle } = this;
    const isRepeat = extra !== undefined && extra.attempt > 1;
    // The core does not know yet.
    if (this.closed && this.series.size && !isRepeat) return CLOSED;
    if (!extra) return act(SUBMIT, pond.handle, handle, 0, time);
    if (isRepeat) act(LANE_CAPACITY, pond.handle, handle, Infinity);
    const ticket = act(SUBMIT + 256 * (extra.weight - 1), pond.handle, handle, this.level(extra), time);
    if (isRepeat) act(LANE_CAPACITY, pond.handle, handle, this.#capacity);
    return ticket;
  }

  admit(job: Job): Task<unknown> {
    const { pond } = this;
    const extra = this.#isTimed ? job.more : job.extra;
    if (extra?.signal?.aborted) return job.refuse(extra.signal.reason, CANCELLED);
    const time = pond.time(true);
    if (extra) extra.since = time;
    const ticket = this.#submit(extra, time);
    if (ticket < 0) return this.#refuse(job, ticket);
    const starts = (ticket & FLAG) !== 0;
    const dropped = this.isStrict && this.settings.overflow ? pond.find(read(pond.handle, ALL, SUBJECT)) : undefined;
    const recalled = pond.place(job, ticket & ~FLAG);
    if (extra) this.register(job, extra);
    if (extra || this.isStrict) this.#arm(job, extra ?? this.settings, starts);
    this.came(!starts);
    pond.all.came(!starts);
    const task = starts ? job.begin() : job.wait();
    recalled?.revoke(true);
    dropped?.stop(DROPPED, new QueueFullError(`${this.#name} is full: the task had to go for a newer one`), true);
    if (pond.lapsing) pond.sweep();
    pond.resume();
    return task;
  }

  #arm(job: Job, { totalTimeout, queueTimeout }: Extra | Settings, starts: boolean): void {
    if (totalTimeout !== Infinity) job.arm(TOTAL, totalTimeout);
    if (!starts && queueTimeout !== Infinity) job.arm(QUEUE, queueTimeout);
  }

  #refuse(job: Job, code: number): Task<never> {
    const error = this.#refusal(code);
    const task = job.refuse(error, FAILED);
    if (error instanceof QueueFullError) this.tell('full', { error }, job);
    return task;
  }

  /** Hears its signal, and knows its name. */
  register(job: Job | Series, { signal, id }: Extra): void {
    if (signal) watch(signal, job);
    if (id !== undefined) this.#ids.set(id, job);
  }

  #refusal(code: number): Error {
    if (broken) return broken;
    if (code === CLOSED || code === NO_LANE) return new PoolClosedError(`${this.#name} is closed`);
    return new QueueFullError(`${this.#name} is full: ${this.stat(COUNTERS.waiting)} tasks wait`);
  }

  get #name(): string {
    return `The pool ${JSON.stringify(this.settings.name) ?? ''}`.trim();
  }

  /** The name of a task, made up if it has none. */
  name(job: Job | Series): string {
    const { more } = job;
    if (more.id === undefined) {
      more.id = `task-${++this.#named}`;
      if (!job.isOver) this.#ids.set(more.id, job);
    }
    return more.id;
  }

  /** The unfinished task of that name. */
  find(id: string): Job | Series | undefined {
    return this.#ids.get(id);
  }

  /** The task is over. */
  unname(id: string, job: Job | Series): void {
    if (this.#ids.get(id) === job) this.#ids.delete(id);
  }

  /** Starts nothing while it is paused, or its pond is. */
  stall(): void {
    act(LANE_PAUSE, this.pond.handle, this.handle, +(this.paused || this.pond.isStill));
  }

  #hold(held: boolean): void {
    act(LANE_HOLD, this.pond.handle, this.handle, +held, this.pond.time());
    this.pond.rested();
  }

  /** A lane that is leased does not expire either. */
  lease(more: 1 | -1): void {
    this.leases += more;
    this.#hold(more > 0);
    if (this.watched) this.look();
  }

  /** Nothing is left that would need it. */
  get drained(): boolean {
    return this.idle && this.leases === 0;
  }

  /** A paused lane does not expire: who would remember that it is paused? */
  pause(paused: boolean): void {
    if (paused === this.paused) return;
    this.paused = paused;
    this.stall();
    this.#hold(paused);
    this.pond.pump();
    this.changed();
    this.tell(paused ? 'pause' : 'resume');
  }

  resize(concurrency: number): void {
    if (concurrency === this.concurrency) return;
    this.concurrency = concurrency;
    act(LANE_RESIZE, this.pond.handle, this.handle, concurrency);
    this.pond.pump();
    this.changed();
    this.tell('resize', { concurrency });
  }

  /** No task starts before that time of the platform's clock, though it may have been held for longer before. All clocks go on. */
  holdUntil(at: number): void {
    const { pond } = this;
    pond.paced = true;
    act(LANE_HOLD_UNTIL, pond.handle, this.handle, at, now());
    pond.resume();
  }

  /** Asks those of the waiting tasks that have one for their priority. None is changed if one of them cannot say it. */
  reprioritize(): void {
    const asked = this.pond.tasks(this).filter((task) => task.waits && task.extra?.ask);
    const ranks = asked.map((task) => ({ task, ...rank(task.extra!.ask, 'priority') }));
    for (const { task, ...ranked } of ranks) task.prioritize(ranked);
  }

  /** Takes no more. What waits is to be drained, so a pause ends. */
  shut(): void {
    this.closed = true;
    this.seal();
    this.pause(false);
  }

  /** If it is closed, the core takes no more either; unless somebody may have another attempt. */
  seal(): void {
    const { pond } = this;
    if (!this.closed || this.series.size > 0) return;
    act(LANE_CLOSE, pond.handle, this.handle, 0, pond.time());
    if (pond.lapsing) pond.sweep();
  }
}
