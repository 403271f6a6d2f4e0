// @ts-check
/**
 * The picture of one lane on a canvas. Above: every request a thin line in the order it was asked for, pale while it
 * waits, then the time to the headers, then its body. Below: how many the server had in flight, with the limit as a
 * dashed line and whatever rises above it in the warning colour.
 */
import { leftLine } from './run.js';

/**
 * @typedef {Record<'waiting' | 'headers' | 'body' | 'urgent' | 'over' | 'cancelled' | 'grid' | 'faint', string>} Theme
 *
 * @typedef {object} Frame what all lanes of one picture share
 * @property {number} from the time at the left edge
 * @property {number} span ms from the left edge to the right one
 * @property {number} now
 * @property {{ at: number, limit: number }[]} limits the limit, and from when on
 * @property {Theme} theme
 */

const STRIP = 38;
/** Between the two parts; the seconds are written here. */
const GAP = 16;
/** So that a short run does not draw a few fat bars. */
const LEAST_ROWS = 16;
/** Late requests are few and worth following by eye. */
const LATE = 3;

/** @returns {Theme} */
export function readTheme() {
  const style = getComputedStyle(document.documentElement);
  const names = /** @type {const} */ (['waiting', 'headers', 'body', 'urgent', 'over', 'cancelled', 'grid', 'faint']);
  return /** @type {Theme} */ (Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])));
}

/** @param {HTMLCanvasElement} canvas @param {import('./run.js').Lane | undefined} lane @param {Frame} frame */
export function drawLane(canvas, lane, frame) {
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const { width, height } = fit(canvas, pen);
  const x = (/** @type {number} */ time) => ((time - frame.from) / frame.span) * width;
  const box = { pen, x, width, height };
  drawGrid(box, frame);
  if (lane) drawRequests(box, lane, frame);
  drawStrip(box, lane, frame);
}

/** @typedef {{ pen: CanvasRenderingContext2D, x: (time: number) => number, width: number, height: number }} Box */

/** Makes the canvas as fine as the screen. @param {HTMLCanvasElement} canvas @param {CanvasRenderingContext2D} pen */
function fit(canvas, pen) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { width, height };
}

/** A line for every second (or more, when they would crowd). @param {Box} box @param {Frame} frame */
function drawGrid({ pen, x, width, height }, { from, span, theme }) {
  const step = [500, 1000, 2000, 5000, 10_000, 30_000].find((ms) => (ms / span) * width >= 56) ?? 60_000;
  pen.font = '10px ui-sans-serif, system-ui, sans-serif';
  for (let time = step; time < span; time += step) {
    const at = Math.round(x(from + time)) + 0.5;
    pen.fillStyle = theme.grid;
    pen.fillRect(at, 0, 1, height);
    pen.fillStyle = theme.faint;
    if (at + 30 < width) pen.fillText(`${time / 1000} s`, at + 3, height - STRIP - 3);
  }
}

/** @param {Box} box @param {import('./run.js').Lane} lane @param {Frame} frame */
function drawRequests(box, lane, frame) {
  const row = (box.height - STRIP - GAP) / Math.max(LEAST_ROWS, lane.notes.length);
  const thick = row > 3 ? row - 1 : row;
  lane.notes.forEach((note, index) => {
    drawRequest({ ...box, y: index * row, thick: note.urgent ? Math.max(thick, LATE) : thick }, note, frame);
  });
}

/** @param {Box & { y: number, thick: number }} box @param {import('./run.js').Note} note @param {Frame} frame */
function drawRequest({ pen, x, y, thick }, note, { now, theme }) {
  const end = note.ended ?? now;
  const left = leftLine(note) ?? note.headers ?? end;
  const bar = (/** @type {string} */ colour, /** @type {number} */ from, /** @type {number} */ to) => {
    pen.fillStyle = colour;
    if (to > from) pen.fillRect(x(from), y, Math.max(x(to) - x(from), 0.5), thick);
  };
  bar(note.urgent ? theme.urgent : theme.waiting, note.asked, left);
  if (note.outcome === 'refused') return bar(theme.over, left, Math.max(end, left + 12));
  bar(note.outcome === 'failed' ? theme.over : theme.headers, left, note.headers ?? end);
  if (note.headers) bar(theme.body, note.headers, end);
  if (note.urgent) mark(pen, theme.urgent, x(left), y, thick);
  if (note.outcome === 'cancelled') mark(pen, theme.cancelled, x(end), y, thick);
}

/**
 * A short upright stroke: here something happened.
 * @param {CanvasRenderingContext2D} pen
 * @param {string} colour
 * @param {number} at
 * @param {number} y
 * @param {number} thick
 */
function mark(pen, colour, at, y, thick) {
  pen.fillStyle = colour;
  pen.fillRect(at - 1, y - 0.5, 3, Math.max(thick + 1, 2.5));
}

/** @param {Box} box @param {import('./run.js').Lane | undefined} lane @param {Frame} frame */
function drawStrip(box, lane, frame) {
  const highest = Math.max(...frame.limits.map(({ limit }) => limit));
  const unit = (STRIP - 2) / Math.max(8, highest + 1, lane?.count.mostInFlight ?? 0);
  if (lane) drawInFlight({ ...box, unit }, lane, frame, highest);
  box.pen.fillStyle = frame.theme.grid;
  box.pen.fillRect(0, box.height - 1, box.width, 1);
  drawLimit({ ...box, unit }, frame);
}

/** @typedef {Box & { unit: number }} Scaled with the height of one request */

/** The limit as a dashed line, in steps where it was changed. @param {Scaled} box @param {Frame} frame */
function drawLimit({ pen, x, width, height, unit }, { limits, theme }) {
  const level = (/** @type {number} */ limit) => height - 1 - limit * unit;
  pen.strokeStyle = pen.fillStyle = theme.faint;
  pen.setLineDash([3, 3]);
  pen.beginPath();
  limits.forEach(({ at, limit }, index) => {
    pen.lineTo(index ? x(at) : 0, level(limit));
    pen.lineTo(index + 1 < limits.length ? x(limits[index + 1].at) : width, level(limit));
  });
  pen.stroke();
  pen.setLineDash([]);
  const { limit } = limits[limits.length - 1];
  pen.textAlign = 'right';
  pen.fillText(`limit ${limit}`, width, level(limit) - 3);
  pen.textAlign = 'left';
}

/** @param {Scaled} box @param {import('./run.js').Lane} lane @param {Frame} frame @param {number} limit */
function drawInFlight({ pen, x, height, unit }, lane, { now, theme }, limit) {
  const ground = height - 1;
  lane.log.forEach(({ at, inFlight }, index) => {
    const until = lane.log[index + 1]?.at ?? (inFlight ? now : at);
    const over = Math.max(0, inFlight - limit);
    pen.fillStyle = theme.headers;
    pen.fillRect(x(at), ground - (inFlight - over) * unit, x(until) - x(at), (inFlight - over) * unit);
    pen.fillStyle = theme.over;
    if (over) pen.fillRect(x(at), ground - inFlight * unit, x(until) - x(at), over * unit);
  });
}
