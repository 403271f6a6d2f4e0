/**
 * The Rust core: made on first use, synchronously, from the bytes inlined in this package. Only integers and times cross.
 *
 * It never calls JavaScript and never panics. Should it trap nevertheless, nothing it counts can be trusted any more: all ponds are
 * told, and every later call answers -1, which no caller takes for good news.
 */
import bytes from './wasm/bytes.js';
import { type InitOutput, initSync } from './wasm/core.js';

/** The exports of `src/js.rs`, as the instance gives them: `u32` results come signed, `bool` ones as 0 and 1. */
export type Core = Omit<InitOutput, 'memory' | `__wbindgen_${string}`>;

/** Whoever holds tickets of the core. */
export interface Holder {
  break(error: Error): void;
}

/** In the place of a limit: none. In the place of a lane: the whole pond. */
export const UNLIMITED = -1;
/** In the place of a ticket or a handle: none. */
export const NONE = -1;
/** Set in a ticket that holds a permit from the beginning. */
export const STARTED = 1 << 30;
/** The part of a ticket that is its index; the rest is its generation. */
export const INDEX = 0xff_ffff;

type Call = (a?: number, b?: number, c?: number, d?: number) => number;

const holders = new Set<WeakRef<Holder>>();
const collected = new FinalizationRegistry<[holder: WeakRef<Holder>, pond: number]>(([holder, pond]) => {
  holders.delete(holder);
  core.pond_free(pond);
});

/** The calls; undefined until {@link load}. */
export let core: Core;
/** Why the core can no longer be used. */
export let broken: Error | undefined;

/** Makes the core if there is none yet. Throws if it cannot be, or has trapped. */
export function load(): void {
  if (broken) throw broken;
  core ??= guarded(instantiate());
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

function guarded(raw: InitOutput): Core {
  const calls: Record<string, Call> = {};
  for (const [name, call] of Object.entries(raw)) if (typeof call === 'function') calls[name] = guard(call as Call);
  return calls as unknown as Core;
}

function guard(call: Call): Call {
  return (a, b, c, d) => {
    if (broken) return NONE;
    try {
      return call(a, b, c, d);
    } catch (cause) {
      trap(cause);
      return NONE;
    }
  };
}

function trap(cause: unknown): void {
  broken = coded('the core has failed, its pools are lost', 'BROKEN', cause);
  for (const holder of holders) holder.deref()?.break(broken);
}

function coded(message: string, code: string, cause: unknown): Error {
  return Object.assign(new Error(`millpond: ${message}`, { cause }), { code: `ERR_MILLPOND_${code}` });
}
