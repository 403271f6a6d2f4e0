// A virtual clock: time passes when the test says so. It stands in for the platform's clocks and timers, which is what anybody's fake
// timers do, so that the package needs nothing of its own for it.
import { settle } from './tools.mjs';

/**
 * Takes over `performance.now`, `Date.now`, `setTimeout` and `clearTimeout` until the test (`t`) has ended. To be called before the pool is made.
 * `timers` says for when those are set that are.
 */
export function virtualClock(t) {
  const real = { now: performance.now, date: Date.now, setTimeout, clearTimeout };
  // By identity: what an earlier clock has given out is none of these.
  const timers = new Set();
  const begin = { now: Math.ceil(performance.now()), date: Date.now() };
  let time = 0;

  performance.now = () => begin.now + time;
  Date.now = () => begin.date + time;
  globalThis.setTimeout = (callback, delay = 0, ...args) => {
    // As Node's, and to be given to clearTimeout.
    const timer = { at: time + Math.max(0, delay), run: () => callback(...args), unref: () => timer, ref: () => timer };
    timers.add(timer);
    return timer;
  };
  globalThis.clearTimeout = (timer) => { timers.delete(timer); };
  t.after(() => {
    Object.assign(performance, { now: real.now });
    Date.now = real.date;
    Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout });
  });

  const earliest = () => [...timers].reduce((least, timer) => (!least || timer.at < least.at ? timer : least), undefined);

  const clock = {
    /** Milliseconds since the clock was taken over. */
    get time() { return time; },
    /** The times of the timers that are set, the earliest first. */
    get timers() { return [...timers].map(({ at }) => at).sort((a, b) => a - b); },
    /** Lets so much time pass. Timers go off at their times, and everything that follows has run before the next one does. */
    async advance(ms) {
      const end = time + ms;
      await settle();
      for (let timer = earliest(); timer && timer.at <= end; timer = earliest()) {
        timers.delete(timer);
        time = Math.max(time, timer.at);
        timer.run();
        await settle();
      }
      time = end;
      await settle();
    },
    /** Lets time pass, from timer to timer, until a promise has settled: however many turns the platform takes for its own part, as to read a body. */
    async settled(promise) {
      let isOver = false;
      const over = () => { isOver = true; };
      promise.then(over, over);
      for (let i = 0; !isOver && i < 10_000; i++) await clock.advance(Math.max(0, (earliest()?.at ?? time) - time));
      return promise;
    },
  };
  return clock;
}
