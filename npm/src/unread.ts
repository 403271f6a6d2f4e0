/**
 * Tells a developer, once, of responses nobody reads.
 */

/** A bundler's or Node's; elsewhere there is none. */
declare const process: { env: Record<string, string | undefined> } | undefined;

/** Whether developers are not to be told anything. */
export const inProduction = () => typeof process !== 'undefined' && process.env?.NODE_ENV === 'production';

/** Returns what to call for every permit taken from an unread response. It speaks once, of all there were in that turn. */
export function unreadWarning(): (lane: string) => void {
  const count = new Map<string, number>();
  let told = inProduction();
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
