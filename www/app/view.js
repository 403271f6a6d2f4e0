// @ts-check
/**
 * One side of the page: its headline, and per origin a row of numbers over a picture. Reads a run, changes nothing.
 */
import { drawLane } from './picture.js';
import { stateOf } from './run.js';

/**
 * @typedef {import('./run.js').Run} Run
 * @typedef {Record<import('./run.js').Outcome | 'waiting' | 'running', number>} Tally
 * @typedef {{ span: number, theme: import('./picture.js').Theme, limit: number }} Look
 */

const STATES = /** @type {const} */ (['waiting', 'running', 'done', 'refused', 'failed', 'cancelled', 'recalled']);

/** @param {import('./run.js').Note[]} notes @returns {Tally} */
export function tallyOf(notes) {
  const tally = { waiting: 0, running: 0, done: 0, refused: 0, failed: 0, cancelled: 0 };
  for (const note of notes) tally[stateOf(note)]++;
  return tally;
}

export class SideView {
  /** @type {LaneView[]} */ #lanes = [];

  /** @param {HTMLElement} section */
  constructor(section) {
    this.section = section;
    this.list = within(section, '.lanes');
  }

  /** Shows the origins before anything has run. @param {import('./watch.js').Count[]} origins */
  prepare(origins) {
    this.#lanes = origins.map((origin) => new LaneView(origin));
    this.list.replaceChildren(...this.#lanes.map((lane) => lane.item));
  }

  /**
   * The pictures only: they ask for sizes, and a number written in between would have the page laid out anew each time.
   * @param {Run | undefined} run
   * @param {Look} look
   */
  draw(run, look) {
    this.#lanes.forEach((view, index) => view.draw(run, run?.lanes[index], look));
  }

  /** The numbers, after all pictures. @param {Run} run */
  count(run) {
    this.#lanes.forEach((view, index) => view.count(run, run.lanes[index]));
    this.#headline(run);
  }

  /** @param {Run} run */
  #headline(run) {
    const most = mostOf(run);
    const tally = tallyOf(run.notes);
    const state = most > run.highestLimit ? 'over' : 'within';
    write(this.section, '.most b', most);
    within(this.section, '.most').dataset.state = most ? state : 'none';
    write(this.section, '.answered b', `${tally.done}`);
    write(this.section, '.answered span', `of ${run.notes.length} answered`);
    write(this.section, '.refused b', tally.refused + tally.failed);
    within(this.section, '.refused').dataset.state = tally.refused + tally.failed ? 'over' : 'none';
    write(this.section, '.took b', ((run.until - run.begun) / 1000).toFixed(1));
  }

  /** One sentence for the end of a run; a live region reads it out. @param {Run} run */
  sum(run) {
    within(this.section, 'output').textContent = summary(run);
  }
}

/** The most any one server had in flight. @param {Run} run */
const mostOf = (run) => Math.max(0, ...run.lanes.map((lane) => lane.count.mostInFlight));

/** @param {Run} run */
export function summary(run) {
  const most = mostOf(run);
  const { done, refused, failed, cancelled } = tallyOf(run.notes);
  const parts = [`${done} answered`];
  if (refused) parts.push(`${refused} refused with 429`);
  if (failed) parts.push(`${failed} failed`);
  if (cancelled) parts.push(`${cancelled} cancelled`);
  const limit = run.highestLimit;
  const cap = most > limit ? `${most - limit} over the limit of ${limit}` : `never over the limit of ${limit}`;
  return `At most ${most} in flight at one server, ${cap}; ${parts.join(', ')}.`;
}

class LaneView {
  /** @type {Map<string, HTMLElement>} */ #numbers = new Map();

  /** @param {import('./watch.js').Count} origin */
  constructor(origin) {
    this.item = /** @type {HTMLElement} */ (template('lane').firstElementChild);
    write(this.item, '.name', origin.name);
    write(this.item, '.where', `${origin.origin.replace('http://', '')} · ${origin.latency} ms`);
    this.canvas = /** @type {HTMLCanvasElement} */ (within(this.item, 'canvas'));
    for (const state of STATES) this.#numbers.set(state, within(this.item, `.${state} dd`));
  }

  /** @param {Run | undefined} run @param {import('./run.js').Lane | undefined} lane @param {Look} look */
  draw(run, lane, { span, theme, limit }) {
    const frame = { from: run?.begun ?? 0, span, now: run?.until ?? 0, limits: run?.limits ?? [{ at: 0, limit }], theme };
    drawLane(this.canvas, lane, frame);
  }

  /** @param {Run} run @param {import('./run.js').Lane} lane */
  count(run, lane) {
    const tally = tallyOf(lane.notes);
    const told = run.client.lane?.(lane.origin);
    const shown = { ...tally, recalled: 0, ...told };
    for (const state of STATES) this.#number(state, shown[state]);
    const { mostInFlight } = lane.count;
    write(this.item, '.peak b', mostInFlight);
    within(this.item, '.peak').dataset.state = mostInFlight > run.highestLimit ? 'over' : mostInFlight ? 'within' : 'none';
    this.canvas.setAttribute('aria-label', `${lane.name}: ${STATES.map((state) => `${shown[state]} ${state}`).join(', ')}`);
  }

  /** @param {string} state @param {number} value */
  #number(state, value) {
    const cell = /** @type {HTMLElement} */ (this.#numbers.get(state));
    cell.textContent = String(value);
    /** @type {HTMLElement} */ (cell.parentElement).dataset.zero = String(value === 0);
  }
}

/** @param {string} id */
function template(id) {
  const found = /** @type {HTMLTemplateElement} */ (document.getElementById(id));
  return /** @type {DocumentFragment} */ (found.content.cloneNode(true));
}

/** @param {Element} root @param {string} selector */
export function within(root, selector) {
  const found = root.querySelector(selector);
  if (found instanceof HTMLElement) return found;
  throw new Error(`the page has no ${selector}`);
}

/** @param {Element} root @param {string} selector @param {string | number} text */
function write(root, selector, text) {
  const place = within(root, selector);
  if (place.textContent !== String(text)) place.textContent = String(text);
}
