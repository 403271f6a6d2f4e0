// @ts-check
/**
 * The two ways to fetch that the page compares. Both are called alike, with the same arguments; what only one of
 * them can tell or do is optional here, and the page says so where it is missing.
 */
import { createFetch } from '/millpond/index.js';

/**
 * @typedef {'plain' | 'millpond'} Kind
 * @typedef {{ waiting: number, running: number, recalled: number }} LaneNumbers
 *
 * @typedef {object} Client
 * @property {typeof globalThis.fetch} fetch
 * @property {(origin: string) => LaneNumbers | undefined} [lane] what the library counts in one lane
 * @property {() => void} [cancelWaiting]
 * @property {(limits: Limits) => void} [resize] changes the limits while it runs
 * @property {() => Promise<unknown>} close
 *
 * @typedef {object} Limits
 * @property {number} limit per origin
 * @property {number} total over all origins
 */

/** @type {Record<Kind, (limits: Limits, started: (url: string) => void) => Client>} */
export const clients = { plain: plainClient, millpond: millpondClient };

/** @returns {Client} */
function plainClient() {
  return { fetch: (...args) => globalThis.fetch(...args), close: async () => {} };
}

/**
 * @param {Limits} limits
 * @param {(url: string) => void} started called at the moment a request leaves its lane
 * @returns {Client}
 */
function millpondClient({ limit, total }, started) {
  const fetch = createFetch({
    concurrency: limit,
    maxConcurrency: total,
    fetch: (request) => {
      started(request.url);
      return globalThis.fetch(request);
    },
  });
  return {
    fetch,
    lane: (origin) => numbersOf(fetch, origin),
    cancelWaiting: () => void fetch.lanes.clear(new DOMException('cancelled while it waited', 'AbortError')),
    resize: (limits) => resize(fetch, limits),
    close: () => fetch.close(),
  };
}

/** @param {import('millpond').PondFetch} fetch @param {string} origin */
function numbersOf(fetch, origin) {
  if (!fetch.lanes.has(origin)) return undefined;
  const { waiting, running, stats } = fetch.lanes.get(origin);
  return { waiting, running, recalled: stats.recalled };
}

/** @param {import('millpond').PondFetch} fetch @param {Limits} limits */
function resize({ lanes }, { limit, total }) {
  lanes.concurrency = total;
  for (const lane of lanes.values()) lane.concurrency = limit;
}
