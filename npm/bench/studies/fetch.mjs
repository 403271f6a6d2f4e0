// Real requests over several origins, so many at once for each: how long its caller waits for each, and what the processor has to do.
import { createFetch } from '../millpond.mjs';
import { minimum } from '../minimum.mjs';
import { checkSum, each, short } from '../tell.mjs';

const LIMIT = 6;
/** For each origin. Half of them wait at any time. */
const CALLERS = 2 * LIMIT;

/** By name: `() => load(url)`, which promises the text of the body. */
const FETCHES = {
  'millpond createFetch': () => {
    const fetch = createFetch({ concurrency: LIMIT });
    return async (url) => (await fetch(url)).text();
  },
  'fetch behind minimum': () => {
    const lanes = new Map();
    const load = async (url) => (await fetch(url)).text();
    return (url) => {
      const { origin } = new URL(url);
      let run = lanes.get(origin);
      if (!run) lanes.set(origin, run = minimum(LIMIT));
      return run(load, url);
    };
  },
};

/** Callers who ask again as soon as they have been answered. */
async function browse(make, origins, count) {
  const load = make();
  const ids = [];
  const times = [];
  let next = 0;
  const caller = async (origin) => {
    while (next < count) {
      const id = next++;
      const begin = performance.now();
      const text = await load(`${origin}/?id=${id}`);
      times.push(performance.now() - begin);
      ids.push(Number.parseInt(text, 10));
    }
  };
  const before = globalThis.process?.cpuUsage();
  await Promise.all(origins.flatMap((origin) => Array.from({ length: CALLERS }, () => caller(origin))));
  const used = before && process.cpuUsage(before);
  checkSum(ids, count);
  times.sort((a, b) => a - b);
  const values = { 'fetch-p50': times[Math.floor(count * 0.5)], 'fetch-p99': times[Math.floor(count * 0.99)] };
  return used ? { ...values, 'fetch-cpu': (used.user + used.system) / count } : values;
}

export function fetches({ area, quick, origins }) {
  const count = quick ? 1000 : 5000;
  const title = `${short(count)} GETs of 500 bytes over ${origins.length} origins, ${LIMIT} at once for each, from ${CALLERS} callers for each`;
  const says = (what) => `${what} The servers, a process of their own on loopback, take 20 to 60 ms for each, the same for the same request. `
    + 'Every caller asks again when it was answered, so half of them are in line at any time; a place is free when the body was read. '
    + 'The minimum is a limit by hand for each origin, in front of the bare fetch.';
  const seen = (part) => says(`From the call to the end of the body, the line included: ${part} of the requests were faster.`);
  const used = says('Time of the processor that the whole client process has used, by the number of requests.');
  const target = (at_most) => [{ of: 'millpond createFetch', against: 'fetch behind minimum', at_most }];
  const entries = [
    { id: 'fetch-p50', title, unit: 'ms', says: seen('half'), targets: target(1.03) },
    { id: 'fetch-p99', title, unit: 'ms', says: seen('99 %'), targets: target(1.1) },
    { id: 'fetch-cpu', title, unit: 'µs per request', says: used, targets: target(1.2) },
  ];
  return {
    rounds: quick ? 3 : 5,
    entries: area === 'node' ? entries : entries.slice(0, 2),
    subjects: each(FETCHES, (make) => () => browse(make, origins, count)),
  };
}
