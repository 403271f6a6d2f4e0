// @ts-check
/**
 * One run: a load of requests sent through one client, with a note of everything that happens to each of them.
 * The picture, the numbers and the headless test all read these notes; nothing here draws.
 */
import { clients } from './clients.js';

/**
 * @typedef {import('./clients.js').Kind} Kind
 * @typedef {'done' | 'refused' | 'failed' | 'cancelled'} Outcome
 *
 * @typedef {object} Settings
 * @property {number} requests
 * @property {number} limit per origin
 * @property {number} total over all origins; Infinity = none
 * @property {number} bear what each server takes at once before it answers 429; Infinity = anything
 * @property {boolean} [unread] leave the body of every fifth response unread
 * @property {number} [hang] so many of the first requests are never answered to the end: every other one not even with headers
 * @property {Record<string, number>} [query] further parameters for the origins (size, chunks, gap, latency)
 *
 * @typedef {object} Note what is known of one request; times are of performance.now()
 * @property {string} id
 * @property {number} lane index of its origin
 * @property {boolean} urgent
 * @property {boolean} unread
 * @property {boolean} hangs
 * @property {number} asked when the page called fetch
 * @property {number} [started] when millpond let it go
 * @property {number} [order] the how-manieth start of the run that was
 * @property {number} [arrived] when the server saw it
 * @property {number} [headers]
 * @property {number} [ended]
 * @property {Outcome} [outcome]
 * @property {string} [error] the name of the error, if any
 * @property {number} settled how often its promise settled
 * @property {number} bytes
 * @property {AbortController} abort
 *
 * @typedef {object} Lane
 * @property {string} origin
 * @property {string} name
 * @property {number} latency
 * @property {Note[]} notes
 * @property {import('./watch.js').Count} count what its server says
 * @property {import('./watch.js').Entry[]} log
 */

let runs = 0;

export class Run {
  /** @type {Map<string, Note>} */ #byId = new Map();
  #prefix = `r${++runs}`;
  #open = 0;
  #starts = 0;
  /** @type {(() => void)[]} */ #atRest = [];

