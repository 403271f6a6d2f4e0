/**
 * A promise of the next error.
 */
import type { Lane, WaitOptions } from './lane.js';
import { check, signal } from './options.js';
import type { Pond } from './pond.js';

/** Rejects with the error of the first task that fails in those lanes; nobody has to handle it. @internal */
export function nextFailure(pond: Pond, isOurs: (lane: Lane) => boolean, options: WaitOptions | undefined): Promise<never> {
  const { signal: stop } = check(options, { signal }, 'options') as WaitOptions;
  const failure = new Promise<never>((_, reject) => {
    const end = (reason: unknown) => {
      pond.mourners.delete(mourn);
      stop?.removeEventListener('abort', aborted);
      reject(reason);
    };
    const mourn = (lane: Lane, error: unknown) => isOurs(lane) && end(error);
    const aborted = () => end(stop!.reason);
    pond.mourners.add(mourn);
    if (stop?.aborted) aborted();
    else stop?.addEventListener('abort', aborted);
  });
  failure.catch(() => {});
  return failure;
}
