// @ts-check
/**
 * `window.millpondDemo`: a run by program, for the headless test and for the console.
 *
 *   await millpondDemo.start('millpond', { requests: 120, limit: 3, steps: [{ after: 30, do: 'urgent', count: 6 }] })
 *
 * Steps are taken when so many requests have settled, never after a time: the same on a slow machine.
 */
import { stateOf } from './run.js';

/**
 * @typedef {{ after: number, do: 'urgent' | 'cancel-waiting' | 'cancel-running' | 'clear', count: number }} Step
 * @typedef {Partial<import('./run.js').Settings> & { steps?: Step[] }} Options
 */

const DEFAULTS = { requests: 120, limit: 3, total: Infinity, bear: Infinity };

/**
 * @typedef {import('./run.js').Run} Run
 * @param {(kind: import('./run.js').Kind, settings: import('./run.js').Settings, prepare: (run: Run) => void) => Promise<Run>} startRun
 */
export function offerHook(startRun) {
  /** @param {import('./run.js').Kind} kind @param {Options} [options] */
  const start = async (kind, { steps = [], ...options } = {}) => {
    /** @type {StepTaken[]} */
    const taken = [];
    const run = await startRun(kind, { ...DEFAULTS, ...options }, (run) => takeSteps(run, [...steps], taken));
    return report(run, taken);
  };
  Object.assign(window, { millpondDemo: Object.freeze({ start }) });
}

/** @typedef {Step & { starts: number, ids: string[] }} StepTaken what a step met: starts so far, and whom it was about */

/**
 * A step is taken in a turn of its own: in the midst of a request's end, its successor may have been chosen but not called yet.
 * @param {import('./run.js').Run} run
 * @param {Step[]} steps
 * @param {StepTaken[]} taken
 */
function takeSteps(run, steps, taken) {
  run.onsettled = (settled) => {
    while (steps.length && settled >= steps[0].after) {
      const step = /** @type {Step} */ (steps.shift());
      setTimeout(() => taken.push(take(run, step)));
    }
  };
}

/** @param {import('./run.js').Run} run @param {Step} step @returns {StepTaken} */
function take(run, step) {
  const { starts } = run;
  const ids = acts[step.do](run, step.count).map((note) => note.id);
  return { ...step, starts, ids };
}

/** @type {Record<Step['do'], (run: import('./run.js').Run, count: number) => import('./run.js').Note[]>} */
const acts = {
  urgent(run, count) {
    const before = run.notes.length;
    run.send(count, { urgent: true, priority: 'high' });
    return run.notes.slice(before);
  },
  'cancel-waiting': (run, count) => cancel(run, run.notes.filter(isWaiting).slice(-count)),
  'cancel-running': (run, count) => cancel(run, run.notes.filter((note) => stateOf(note) === 'running').slice(0, count)),
  clear(run) {
    const waiting = run.notes.filter(isWaiting);
    run.client.cancelWaiting?.();
    return waiting;
  },
};

/** @param {import('./run.js').Note} note */
const isWaiting = (note) => stateOf(note) === 'waiting';

/** @param {import('./run.js').Run} run @param {import('./run.js').Note[]} notes */
function cancel(run, notes) {
  for (const note of notes) run.cancel(note);
  return notes;
}

/** Plain values, as they have to cross over to the test. @param {import('./run.js').Run} run @param {StepTaken[]} steps */
export function report(run, steps) {
  return {
    kind: run.kind,
    limit: run.highestLimit,
    steps,
    requests: run.notes.map(({ abort, ...note }) => note),
    lanes: run.lanes.map(({ count, origin, name }) => ({ origin, name, count, left: run.client.lane?.(origin) })),
  };
}
