/**
 * One task: its function, its promise, and the way from the line to the end.
 *
 * A task that waits is one promise, the gate, with one reaction registered in the caller's turn, so that the async context of the caller
 * is the task's; what `run()` returns is the promise of that reaction. Opening the gate starts the task, in a microtask of its own.
 */
import { Berth } from './berth.js';
import { ABANDON, CANCELLED, DROPPED, FAILED, type Outcome, type Phase, RUN, type Slot, SUCCEEDED, TIMED_OUT } from './slot.js';
import { SET_PRIORITY } from './calls.js';
import { act } from './core.js';
import { aborted, PHASES, type TimeoutError, type TimeoutPhase } from './errors.js';
import type { Guest, Lane, Settings } from './lane.js';
import type { Ranked } from './options.js';
import { genuine, ignore, isThenable, then } from './thenable.js';
import type { RetrySettings } from './retry.js';
import type { Series } from './series.js';
import { unwatch } from './signals.js';
import { Context, type EndState, handle, type Task, type TaskState } from './handle.js';
import { flow, landed, type Ready } from './turn.js';

/** Waits in the line. */
const WAITING = 0;
/** Has its permit, and waits for its turn of the event loop. */
const READY = 1;
/** Its gate is open, its microtask has not come. */
const FLYING = 2;
/** Its function was called. */
const RUNNING = 3;
/** Has no permit any more: this, and its outcome. */
const OVER = 4;

/** By the outcomes. */
export const STATES: readonly EndState[] = ['succeeded', 'failed', 'cancelled', 'timedOut', 'failed', 'dropped'];

/** What is to be done in a microtask is a reaction of this. */
export const soon = Promise.resolve();

// A new promise calls its executor at once: this hands out what it was called with, without a closure for each promise. Emptied after
// use: what settles a promise holds it, and so its value.
type Settle = (value: unknown) => void;
let resolver: Settle | undefined;
let rejecter: Settle | undefined;
const take = (resolve: (value: never) => void, reject: Settle) => {
  resolver = resolve as Settle;
  rejecter = reject;
};
const enter = (job: Job) => job.enter();

/** What to resolve a promise with that is to be rejected: much cheaper than to throw in its reaction. */
class Rejection {
  readonly #reason: unknown;

  constructor(reason: unknown) {
    this.#reason = reason;
  }

  then(_: unknown, reject: (reason: unknown) => void): void {
    reject(this.#reason);
  }
}

/** What only some tasks need. What even of those only a few do has no room in it before it is set. */
export class Extra {
  /** As {@link Job.specimen}. */
  static readonly specimen: Extra = /* @__PURE__ */ new Extra({} as Settings);

  priority = 0;
  /** Says the priority anew. */
  ask: (() => number) | undefined = undefined;
  weight = 1;
  /** When it came. */
  since = 0;
  /** When its function was called. */
  started = 0;
  declare id?: string | undefined;
  declare signal?: AbortSignal;
  timeout: number;
  queueTimeout: number;
  totalTimeout: number;
  declare retry?: Partial<RetrySettings>;
  /** Which attempt of a task it is, from 1, and what it is an attempt of, if there may be others. */
  attempt = 1;
  declare series?: Series;
  declare controller?: AbortController;
  /** How it was ended from outside, cancelled or timed out; 0 if it was not. */
  stopped: Outcome = 0;
  /** Why; or, if somebody listens, what its function returned or threw. */
  declare reason?: unknown;
  /** Its error was told. */
  declare told?: boolean;
  declare kept?: boolean;
  /** Who stays as long as the task does. */
  declare guest?: Guest;

  constructor({ timeout, queueTimeout, totalTimeout }: Settings) {
    this.timeout = timeout;
    this.queueTimeout = queueTimeout;
    this.totalTimeout = totalTimeout;
  }
}

/** A task of a lane. Without methods that begin with `#`: every object has a mark of its class for them, and many tasks may wait. */
export class Job implements Omit<Slot, 'abort'>, Ready {
  /** Not to be used. When no object of a class is left, engines forget its shape, and with it the code they have made for it. */
  static readonly specimen: Job = /* @__PURE__ */ new Job(undefined as never, ignore, undefined);

  readonly lane: Lane;
  ticket = -1;
  extra: Extra | undefined;
  /** What `run()` has returned, until it is settled. */
  promise: Promise<unknown> | undefined;
  declare onTimeout?: ((error: TimeoutError) => void) | undefined;
  declare onRecall?: (() => void) | undefined;
  #fn: ((context: never) => unknown) | undefined;
  /** Opens its gate, as long as it waits; rejects its promise, once its function runs. */
  #settle: ((value: unknown) => void) | undefined;
  #stage = WAITING;

  constructor(lane: Lane, fn: (context: never) => unknown, extra: Extra | undefined) {
    this.lane = lane;
    this.#fn = fn;
    this.extra = extra;
  }

  protected invoke(fn: (context: never) => unknown): unknown {
    return fn(new Context(this) as never);
  }

  /** What the caller gets. */
  protected hand(promise: Promise<unknown>): Promise<unknown> {
    return handle(promise, this);
  }

