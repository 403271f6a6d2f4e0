/**
 * The Rust core: made on first use, synchronously, from the bytes inlined in this package. Only integers and times cross.
 *
 * It never calls JavaScript and never panics. Should it trap nevertheless, nothing it counts can be trusted any more: all ponds are
 * told, and every later call answers -1, which no caller takes for good news.
 */
import { POND_FREE } from './calls.js';
import bytes from './wasm/bytes.js';
import { type InitOutput, initSync } from './wasm/core.js';

/** Whoever holds tickets of the core. */
export interface Holder {
  break(error: Error): void;
}

/** The answer to everything once it has trapped. */
const TRAPPED = -1;
/** In the place of a lane: the whole pond. */
export const ALL = -1;
/** Set in a ticket that holds a permit from the beginning, and in one after which another may start. */
export const FLAG = 1 << 30;
/** The part of a ticket that is its index; the rest is its generation. */
export const INDEX = 0xff_ffff;

const holders = new Set<WeakRef<Holder>>();
const collected = /* @__PURE__ */ new FinalizationRegistry<[holder: WeakRef<Holder>, pond: number]>(([holder, pond]) => {
  holders.delete(holder);
  act(POND_FREE, pond);
});

/** Undefined until {@link load}. */
let core: InitOutput | undefined;
/** Why the core can no longer be used. */
export let broken: Error | undefined;

/** Makes the core if there is none yet. Throws if it cannot be, or has trapped. */
export function load(): void {
  if (broken) throw broken;
  core ??= instantiate();
}

/** Is told of a trap for as long as it lives; its pond is freed after that. */
export function register(holder: Holder, pond: number): void {
  const weak = new WeakRef(holder);
  holders.add(weak);
  collected.register(holder, [weak, pond]);
}

function instantiate(): InitOutput {
  try {
    return initSync({ module: decode(bytes) });
  } catch (cause) {
    throw coded("WebAssembly cannot be compiled: a Content-Security-Policy has to allow 'wasm-unsafe-eval'", 'WASM', cause);
  }
}

/** From the text `scripts/core.mjs` has made of the module: see there. */
function decode(text: string): Uint8Array<ArrayBuffer> {
  const bytes = [];
  let high = 0;
  for (const char of text) {
    const code = char.charCodeAt(0) - 35;
    // A mark: a space or a `!`. The row of the others leaves out `<` and backslash.
    if (code < 0) high = 90 * (code + 4);
    else {
      bytes.push(high + code - Number(code > 25) - Number(code > 57));
      high = 0;
    }
  }
  return new Uint8Array(bytes);
}

/** Has the core do something: `what` is one of `calls.ts`. */
export function act(what: number, pond: number, id = 0, number = 0, at = 0): number {
  try {
    return broken ? TRAPPED : core!.act(what, pond, id, number, at);
  } catch (cause) {
    return trap(cause);
  }
}

/** Has the core tell a number about a lane, or about the pond. */
export function read(pond: number, lane: number, which: number): number {
  try {
    return broken ? TRAPPED : core!.read(pond, lane, which);
  } catch (cause) {
    return trap(cause);
  }
}

function trap(cause: unknown): number {
  broken = coded('the core has failed, its pools are lost', 'BROKEN', cause);
  for (const holder of holders) holder.deref()?.break(broken);
  return TRAPPED;
}

function coded(message: string, code: string, cause: unknown): Error {
  return Object.assign(new Error(`millpond: ${message}`, { cause }), { code: `ERR_MILLPOND_${code}` });
}
