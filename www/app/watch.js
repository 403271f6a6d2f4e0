// @ts-check
/**
 * Asks the site what the origins have counted, ten times a second while a run is on and not at all otherwise.
 * Server times are turned into page times by the exchange with the shortest way there and back.
 */

/**
 * @typedef {{ what: 'arrived' | 'finished' | 'aborted', id: string, inFlight: number, at: number }} Entry
 *
 * @typedef {object} Count
 * @property {string} origin
 * @property {string} name
 * @property {number} latency
 * @property {number} requests
 * @property {number} inFlight
 * @property {number} mostInFlight
 * @property {number} finished
 * @property {number} aborted
 * @property {number} refused
 *
 * @typedef {{ now: number, origins: (Count & { log: Entry[] })[] }} Watched
 */

const PERIOD = 100;

/** @param {import('./run.js').Kind} side @param {'watch' | 'reset'} what @param {number[]} from @returns {Promise<Watched>} */
async function ask(side, what, from) {
  const response = await fetch(`/api/${what}?side=${side}&from=${from.join()}`, { cache: 'no-store' });
  if (!response.ok) throw new Error(`/api/${what} answered ${response.status}`);
  return response.json();
}

/** Counters to zero; answers with the origins of the side. @param {import('./run.js').Kind} side */
export async function resetCounts(side) {
  const { origins } = await ask(side, 'reset', []);
  return origins.map(({ log, ...count }) => count);
}

/** Keeps a run told of its servers' counts, until both sides agree that nothing is open. @param {import('./run.js').Run} run */
export async function watchRun(run) {
  const clock = { offset: 0, way: Infinity };
  let wasRunning = true;
  while (wasRunning || run.lanes.some((lane) => lane.count.inFlight > 0)) {
    wasRunning = run.isRunning;
    await watchOnce(run, clock);
    await (wasRunning ? Promise.race([run.atRest(), pause(PERIOD)]) : pause(PERIOD));
  }
}

/** @param {import('./run.js').Run} run @param {{ offset: number, way: number }} clock */
async function watchOnce(run, clock) {
  const left = performance.now();
  const watched = await ask(run.kind, 'watch', run.lanes.map((lane) => lane.log.length));
  const way = performance.now() - left;
  if (way < clock.way) Object.assign(clock, { way, offset: left + way / 2 - watched.now });
  for (const { log } of watched.origins) for (const entry of log) entry.at += clock.offset;
  run.absorb(watched);
}

/** @param {number} ms */
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
