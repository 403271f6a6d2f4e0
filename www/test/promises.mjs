// @ts-check
/**
 * What a limited fetch promises, each as one question to a finished run: the page's notes on one side, the servers'
 * counts and logs on the other. No question is about time; all are about numbers and order.
 */

/**
 * @typedef {ReturnType<typeof import('../app/hook.js').report>} Report
 * @typedef {Report['requests'][number]} Note
 *
 * @typedef {object} Finished a run, and what its servers say about it
 * @property {Report} report
 * @property {import('../server/origins.mjs').OriginStats[]} stats
 * @property {import('../server/origins.mjs').LogEntry[][]} logs
 * @property {number} size bytes of a body
 *
 * @typedef {{ promise: string, faults: string[] }} Verdict
 */

/** @type {Record<string, (run: Finished) => string[]>} */
export const promises = {
  'never more than the limit in flight at any server': overCap,
  'the limit is used while work waits': idleWhileWaiting,
  'every request settles exactly once': notSettledOnce,
  'nothing is lost: what was sent arrived, what was answered came whole': lost,
  'what was cancelled rejects with AbortError': wrongCancel,
  'what was cancelled while it waited never reaches a server': sentThoughCancelled,
  'late urgent requests overtake all that waits': notOvertaken,
  'nothing waits or runs in the end': leftOver,
};

/** @param {Finished} run @returns {Verdict[]} */
export function judge(run) {
  return Object.entries(promises).map(([promise, ask]) => ({ promise, faults: ask(run) }));
}

/**
 * A request that the client has cut off counts as gone: its server learns of that a little later than the client,
 * whose next request may come first.
 * @param {Finished} run
 */
function overCap(run) {
  const { report, stats } = run;
  return stats.flatMap(({ name }, lane) => {
    const most = mostKept(run, lane);
    return most > report.limit ? [`${name}: ${most} in flight, limit ${report.limit}`] : [];
  });
}

/** The most in flight at one server of those that the client did not cut off. @param {Finished} run @param {number} lane */
export function mostKept({ report, logs }, lane) {
  const cut = new Set(report.requests.filter((note) => note.outcome === 'cancelled').map((note) => note.id));
  return highest(logs[lane].filter((entry) => !cut.has(entry.id)));
}

/** @param {import('../server/origins.mjs').LogEntry[]} log */
function highest(log) {
  let now = 0;
  let most = 0;
  for (const { what } of log) {
    now += what === 'arrived' ? 1 : -1;
    most = Math.max(most, now);
  }
  return most;
}

/** @param {Finished} run */
function idleWhileWaiting({ report, stats }) {
  return stats
    .filter(({ requests, mostInFlight }) => requests > report.limit && mostInFlight < report.limit)
    .map(({ name, mostInFlight }) => `${name}: only ${mostInFlight} in flight, limit ${report.limit}`);
}

/** @param {Finished} run */
function notSettledOnce({ report }) {
  return report.requests.filter((note) => note.settled !== 1).map(({ id, settled }) => `${id} settled ${settled} times`);
}

/** @param {Finished} run */
function lost({ report, stats, logs, size }) {
  const cutShort = report.requests.filter((note) => note.outcome === 'done' && note.bytes !== size);
  const failed = report.requests.filter((note) => note.outcome === 'failed' || note.outcome === 'refused');
  const arrivals = arrivedIds(logs);
  const notOnce = report.requests.filter((note) => note.outcome === 'done' && arrivals.filter((id) => id === note.id).length !== 1);
  const unknown = stats.filter((one) => one.requests !== one.finished + one.aborted);
  return [
    ...cutShort.map(({ id, bytes }) => `${id}: ${bytes} of ${size} bytes`),
    ...failed.map(({ id, outcome, error }) => `${id} ${outcome}: ${error ?? ''}`),
    ...notOnce.map(({ id }) => `${id} is done, but did not arrive exactly once`),
    ...unknown.map(({ name, requests, finished, aborted }) => `${name}: ${requests} arrived, ${finished} finished, ${aborted} cut off`),
  ];
}

/** @param {Finished} run */
function wrongCancel(run) {
  const wrong = run.report.requests.filter((note) => note.outcome === 'cancelled' && note.error !== 'AbortError');
  const kept = waitingCancelled(run).filter((note) => note.outcome !== 'cancelled');
  return [...wrong, ...kept].map(({ id, outcome, error }) => `${id} was ${outcome}: ${error ?? 'no error'}`);
}

/** @param {Finished} run */
function sentThoughCancelled(run) {
  const arrived = new Set(arrivedIds(run.logs));
  return waitingCancelled(run).filter(({ id }) => arrived.has(id)).map(({ id }) => `${id} reached its server`);
}

/** @param {Finished} run */
function waitingCancelled({ report }) {
  const ids = new Set(report.steps.filter((step) => step.do === 'cancel-waiting' || step.do === 'clear').flatMap((step) => step.ids));
  return report.requests.filter((note) => ids.has(note.id));
}

/** @param {import('../server/origins.mjs').LogEntry[][]} logs */
function arrivedIds(logs) {
  return logs.flat().filter((entry) => entry.what === 'arrived').map((entry) => entry.id);
}

/**
 * From a burst on, the next to start in each lane are the urgent ones, and the server, too, saw the last of them
 * before the last of those that waited.
 * @param {Finished} run
 */
function notOvertaken({ report, stats, logs }) {
  const bursts = report.steps.filter((step) => step.do === 'urgent');
  const late = bursts.flatMap((step) => stats.flatMap(({ name }, lane) => overtakenIn(report, step, lane).map((id) => `${name}: ${id} went first`)));
  const unseen = stats.filter((_, lane) => bursts.length && !urgentBeforeLast(report, logs[lane]));
  return [...late, ...unseen.map(({ name }) => `${name}: its server saw the urgent ones last`)];
}

/**
 * Who started after the burst, in its lane, before the last of the burst; one of the burst that never started was overtaken by all.
 * @param {Report} report
 * @param {Report['steps'][number]} step
 * @param {number} lane
 */
function overtakenIn(report, step, lane) {
  const started = report.requests.filter((note) => note.lane === lane && (note.order ?? -1) >= step.starts);
  const burst = report.requests.filter((note) => note.lane === lane && step.ids.includes(note.id));
  const last = Math.max(...burst.map((note) => note.order ?? Infinity));
  return started.filter((note) => !note.urgent && (note.order ?? -1) < last).map((note) => note.id);
}

/** @param {Report} report @param {import('../server/origins.mjs').LogEntry[]} log */
function urgentBeforeLast(report, log) {
  const urgent = new Set(report.requests.filter((note) => note.urgent).map((note) => note.id));
  const order = arrivedIds([log]).map((id) => urgent.has(id));
  return order.lastIndexOf(true) < order.lastIndexOf(false);
}

/** @param {Finished} run */
function leftOver({ report, stats }) {
  const here = report.lanes.filter(({ left }) => left && left.waiting + left.running > 0);
  const there = stats.filter((one) => one.inFlight > 0);
  return [
    ...here.map(({ name, left }) => `${name}: ${left?.waiting} waiting and ${left?.running} running in its lane`),
    ...there.map(({ name, inFlight }) => `${name}: ${inFlight} in flight at its server`),
  ];
}