  /** @param {Kind} kind @param {import('./watch.js').Count[]} origins @param {Settings} settings */
  constructor(kind, origins, settings) {
    this.kind = kind;
    this.settings = settings;
    this.begun = performance.now();
    /** The limits this run has had, and from when on. */
    this.limits = [{ at: this.begun, limit: settings.limit }];
    /** @type {Lane[]} */
    this.lanes = origins.map((count) => ({ ...count, count, notes: [], log: [] }));
    this.client = clients[kind](settings, (url) => this.#started(url));
    /** Called whenever a request has settled. @type {(settled: number) => void} */
    this.onsettled = () => {};
  }

  get notes() {
    return [...this.#byId.values()];
  }

  get isRunning() {
    return this.#open > 0;
  }

  /** How many requests have left their lane so far. */
  get starts() {
    return this.#starts;
  }

  /** When the last of the requests ended, or now. */
  get until() {
    return this.isRunning ? performance.now() : Math.max(this.begun, ...this.notes.map((note) => note.ended ?? 0));
  }

  /** Deals requests out over the origins. @param {number} count @param {{ urgent?: boolean, priority?: RequestPriority }} [how] */
  send(count, how = {}) {
    for (let n = 0; n < count; n++) void this.#ask(n % this.lanes.length, how);
  }

  cancelAll() {
    for (const note of this.notes) if (!note.outcome) this.cancel(note);
  }

  /** @param {Note} note */
  cancel(note) {
    note.abort.abort(new DOMException('cancelled by the page', 'AbortError'));
  }

  /** @param {import('./clients.js').Limits} limits */
  resize(limits) {
    this.limits.push({ at: performance.now(), limit: limits.limit });
    this.client.resize?.(limits);
  }

  /** What is held against a run whose limit was changed on the way: what runs after a shrink may end in peace. */
  get highestLimit() {
    return Math.max(...this.limits.map(({ limit }) => limit));
  }

  /** Resolves as soon as no request is open. @returns {Promise<void>} */
  atRest() {
    return new Promise((rest) => (this.isRunning ? this.#atRest.push(rest) : rest()));
  }

  /** Takes in what the servers counted. @param {import('./watch.js').Watched} watched */
  absorb({ origins }) {
    origins.forEach(({ log, ...count }, index) => {
      const lane = this.lanes[index];
      lane.count = count;
      lane.log.push(...log);
      for (const entry of log) this.#seen(entry);
    });
  }

  /** @param {import('./watch.js').Entry} entry */
  #seen({ what, id, at }) {
    const note = this.#byId.get(id);
    if (what === 'arrived' && note) note.arrived = Math.max(note.started ?? note.asked, at);
  }

  /** @param {string} url */
  #started(url) {
    const note = this.#byId.get(new URL(url).searchParams.get('id') ?? '');
    if (!note) return;
    note.started = performance.now();
    note.order = this.#starts++;
  }

  /** @param {number} lane @param {{ urgent?: boolean, priority?: RequestPriority }} how */
  async #ask(lane, { urgent = false, priority = 'auto' }) {
    const note = this.#note(lane, urgent);
    try {
      const response = await this.client.fetch(this.#url(note), { signal: note.abort.signal, priority, cache: 'no-store' });
      await this.#read(note, response);
    } catch (error) {
      this.#settle(note, error instanceof DOMException && error.name === 'AbortError' ? 'cancelled' : 'failed', error);
    }
  }

  /** @param {number} lane @param {boolean} urgent @returns {Note} */
  #note(lane, urgent) {
    const id = `${this.#prefix}-${this.#byId.size}`;
    const unread = Boolean(this.settings.unread) && this.#byId.size % 5 === 4;
    const asked = performance.now();
    const hangs = this.#byId.size < (this.settings.hang ?? 0);
    const note = { id, lane, urgent, unread, hangs, asked, settled: 0, bytes: 0, abort: new AbortController() };
    this.#byId.set(id, note);
    this.lanes[lane].notes.push(note);
    this.#open++;
    return note;
  }

  /** @param {Note} note */
  #url({ id, lane, hangs }) {
    const { bear, query = {} } = this.settings;
    const asked = { id, ...query, ...(Number.isFinite(bear) ? { bear } : {}), ...(hangs ? { hang: lane % 2 ? 'headers' : 'body' } : {}) };
    const parameters = Object.entries(asked).map(([name, value]) => [name, String(value)]);
    return `${this.lanes[lane].origin}/item?${new URLSearchParams(parameters)}`;
  }

  /** @param {Note} note @param {Response} response */
  async #read(note, response) {
    note.headers = performance.now();
    if (!note.unread) note.bytes = (await response.arrayBuffer()).byteLength;
    this.#settle(note, response.ok ? 'done' : response.status === 429 ? 'refused' : 'failed');
  }

  /** @param {Note} note @param {Outcome} outcome @param {unknown} [error] */
  #settle(note, outcome, error) {
    note.settled++;
    note.ended = performance.now();
    note.outcome = outcome;
    if (error) note.error = error instanceof Error || error instanceof DOMException ? error.name : String(error);
    this.#open--;
    this.onsettled(this.#byId.size - this.#open);
    if (!this.#open) for (const rest of this.#atRest.splice(0)) rest();
  }
}

/** When a request left the line it waited in: millpond's, or (seen by the server only) the browser's. @param {Note} note */
export function leftLine(note) {
  return note.arrived ?? note.started;
}

/** @param {Note} note @returns {Outcome | 'waiting' | 'running'} */
export function stateOf(note) {
  return note.outcome ?? (leftLine(note) === undefined && note.headers === undefined ? 'waiting' : 'running');
}
