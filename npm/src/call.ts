/**
 * One call that goes by a lane: what it was told, and what is told of it.
 */
import { type Asked, requestOf } from './asked.js';
import type { CallSettings } from './fetch-options.js';
import type { Attempts } from './fetch-retry.js';
import type { Task } from './handle.js';
import { type Rank, rank } from './options.js';
import { bodySize, downloadMeter, Meter } from './progress.js';
import type { Watch } from './reading.js';
import type { Announcer, FetchEventDetail, FetchEvents } from './request-events.js';
import { Timing, type Timings } from './timing.js';

export class Call {
  readonly lane: string;
  readonly asked: Asked;
  readonly settings: CallSettings;
  /** What its attempts share, if there may be several. */
  readonly attempts: Attempts | undefined;
  readonly timing: Timing;
  readonly #events: Announcer;
  /** The size of the request's body, if there is one and its progress is watched. */
  readonly #size: number | undefined;
  /** As long as it waits. No longer: it leads to the response. */
  #task: Task<Response> | undefined;
  #request: Request | undefined;

  constructor(lane: string, asked: Asked, body: unknown, settings: CallSettings, attempts: Attempts | undefined, timings: Timings, events: Announcer) {
    this.lane = lane;
    this.asked = asked;
    this.settings = settings;
    this.attempts = attempts;
    this.timing = new Timing(timings, lane);
    this.#events = events;
    if (settings.onUploadProgress && ((asked as Request).body ?? body)) this.#size = bodySize(body);
  }

  /** Made when somebody wants to see it, if it was not asked for by one. */
  get request(): Request {
    return (this.#request ??= requestOf(this.asked));
  }

  /** What measures the way of the request's body, if anybody wants to know. */
  upload(): Meter | undefined {
    return this.#size === undefined ? undefined : new Meter(this.settings.onUploadProgress!, this.#size);
  }

  /** Somebody else needs it too, and may be in more of a hurry. */
  raise(priority: Rank): void {
    if (this.#task && rank(priority, 'priority').priority > this.#task.priority) this.#task.priority = priority;
  }

  /** It waits. */
  queue(task: Task<Response>): void {
    this.#task = task;
    this.#tell('queue');
  }

  /** It leaves. */
  send(): void {
    this.#task = undefined;
    this.timing.send();
    this.#tell('request');
  }

  /** The headers have come. */
  receive(response: Response): void {
    this.timing.receive(response);
    this.#tell('response', { response, timing: this.timing });
  }

  /** How to follow the body of its response. */
  watch(response: Response): Watch {
    const { onDownloadProgress } = this.settings;
    return {
      timing: this.timing,
      meter: onDownloadProgress && downloadMeter(onDownloadProgress, response),
      over: this.#events.hears('settle') ? (error) => this.settle(response, error) : undefined,
    };
  }

  /** It is over. */
  settle(response: Response | undefined, error?: unknown): void {
    this.#tell('settle', { ...(response && { response, timing: this.timing }), ...(error !== undefined && { error }) });
  }

  #tell(type: keyof FetchEvents, more?: Pick<FetchEventDetail, 'response' | 'error'> & { timing?: Timing }): void {
    this.#events.tell(type, () => {
      const { timing, ...rest } = more ?? {};
      return { lane: this.lane, request: this.request, ...rest, ...(timing && { timing: timing.report() }) };
    });
  }
}
