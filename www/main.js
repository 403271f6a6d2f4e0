// @ts-check
/**
 * Puts the page together: the controls start runs, the views draw them, the hook lets a test do the same.
 */
import { Controls } from './app/controls.js';
import { offerHook } from './app/hook.js';
import { readTheme } from './app/picture.js';
import { Run } from './app/run.js';
import { SideView, within } from './app/view.js';
import { resetCounts, watchRun } from './app/watch.js';

/** @typedef {import('./app/run.js').Kind} Kind */

const KINDS = /** @type {const} */ (['plain', 'millpond']);
/** The least time a picture shows, so that the first moments do not race across it. */
const LEAST_SPAN = 2500;

/** Two for each server. */
const LATE = 12;

/** @type {Partial<Record<Kind, Run>>} */
const runs = {};
const views = {
  plain: new SideView(within(document.body, '#plain')),
  millpond: new SideView(within(document.body, '#millpond')),
};
const controls = new Controls(/** @type {HTMLFormElement} */ (document.forms.namedItem('controls')), { act, resize });
const calm = matchMedia('(prefers-reduced-motion: reduce)');

/** @param {import('./app/controls.js').Action} action */
function act(action) {
  if (action === 'urgent') return current().forEach((run) => run.send(LATE, { urgent: true, priority: controls.priority }));
  if (action === 'cancel-waiting') return current().forEach((run) => run.client.cancelWaiting?.());
  if (action === 'cancel-all') return current().forEach((run) => run.cancelAll());
  for (const kind of action === 'both' ? KINDS : [action]) void startRun(kind, controls.settings);
}

function resize() {
  current().forEach((run) => run.resize(controls.settings));
  requestDraw();
}

/** The runs that are on. */
function current() {
  return KINDS.flatMap((kind) => runs[kind] ?? []).filter((run) => run.isRunning);
}

/**
 * Ends what the side was doing, then sends a new load; resolves when all of it has settled, here and at the servers.
 * @param {Kind} kind
 * @param {import('./app/run.js').Settings} settings
 * @param {(run: Run) => void} [prepare]
 */
async function startRun(kind, settings, prepare) {
  await endRun(kind);
  const run = new Run(kind, await resetCounts(kind), settings);
  prepare?.(run);
  runs[kind] = run;
  run.send(settings.requests);
  requestDraw();
  await watchRun(run);
  views[kind].sum(run);
  requestDraw();
  return run;
}

/** @param {Kind} kind */
async function endRun(kind) {
  const run = runs[kind];
  run?.cancelAll();
  await run?.atRest();
  await run?.client.close();
}

let drawing = false;

/** Draws now, and on as long as something is moving. */
function requestDraw() {
  if (drawing) return;
  drawing = true;
  setTimeout(() => requestAnimationFrame(frame), current().length ? between() : 0);
}

/** Drawing must not take the time from what it shows: fifteen pictures a second, two for those who want it calm. */
const between = () => (calm.matches ? 500 : 66);

function frame() {
  drawing = false;
  const ends = Object.values(runs).map((run) => run.until - run.begun);
  const look = { span: Math.max(LEAST_SPAN, ...ends) * 1.02, theme: readTheme(), limit: controls.limit };
  for (const kind of KINDS) views[kind].draw(runs[kind], look);
  for (const run of Object.values(runs)) views[run.kind].count(run);
  controls.running(current().length > 0);
  if (current().length) requestDraw();
}

async function begin() {
  for (const kind of KINDS) views[kind].prepare(await resetCounts(kind));
  addEventListener('resize', requestDraw);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', requestDraw);
  offerHook(startRun);
  controls.enable();
  document.documentElement.dataset.ready = 'true';
  requestDraw();
}

begin().catch((error) => {
  within(document.body, '#trouble').textContent = `The page could not start: ${error.message}`;
  throw error;
});
