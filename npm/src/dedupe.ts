/**
 * GETs that are alike and under way at once share one transfer.
 *
 * The transfer has a request of its own, which follows no caller's signal: it is aborted when its last caller is gone. Each caller has a
 * seat, and a response of its own: a clone, or for the last one the response itself, so that none is left over to be kept in memory.
 */
import type { Call } from './call.js';
import type { CallSettings } from './fetch-options.js';
import type { Rank } from './options.js';
import { Reading } from './reading.js';
import { hasBody, observe } from './response.js';
import type { Slot } from './slot.js';
import { Transfer } from './transfer.js';

/** Sends a request by its lane. */
type Send = (request: Request) => { readonly call: Call; readonly response: Promise<Response> };

/** What makes calls alike; undefined for one that is like no other. */
function likeness(request: Request, lane: string, { priority: _, id: __, ...settings }: CallSettings): string | undefined {
  const { method, url, headers, mode, credentials, cache, redirect, referrer, referrerPolicy, integrity } = request;
  const functions = [settings.onDownloadProgress, settings.onUploadProgress, ...Object.values(settings.retry ?? {})];
  if (method !== 'GET' || mode === 'navigate' || functions.some((value) => typeof value === 'function')) return undefined;
  return JSON.stringify([lane, url, [...headers], mode, credentials, cache, redirect, referrer, referrerPolicy, integrity, settings]);
}

/**
 * Waits, but no longer than its caller does, who is gone in the very turn of an abort. Nothing is left of the listener: what could still
 * reject a promise leads to what it was resolved with.
 */
async function orAborted<T>(promise: Promise<T>, transfer: Transfer): Promise<T> {
  const { signal } = transfer;
  let stop!: () => void;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(signal.reason);
      transfer.end();
    };
  });
  signal.addEventListener('abort', stop);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Its caller was aborted in the instant of the hand-over. */
function abandon(response: Response, reason: unknown): never {
  response?.body?.cancel(reason).catch(() => {});
  throw reason;
}

/** One transfer with several callers. */
class Share {
  readonly #controller = new AbortController();
  readonly #call: Call;
  /** Undefined once it is there: a seat must not lead to it. */
  #response: Promise<Response> | undefined;
  /** Nobody may join any more. */
  readonly #close: () => void;
  readonly #seats = new Set<Slot>();
  /** How many of them have no response yet. */
  #expecting = 0;

  constructor(request: Request, send: Send, close: () => void) {
    const { referrer, referrerPolicy } = request;
    const sent = send(new Request(request, { __proto__: null, signal: this.#controller.signal, referrer, referrerPolicy } as RequestInit));
    this.#call = sent.call;
    this.#response = sent.response;
    this.#close = () => {
      this.#response = undefined;
      close();
    };
    sent.response.then(this.#close, this.#close);
  }

  /** The response of one caller. */
  async join(request: Request, priority: Rank): Promise<Response> {
    this.#call.raise(priority);
    const transfer = this.#seat(request);
    try {
      const response = await this.#part(this.#response!, transfer);
      if (transfer.signal.aborted) abandon(response, transfer.signal.reason);
      if (hasBody(request, response)) observe(response, new Reading(transfer, response, { timing: this.#call.timing, isShared: true }), false);
      return response;
    } finally {
      if (!transfer.reading) transfer.end();
    }
  }

  /** Follows the caller's signal, as every transfer does. What stands for its permit is the seat; no clock is ever set on that. */
  #seat(request: Request): Transfer {
    const { signal } = request;
    const seat = { signal, release: () => this.#leave(seat) } as Slot;
    this.#seats.add(seat);
    return new Transfer(seat, request, true);
  }

  /** One caller's part of the response. */
  async #part(whole: Promise<Response>, transfer: Transfer): Promise<Response> {
    this.#expecting++;
    let response;
    try {
      response = await orAborted(whole, transfer);
    } finally {
      this.#expecting--;
    }
    return this.#expecting ? response.clone() : response;
  }

  /** One is gone. With the last of them goes what is left of the transfer. */
  #leave(seat: Slot): void {
    if (!this.#seats.delete(seat) || this.#seats.size) return;
    this.#close();
    this.#controller.abort(seat.signal.reason);
  }
}

/** What is shared now. */
export class Shares {
  readonly #open = new Map<string, Share>();

  /** Sends a request, unless one like it is on its way. */
  send(request: Request, lane: string, settings: CallSettings, send: Send): Promise<Response> {
    const key = likeness(request, lane, settings);
    if (key === undefined) return send(request).response;
    return this.#find(key, request, send).join(request, settings.priority ?? 0);
  }

  #find(key: string, request: Request, send: Send): Share {
    const open = this.#open.get(key);
    if (open) return open;
    const share = new Share(request, send, () => {
      if (this.#open.get(key) === share) this.#open.delete(key);
    });
    this.#open.set(key, share);
    return share;
  }
}
