/**
 * Checks what callers pass in. Everything is read once and checked before anything is changed.
 */
import { UNLIMITED } from './core.js';
import type { OptionError } from './errors.js';

/** Higher starts first; the names of `fetch` stand for 1, 0 and -1. */
export type Priority = number | 'high' | 'auto' | 'low';

/** The longest delay a timer of the platform takes. */
const LONGEST = 2 ** 31 - 1;

/** Throws an {@link OptionError}: `option` has to be `rule`. */
export function refuse(option: string, rule: string, value: unknown, Kind: typeof TypeError | typeof RangeError = TypeError): never {
  const error = new Kind(`millpond: ${option} must be ${rule}, got ${show(value)}`);
  throw Object.assign(error, { code: 'ERR_MILLPOND_OPTION', option }) as OptionError;
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value) + (typeof value === 'bigint' ? 'n' : '');
}

/** An object with no member but these (those that are undefined are not looked at), or nothing at all. */
export function bag<T extends object>(value: T | undefined, where: string, names: readonly string[]): Partial<T> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(where, 'an object', value);
  for (const name of Object.keys(value)) if (!names.includes(name)) unknown(where, name, names);
  return value;
}

function unknown(where: string, name: string, names: readonly string[]): never {
  const nearest = [...names].sort((a, b) => likeness(name, b) - likeness(name, a))[0]!;
  const hint = likeness(name, nearest) > name.length / 2 ? ` (${nearest}?)` : '';
  refuse(name, `one of ${names.join(', ')}${hint} in ${where}`, name, RangeError);
}

/** How many letters two names share at their beginnings and ends. */
function likeness(a: string, b: string): number {
  const same = (i: number) => a.at(i)?.toLowerCase() === b.at(i)?.toLowerCase();
  const least = Math.min(a.length, b.length);
  let front = 0;
  while (front < least && same(front)) front++;
  let back = 0;
  while (front + back < least && same(-1 - back)) back++;
  return front + back;
}

function number(value: unknown, option: string, rule: string, good: (value: number) => boolean): number {
  if (typeof value !== 'number') refuse(option, rule, value);
  return good(value) ? value : refuse(option, rule, value, RangeError);
}

function count(value: unknown, option: string, least: number): number {
  const good = (n: number) => n === Infinity || (Number.isInteger(n) && n >= least && n < 2 ** 32 - 1);
  return number(value, option, `an integer of at least ${least}, or Infinity`, good);
}

/** How many at once. */
export function limit(value: unknown, option: string, fallback = Infinity): number {
  return value === undefined ? fallback : count(value, option, 1);
}

/** As {@link limit}, and it has to be there. */
export function atLeastOne(concurrency: unknown): number {
  return count(concurrency, 'concurrency', 1);
}

/** How many may wait. */
export function capacity(value: unknown, option: string): number {
  return value === undefined ? Infinity : count(value, option, 0);
}

/** A limit as the core takes it. */
export function raw(limit: number): number {
  return limit === Infinity ? UNLIMITED : limit;
}

/** A time span in milliseconds. */
export function duration(value: unknown, option: string, fallback = Infinity): number {
  if (value === undefined) return fallback;
  return number(value, option, `a number of milliseconds from 0 to ${LONGEST}, or Infinity`, (ms) => ms === Infinity || (ms >= 0 && ms <= LONGEST));
}

const NAMES = new Map<unknown, number>([['high', 1], ['auto', 0], ['low', -1]]);

/** A priority as a number. */
export function priority(value: unknown, option = 'priority'): number {
  if (value === undefined) return 0;
  const rule = "a finite number, or 'high', 'auto' or 'low'";
  if (typeof value === 'string') return NAMES.get(value) ?? refuse(option, rule, value, RangeError);
  return number(value, option, rule, Number.isFinite);
}

/** An AbortSignal, of this realm or another. */
export function signal(value: AbortSignal | undefined): AbortSignal | undefined {
  if (value === undefined || (typeof value?.aborted === 'boolean' && typeof value.addEventListener === 'function')) return value;
  return refuse('signal', 'an AbortSignal', value);
}

/** A string, or nothing. */
export function text(value: unknown, option: string): string | undefined {
  return value === undefined || typeof value === 'string' ? value : refuse(option, 'a string', value);
}

/** A boolean. */
export function flag(value: unknown, option: string, fallback: boolean): boolean {
  return value === undefined ? fallback : typeof value === 'boolean' ? value : refuse(option, 'a boolean', value);
}

/** A function. */
export function callable<T>(value: T, option: string): T {
  return typeof value === 'function' ? value : refuse(option, 'a function', value);
}
