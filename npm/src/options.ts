/**
 * Checks what callers pass in. Everything is read once and checked before anything is changed.
 */
import type { OptionError } from './errors.js';

/** Higher starts first; the names of `fetch` stand for 1, 0 and -1. */
export type Priority = number | 'high' | 'auto' | 'low';

/** A priority, or a function that says it: asked by `run()` and again by every `reprioritize()`. */
export type Rank = Priority | (() => Priority);

/** The longest delay a timer of the platform takes. */
const LONGEST = 2 ** 31 - 1;
/** The core keeps a weight in 24 bits. */
const HEAVIEST = 2 ** 24;

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

/** Checks one option, and returns it as it is to be used. It is not asked about one that is undefined. */
export type Rule = (value: unknown, option: string) => unknown;

/** Those of the options that are there, each read once and checked; none may have another name. Errors put `prefix` before the names. */
export function check<T>(options: T | undefined, rules: Readonly<Record<string, Rule>>, where: string, prefix = ''): Record<string, unknown> {
  const checked: Record<string, unknown> = {};
  if (options === undefined) return checked;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) refuse(where, 'an object', options);
  const names = Object.keys(rules);
  for (const name of Object.keys(options)) if (!names.includes(name)) unknown(where, name, names);
  for (const name of names) {
    const value = (options as Record<string, unknown>)[name];
    if (value !== undefined) checked[name] = rules[name]!(value, prefix + name);
  }
  return checked;
}

function unknown(where: string, name: string, names: readonly string[]): never {
  const nearest = [...names].sort((a, b) => likeness(name, b) - likeness(name, a))[0]!;
  const hint = likeness(name, nearest) * 2 > name.length ? ` (${nearest}?)` : '';
  refuse(name, `one of ${names.join(', ')}${hint} in ${where}`, name, RangeError);
}

/** How many pairs of letters of one name are in the other. */
function likeness(a: string, b: string): number {
  const [one, other] = [a.toLowerCase(), b.toLowerCase()];
  return [...one].filter((letter, i) => other.includes(letter + (one[i + 1] ?? ''))).length;
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
export function limit(value: unknown, option: string): number {
  return count(value, option, 1);
}

/** How many may wait. */
export function capacity(value: unknown, option: string): number {
  return count(value, option, 0);
}

/** A time span in milliseconds that is more than nothing. */
export function span(value: unknown, option: string): number {
  return duration(value, option) || refuse(option, 'more than 0 milliseconds', value, RangeError);
}

/** A time span in milliseconds. */
export function duration(value: unknown, option: string): number {
  return number(value, option, `a number of milliseconds from 0 to ${LONGEST}, or Infinity`, (ms) => ms === Infinity || (ms >= 0 && ms <= LONGEST));
}

const NAMES = new Map<unknown, number>([['high', 1], ['auto', 0], ['low', -1]]);

/** A priority as a number. */
export function priority(value: unknown, option: string): number {
  const rule = "a finite number, or 'high', 'auto' or 'low'";
  if (typeof value === 'string') return NAMES.get(value) ?? refuse(option, rule, value, RangeError);
  return number(value, option, rule, Number.isFinite);
}

/** What a priority is now, and how to ask for it again. */
export interface Ranked {
  readonly priority: number;
  readonly ask: (() => number) | undefined;
}

/** A priority, or a function that says it. */
export function rank(value: unknown, option: string): Ranked {
  if (typeof value !== 'function') return { priority: priority(value, option), ask: undefined };
  const ask = () => priority(value(), `what ${option}() has returned`);
  return { priority: ask(), ask };
}

/** How many units of the limit. */
export function weight(value: unknown, option: string): number {
  return number(value, option, `an integer from 1 to ${HEAVIEST}`, (n) => Number.isInteger(n) && n >= 1 && n <= HEAVIEST);
}

/** One of some words; returns which. */
export function oneOf(...words: string[]): Rule {
  return (value, option) => {
    const which = words.indexOf(value as string);
    if (which >= 0) return which;
    refuse(option, words.map((word) => `'${word}'`).join(' or '), value, typeof value === 'string' ? RangeError : TypeError);
  };
}

/** An AbortSignal, of this realm or another. */
export function signal(value: unknown, option: string): AbortSignal {
  const { aborted, addEventListener } = Object(value) as AbortSignal;
  return typeof aborted === 'boolean' && typeof addEventListener === 'function' ? value as AbortSignal : refuse(option, 'an AbortSignal', value);
}

/** A string. */
export function text(value: unknown, option: string): string {
  return typeof value === 'string' ? value : refuse(option, 'a string', value);
}

/** A boolean. */
export function flag(value: unknown, option: string): boolean {
  return typeof value === 'boolean' ? value : refuse(option, 'a boolean', value);
}

/** A function. */
export function callable<T>(value: T, option: string): T {
  return typeof value === 'function' ? value : refuse(option, 'a function', value);
}
