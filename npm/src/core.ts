/**
 * The Rust core: made on first use, synchronously, from the bytes inlined in this package. Only integers and times cross.
 *
 * It never calls JavaScript and never panics. Should it trap nevertheless, nothing it counts can be trusted any more: all ponds are
 * told, and every later call answers -1, which no caller takes for good news.
 */
import { POND_FREE } from './calls.js';
import type { InitOutput } from './wasm/core.js';

/** Whoever holds tickets of the core. */
export interface Holder {
  break(error: Error): void;
}

/** The module in hex: `scripts/bundle.mjs` puts it at the end of the bundle. */
declare const MODULE: string;

/** What hosts read hex with: the newest have the first, Node and its like the second. */
interface Decoders {
  readonly Uint8Array: { readonly fromHex?: (hex: string) => Uint8Array<ArrayBuffer> };
  readonly Buffer?: { from(hex: string, encoding: 'hex'): Uint8Array<ArrayBuffer> };
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
    return new WebAssembly.Instance(new WebAssembly.Module(decode(MODULE))).exports as unknown as InitOutput;
  } catch (cause) {
    throw coded("WebAssembly cannot be compiled: a Content-Security-Policy has to allow 'wasm-unsafe-eval'", 'WASM', cause);
  }
}

/** By the host, if it can: a loop that no engine has compiled yet takes longer than all else at the first use. */
function decode(hex: string): Uint8Array<ArrayBuffer> {
  const { Uint8Array: { fromHex }, Buffer } = globalThis as unknown as Decoders;
  return fromHex?.(hex) ?? Buffer?.from(hex, 'hex') ?? Uint8Array.from(hex.match(/../g)!, (byte) => parseInt(byte, 16));
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