  /** What errors call one of its clocks. */
  clock(phase: Phase): TimeoutPhase {
    return PHASES[phase]!;
  }

  get more(): Extra {
    return (this.extra ??= new Extra(this.lane.settings));
  }

  get isOver(): boolean {
    return this.#stage >= OVER;
  }

  /** How it has ended, or is going to as it was stopped; undefined if that is open. */
  private get outcome(): Outcome | undefined {
    return this.isOver ? this.#stage - OVER as Outcome : this.extra?.stopped || undefined;
  }

  /** Its function was not called. */
  get waits(): boolean {
    return this.#stage < RUNNING;
  }

  /** It has its permit, whether its function was called or not. */
  get holds(): boolean {
    return this.#stage > WAITING && this.#stage < OVER;
  }

  get id(): string {
    return this.lane.name(this.extra?.series ?? this);
  }

  /** Which attempt it is, from 1. */
  get attempt(): number {
    return this.extra ? this.extra.attempt : 1;
  }

  get priority(): number {
    return this.extra ? this.extra.priority : 0;
  }

  /** False if it does not wait any more. */
  prioritize(ranked: Ranked): boolean {
    const { lane, more } = this;
    if (act(SET_PRIORITY, lane.pond.handle, this.ticket, lane.level({ ...more, ...ranked })) <= 0) return false;
    Object.assign(more, ranked);
    return true;
  }

  get state(): TaskState {
    const { outcome } = this;
    return outcome === undefined ? this.#stage === WAITING ? 'waiting' : 'running' : STATES[outcome]!;
  }

  get signal(): AbortSignal {
    const extra = this.more;
    if (!extra.controller) {
      extra.controller = new AbortController();
      if (extra.stopped) extra.controller.abort(extra.reason);
    }
    return extra.controller.signal;
  }

  keep(): void {
    this.more.kept = true;
  }

  release(outcome: Outcome = SUCCEEDED): void {
    if (!this.isOver) this.lane.pond.finish(this, this.leave(outcome));
  }

  arm(phase: Phase, ms: number): void {
    if (!this.isOver) this.lane.pond.arm(this, phase, ms);
  }

  disarm(phase: Phase): void {
    if (!this.isOver) this.lane.pond.disarm(this, phase);
  }

  /** A promise for a task that was not taken. */
  refuse(reason: unknown, outcome: Outcome): Task<never> {
    this.#stage = OVER + outcome;
    this.#fn = undefined;
    this.extra?.guest?.leave();
    return handle(Promise.reject(reason), this);
  }

  /** Makes the promise of a task that waits. The reaction has to be registered in the caller's turn. */
  wait(): Task<unknown> {
    const gate = new Promise<Job>(take);
    this.#settle = resolver;
    resolver = rejecter = undefined;
    return this.taken(gate.then(enter));
  }

  /** Makes the promise of a task that starts at once. */
  begin(): Task<unknown> {
    const promise = new Promise(take);
    const [resolve, reject] = [resolver!, rejecter!];
    resolver = rejecter = undefined;
    this.#stage = RUNNING;
    const task = this.taken(promise);
    this.call(resolve, reject);
    return task;
  }

  /** Calls its function, and settles what these are the ends of. */
  protected call(resolve: Settle, reject: Settle): void {
    try {
      const value = this.work();
      if (value instanceof Berth) value.then(resolve, reject);
      else resolve(value);
    } catch (error) {
      reject(error);
    }
  }

  /** As {@link begin}, but that its function is called in a microtask. */
  protected beginSoon(): Task<unknown> {
    this.#stage = RUNNING;
    return this.taken(soon.then(() => this.work()));
  }

  /** It has its promise. */
  private taken(promise: Promise<unknown>): Task<unknown> {
    const task = this.hand(promise) as Task<unknown>;
    this.promise = task;
    if (this.lane.audience && this.attempt === 1) this.lane.tell('submit', { task: this.extra?.series?.promise ?? task }, this);
    return task;
  }

  /** It has its permit. */
  admit(): void {
    this.#stage = READY;
  }

