/**
 * What a lane learns from its server's answers: to wait, and how much to send at once.
 */
import { Adaptive, type AdaptiveOptions } from './adaptive.js';
import type { Lane } from './lane.js';
import { retryAfter } from './retry-after.js';
import type { Slot } from './slot.js';
import { COUNTERS } from './stats.js';
import { now } from './turn.js';

/** Too much was asked of the server. */
const OVERLOADED = [429, 503];

export class Feedback {
  readonly #lane: Lane;
  readonly #adaptive: Adaptive | undefined;

  constructor(lane: Lane, adaptive: AdaptiveOptions | undefined) {
    this.#lane = lane;
    if (adaptive) this.#adaptive = new Adaptive(lane.concurrency, adaptive);
  }

  /** A request is sent. Returns what is to be told of its response; `longest` is how long the lane waits at most if it is asked to. */
  watch(slot: Slot, longest: number): (response: Response) => void {
    const round = this.#learn()?.round ?? 0;
    slot.onTimeout = ({ phase }) => { if (phase !== 'total') this.#complain(round); };
    return (response) => {
      if (OVERLOADED.includes(response?.status)) {
        this.#complain(round);
        this.#pause(retryAfter(response.headers), longest);
      } else if (response?.status < 500) this.#learn((adaptive) => adaptive.praise(round));
    };
  }

  #pause(after: number | undefined, longest: number): void {
    if (after !== undefined && after <= longest) this.#lane.holdUntil(now() + after);
  }

  #complain(round: number): void {
    this.#learn((adaptive) => adaptive.complain(round, this.#lane.stat(COUNTERS.running)));
  }

  /** What somebody else has set the limit to counts. */
  #learn(lesson?: (adaptive: Adaptive) => void): Adaptive | undefined {
    const adaptive = this.#adaptive;
    if (!adaptive) return undefined;
    const { concurrency } = this.#lane;
    adaptive.rebase(concurrency);
    lesson?.(adaptive);
    if (adaptive.limit !== concurrency) this.#lane.resize(adaptive.limit);
    return adaptive;
  }
}
