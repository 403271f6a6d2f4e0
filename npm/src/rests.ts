/**
 * Those who rest until a time, with one timer for all of them.
 */
import { Alarm, now } from './turn.js';

interface Resting {
  wake(): void;
}

export class Rests {
  readonly #until = new Map<Resting, number>();
  readonly #alarm = new Alarm(() => this.#ring(), false);

  /** Is woken at that time, instead of any it has named before. */
  set(who: Resting, at: number): void {
    this.#until.set(who, at);
    this.#alarm.by(at);
  }

  delete(who: Resting): void {
    if (this.#until.delete(who) && !this.#until.size) this.#alarm.set(Infinity);
  }

  #ring(): void {
    const time = now();
    for (const [who, at] of this.#until) {
      if (at > time) continue;
      this.#until.delete(who);
      who.wake();
    }
    this.#reset();
  }

  #reset(): void {
    let next = Infinity;
    for (const at of this.#until.values()) next = Math.min(next, at);
    this.#alarm.set(next);
  }
}