  /** Opens the gate, unless somebody has before. */
  start(): boolean {
    if (this.#stage !== READY) return false;
    this.#stage = FLYING;
    this.#settle!(this);
    return true;
  }

  /** What the open gate leads to; what it returns is the task's result. */
  enter(): unknown {
    if (this.#stage !== FLYING) return new Rejection(this.extra!.reason);
    landed();
    try {
      return this.work();
    } finally {
      flow();
    }
  }

  /** Calls the function. Returns or throws what it did; if that is to be waited for, something that settles the task's promise later. */
  private work(): unknown {
    this.#stage = RUNNING;
    this.#settle = undefined;
    if (this.extra || this.lane.isStrict) {
      const { timeout } = this.extra ?? this.lane.settings;
      if (timeout !== Infinity) this.arm(RUN, timeout);
    }
    this.lane.timings?.start(this.extra!);
    if (this.lane.audience) this.lane.tell('start', {}, this);
    let failed = false;
    let value: unknown;
    try {
      // By a listener.
      if (this.extra?.stopped) throw this.extra.reason;
      value = this.invoke(this.#fn!);
      if (isThenable(value)) return Berth.for(this, genuine(value));
    } catch (error) {
      failed = true;
      value = error;
    }
    if (this.extra?.stopped) [failed, value] = [true, this.extra.reason];
    this.over(failed, value);
    if (failed) throw value;
    return value;
  }

  /** Its function's promise is waited for: what rejects its own is known. */
  aboard(reject: (reason: unknown) => void): void {
    if (this.extra?.stopped) reject(this.extra.reason);
    this.#settle = reject;
  }

  /** Its function's promise is settled. */
  followed(failed: boolean, value: unknown, settle: (value: unknown) => void): void {
    const stopped = this.extra?.stopped;
    this.over(failed, value);
    if (!stopped) settle(value);
  }

  /** Its function has ended. */
  private over(failed: boolean, value: unknown): void {
    this.promise = this.#settle = this.#fn = undefined;
    if (!this.extra?.stopped && !(failed && this.extra?.series)) this.ended(failed, value);
    if (!failed && this.extra?.kept) return;
    if (this.lane.audience && !this.extra?.stopped) this.more.reason = value;
    this.release(failed ? FAILED : SUCCEEDED);
  }

  /** It has left: tells who listens. */
  left(): void {
    if (!this.lane.audience || this.extra?.series) return;
    const outcome = this.outcome!;
    const reason = this.extra?.reason;
    this.complain(outcome, reason);
    this.lane.tell('end', { state: STATES[outcome]!, [outcome === SUCCEEDED ? 'value' : 'error']: reason }, this);
  }

  /** Tells of its error, if it is one; once. */
  private complain(outcome: Outcome, error: unknown): void {
    if (outcome === SUCCEEDED || outcome === CANCELLED || this.extra?.told || this.extra?.series) return;
    if (this.extra) this.extra.told = true;
    this.lane.tell(outcome === DROPPED ? 'drop' : 'error', { error }, this);
  }

  /** It is known how its function has ended for good, and the permit has not gone back. */
  protected ended(_failed: boolean, _value: unknown): void {}

  /** It is over, with that outcome unless it was stopped before. */
  private leave(outcome: Outcome): Outcome {
    const { lane, extra } = this;
    if (this.#stage === RUNNING) lane.timings?.end(extra!);
    this.#stage = OVER + (extra?.stopped || outcome);
    if (extra?.signal) unwatch(extra.signal, this);
    if (extra?.id !== undefined) lane.unname(extra.id, this);
    return this.outcome!;
  }

  /** The core has taken the permit back by itself. */
  revoke(recalled: boolean): void {
    if (this.isOver) return;
    this.leave(SUCCEEDED);
    if (recalled) this.onRecall?.();
    this.lane.pond.left(this);
  }

  /**
   * Ends the task from outside: cancelled, or timed out. Whoever waits leaves the line, or passes its permit on; whoever runs is told by its
   * signal and keeps its permit until it is really over. `told` if the core knows.
   */
  stop(outcome: Outcome, reason: unknown, told = false): boolean {
    if (this.outcome !== undefined) return false;
    const { more } = this;
    more.stopped = outcome;
    more.reason = reason;
    if (this.#stage < RUNNING) this.withdraw(told);
    else this.interrupt(outcome, reason);
    return true;
  }

  /** As {@link stop}, and nobody has to handle the rejection: it was asked for by the pool's owner. */
  cancel(reason: unknown = aborted()): boolean {
    const { promise } = this.extra?.series ?? this;
    if (promise && this.outcome === undefined) then.call(promise, undefined, ignore);
    return this.stop(CANCELLED, reason);
  }

  private withdraw(told: boolean): void {
    const stage = this.#stage;
    const outcome = this.leave(CANCELLED);
    this.#settle!(this);
    this.promise = this.#fn = undefined;
    if (stage === FLYING) landed();
    if (stage !== WAITING) this.lane.pond.finish(this, outcome);
    else this.lane.pond.withdraw(this, told);
    if (stage === FLYING) flow();
  }

  private interrupt(outcome: Outcome, reason: unknown): void {
    this.#settle?.(reason);
    const { pond, settings: { abandon } } = this.lane;
    pond.interrupt(this);
    if (outcome === TIMED_OUT) this.onTimeout?.(reason as TimeoutError);
    this.extra!.controller?.abort(reason);
    if (abandon !== Infinity) this.arm(ABANDON, abandon);
    this.complain(outcome, reason);
  }
}

/** A task whose function is given its {@link Slot}. */
export class SlotJob extends Job implements Slot {
  static override readonly specimen = /* @__PURE__ */ new SlotJob(undefined as never, ignore, undefined);

  override onTimeout: ((error: TimeoutError) => void) | undefined = undefined;
  override onRecall: (() => void) | undefined = undefined;

  protected override invoke(fn: (context: never) => unknown): unknown {
    return fn(this as never);
  }

  abort(reason: unknown): void {
    this.extra?.controller?.abort(reason);
  }

  /** Only requests have slots, and their function ends with the headers. */
  override clock(phase: Phase): TimeoutPhase {
    return phase === RUN ? 'headers' : super.clock(phase);
  }
}
