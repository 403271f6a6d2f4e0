/**
 * How long tasks wait and run: counted in classes that grow evenly by a ratio, so that a percentile is right within 2.2 % whatever the span.
 */
import { now } from './turn.js';

/** A distribution, in milliseconds. Percentiles are right within 2.2 %, the rest is exact; all are 0 as long as nothing was counted. */
export interface Summary {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** How long the tasks of a pool that have started took. */
export interface PoolTimings {
  /** From `run()` to the call of the function; 0 of those that started at once. */
  readonly waiting: Summary;
  /** From the call of the function until the permit was back, of those where it is. */
  readonly running: Summary;
}

/** Classes in a doubling of the span. */
const FINENESS = 16;
/** Below that it is all the same, in milliseconds. */
const LEAST = 0.001;

class Distribution {
  readonly #classes = new Map<number, number>();
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = 0;

  add(ms: number): void {
    const span = Math.max(ms, 0);
    const place = Math.floor(Math.log2(Math.max(span, LEAST)) * FINENESS);
    this.#classes.set(place, (this.#classes.get(place) ?? 0) + 1);
    this.#count++;
    this.#sum += span;
    this.#min = Math.min(this.#min, span);
    this.#max = Math.max(this.#max, span);
  }

  get summary(): Summary {
    const count = this.#count;
    if (!count) return { count, mean: 0, min: 0, max: 0, p50: 0, p95: 0, p99: 0 };
    const classes = [...this.#classes].sort(([a], [b]) => a - b);
    return { count, mean: this.#sum / count, min: this.#min, max: this.#max, p50: this.#at(classes, 0.5), p95: this.#at(classes, 0.95), p99: this.#at(classes, 0.99) };
  }

  /** The middle of the class that so many have not gone beyond. */
  #at(classes: readonly [place: number, count: number][], share: number): number {
    let left = Math.ceil(share * this.#count);
    const [place] = classes.find(([, count]) => (left -= count) <= 0)!;
    return Math.min(this.#max, Math.max(this.#min, 2 ** ((place + 0.5) / FINENESS)));
  }
}

/** When a task came, and when it started. */
interface Times {
  readonly since: number;
  started: number;
}

/** Both distributions of a lane. @internal */
export class Timings {
  readonly #waiting = new Distribution();
  readonly #running = new Distribution();

  start(times: Times): void {
    times.started = now();
    this.#waiting.add(times.started - times.since);
  }

  end({ started }: Times): void {
    this.#running.add(now() - started);
  }

  get summary(): PoolTimings {
    return { waiting: this.#waiting.summary, running: this.#running.summary };
  }
}
