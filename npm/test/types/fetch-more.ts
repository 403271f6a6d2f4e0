/**
 * The types of what a fetch has besides its calls. Compiling it is the test.
 */
import {
  createFetch, type ExtendOptions, type FetchEventDetail, type FetchEvents, type FetchTiming, type PondFetch, type PondInit, type Progress, type ProgressListener,
} from '../../dist/index.js';

const fetch = createFetch({ dedupe: true, offline: 'pause', onFull: 'respond', order: 'lifo', aging: 1000, overflow: 'drop-oldest', timings: true });
createFetch({ lanes: { 'https://a.example': { dedupe: undefined, onFull: 'reject', overflow: undefined } }, offline: undefined });

export async function timing(response: Response): Promise<number | undefined> {
  const timing: FetchTiming | undefined = fetch.timing(response);
  // @ts-expect-error read only
  if (timing) timing.queued = 1;
  // @ts-expect-error may be unknown
  const body: number = timing!.body;
  return timing?.bytes ?? body;
}

const told: ProgressListener = ({ percent, transferredBytes, totalBytes }: Progress, chunk) => {
  const size: number = chunk.byteLength + percent + transferredBytes + totalBytes;
  return size;
};
const pond: PondInit = { onDownloadProgress: told, onUploadProgress: undefined, dedupe: false, onFull: 'reject', priority: () => 'high' };
const defaults: ExtendOptions = { priority: 3, timeout: 1, lane: null, onUploadProgress: told };
const extended: PondFetch = fetch.extend(defaults).extend().create({ concurrency: 2 });
const pipeline = (base: typeof globalThis.fetch): typeof globalThis.fetch => createFetch({ fetch: base });

extended.addEventListener('response', ({ detail }) => {
  const { lane, request, response, error, timing }: FetchEventDetail = detail;
  return [lane.length, request.url, response?.status, error, timing?.queued];
}, { once: true });
const listener = (event: FetchEvents['settle']): unknown => event.detail.error;
extended.addEventListener('settle', listener);
extended.removeEventListener('settle', listener);

// @ts-expect-error limits are a matter of lanes
fetch.extend({ concurrency: 2 });
// @ts-expect-error a name is of one call
fetch.extend({ id: 'x' });
// @ts-expect-error not a word
createFetch({ onFull: 'answer' });
// @ts-expect-error lanes have no progress
createFetch({ onDownloadProgress: told });
// @ts-expect-error asked by a call only
createFetch({ lanes: { 'https://a.example': { offline: 'pause' } } });

export { pipeline, pond };
