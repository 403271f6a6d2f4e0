/**
 * Tells a developer, once, of responses nobody reads.
 */
import { isProduction } from './development.js';

/** Returns what to call for every permit taken from an unread response. It speaks once, of all there were in that turn. */
export function unreadWarning(): (lane: string) => void {
  const count = new Map<string, number>();
  let told = isProduction();
  const tell = () => {
    told = true;
    for (const [lane, n] of count) {
      console.warn(`millpond: ${n > 1 ? `${n} responses of ${lane} were` : `1 response of ${lane} was`} never read or cancelled, and so kept `
        + 'others waiting for all of `unreadGrace`. Read the body, or call `response.body.cancel()`, or fetch with `releaseOn: \'headers\'`.');
    }
    count.clear();
  };
  return (lane) => {
    if (told) return;
    if (!count.size) queueMicrotask(tell);
    count.set(lane, (count.get(lane) ?? 0) + 1);
  };
}
