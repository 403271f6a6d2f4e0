/**
 * Time and turns. Waiting tasks start in slices of 3 ms; then the event loop gets its turn, so that timers and input do.
 */

/** Where a slice ends: with what is on its way by then, and what the browser needs, a key is heard within 5 ms. */
const SLICE = 3;
/** So many tasks are started without a look at the clock, and so many are on their way at most. */
const STRIDE = 8;

/** A task that may start: `start` sends it off, and says whether it did. */
export interface Ready {
  start(): boolean;
}

// Taken when this module is evaluated, so that fake timers of a test do not stop the pools.
const { setTimeout: timeout } = globalThis;
const { setImmediate: immediate } = globalThis as { setImmediate?: (callback: () => void) => unknown };
// Node makes its own at the first look, which takes longer than the evaluation of all the rest: nobody looks there.
const Channel = immediate ? undefined : globalThis.MessageChannel;

/** The time of the last {@link now}: good enough where no clock depends on it. */
export let coarse = 0;

/** The clock of all deadlines, in milliseconds. */
export function now(): number {
  return (coarse = performance.now());
}

/** Who may start, in order; they wait for their turn. */
const ready = new Set<Ready>();
/** How many are on their way. */
let flying = 0;
/** When the slice ends: 0 before it has begun, -1 when it has ended. */
let end = 0;
/** How many may start before the clock is looked at again, and when that was last. */
let left = 0;
let last = 0;
let hop: (() => void) | undefined;

/** Starts a task when its turn has come: at once as long as the slice lasts and nobody is before it. */
export function launch(task: Ready): void {
  if (ready.size > 0 || !send(task)) ready.add(task);
}

/** Resolves when a task that asks now would start, in a later turn of the event loop; undefined if that is at once. */
export function passage(): Promise<void> | undefined {
  if (ready.size === 0 && flying < STRIDE && inSlice()) return undefined;
  return new Promise((resolve) => {
    ready.add({ start: () => (resolve(), false) });
  });
}

/** As {@link passage}, for somebody who has worked long: looks at the clock, and does not trust a turn nobody has measured. */
export function breathe(): Promise<void> | undefined {
  if (end === 0) {
    begin();
    end = -1;
  }
  left = 0;
  return passage();
}

/** A task that was sent off has arrived, or never will; {@link flow} may be called for. */
export function landed(): void {
  flying--;
}

/** Sends off whom the slice has room for. */
export function flow(): void {
  if (ready.size === 0) return;
  for (const task of ready) {
    if (!send(task)) return;
    ready.delete(task);
  }
}

function send(task: Ready): boolean {
  if (flying >= STRIDE || !inSlice()) return false;
  if (task.start()) flying++;
  return true;
}

function inSlice(): boolean {
  if (end === 0) begin();
  if (end > 0 && --left < 0) look();
  return end > 0;
}

/** The hop is ordered at the beginning: whenever it comes, a new turn of the event loop has begun. */
function begin(): void {
  last = now();
  end = last + SLICE;
  left = STRIDE;
  (hop ??= hopper())();
}

/** Looks at the clock; more often while tasks take long. */
function look(): void {
  const before = last;
  last = now();
  left = last - before > 1 ? 0 : STRIDE - 1;
  if (last >= end) end = -1;
}

function turn(): void {
  end = 0;
  flow();
}

/**
 * A way into a later turn of the event loop. A MessageChannel only where there is a user: on servers it starves timers and keeps the
 * process alive. Never a microtask, never `scheduler.yield`: both starve timers everywhere.
 */
function hopper(): () => void {
  if (immediate) return () => immediate(turn);
  // Pages have the one and browsers' workers the other, of every kind.
  const isBrowser = 'document' in globalThis || 'importScripts' in globalThis;
  if (!isBrowser || !Channel) return () => timeout(turn, 0);
  const { port1, port2 } = new Channel();
  port1.onmessage = turn;
  return () => port2.postMessage(0);
}

/** The longest delay a timer can have; later ones are reached in several. */
const FARTHEST = 2 ** 31 - 1;

/** Those that are set. */
const alarms = new Set<Alarm>();
let isAwake = false;

/**
 * Timers of hidden pages come up to a minute late, and of frozen ones not at all. When somebody looks at the page again, the clock
 * is asked what is overdue. Where there is no page, nothing is listened to.
 */
function stayAwake(): void {
  isAwake = true;
  const { document } = globalThis as { document?: EventTarget };
  if (!document) return;
  for (const type of ['visibilitychange', 'resume']) document.addEventListener(type, wake);
  globalThis.addEventListener('pageshow', wake);
}

function wake(): void {
  for (const alarm of alarms) alarm.look();
}

/** One timer, set to the earliest time asked for. */
export class Alarm {
  /** When it goes off; `Infinity` if it is not set. */
  at = Infinity;
  #id: ReturnType<typeof setTimeout> | undefined;
  readonly #ring: () => void;
  readonly #background: boolean;

  /** A `background` alarm does not keep a Node process alive. */
  constructor(ring: () => void, background: boolean) {
    this.#ring = () => {
      this.set(Infinity);
      ring();
    };
    this.#background = background;
  }

  /** Goes off at that time at the latest. */
  by(at: number): void {
    if (at < this.at) this.set(at);
  }

  /** Goes off now, if its time has come. */
  look(): void {
    if (this.at <= now()) this.#ring();
  }

  /** Goes off at that time; never, if it is `Infinity`. */
  set(at: number): void {
    if (at === this.at) return;
    clearTimeout(this.#id);
    this.at = at;
    if (at === Infinity) {
      alarms.delete(this);
      return;
    }
    alarms.add(this);
    if (!isAwake) stayAwake();
    const delay = Math.min(FARTHEST, Math.max(0, Math.ceil(at - now())));
    this.#id = setTimeout(this.#ring, delay);
    if (this.#background) (this.#id as { unref?: () => void }).unref?.();
  }
}
