/**
 * The types of `createFetch`, as a consumer meets them. Compiling it is the test.
 */
import { type AdaptiveOptions, createFetch, type FetchOptions, type FetchRetryOptions, type FetchRetryState, type LaneOptions, type PondFetch, type PondInit, type Pool, type PoolStats } from '../../dist/index.js';

// It stands wherever fetch stands, and fetch where its base does.
const standIn: typeof fetch = createFetch();
const global: typeof globalThis.fetch = createFetch({ fetch });
const nested: PondFetch = createFetch({ fetch: createFetch() });
const response: Promise<Response> = standIn(new URL('https://a.example'), { pond: { priority: 3 }, priority: 'low' });

const lane: LaneOptions = { concurrency: 2, queueCapacity: 10, releaseOn: 'headers', unreadGrace: Infinity, timeout: undefined };
const options: FetchOptions = { ...lane, maxConcurrency: 24, idleTimeout: 0, lifetime: 1, lane: (request) => request.url, lanes: { 'https://a.example': lane } };
createFetch({ lanes: (name) => (name === 'x' ? lane : undefined), lane: () => null });
const pond: PondInit = { priority: 'high', queueTimeout: 1, timeout: 1, bodyTimeout: 1, totalTimeout: 1, releaseOn: 'body', lane: null, id: 'x' };

const adaptive: AdaptiveOptions = { min: 2, max: undefined };
const retry: FetchRetryOptions = {
  limit: 3, methods: ['GET', 'post'], statusCodes: [429], afterStatusCodes: [], maxRetryAfter: 1, delay: (attempt) => attempt, backoffLimit: 5, jitter: true,
  retryOnTimeout: true, retryOnNetworkError: undefined, shouldRetry: async ({ response, error, attempt }: FetchRetryState) => (response?.status === 500 || error ? attempt < 2 : undefined),
};
createFetch({ retry, adaptive, pauseOnRetryAfter: false, interval: 1000, intervalCap: 5, lanes: { x: { retry: 2, adaptive: true } } })('x', { pond: { retry: 0 } });

const pool: Pool = nested.lanes.get('https://a.example');
const stats: PoolStats = nested.stats;
const closed: Promise<void> = nested.close();
export async function using(): Promise<void> {
  await using disposed = createFetch(options);
  await disposed('https://a.example', { pond });
}

// @ts-expect-error unknown option
createFetch({ concurency: 2 });
// @ts-expect-error unknown option
createFetch({ retry: { limits: 2 } });
// @ts-expect-error of lanes, not of calls
standIn('x', { pond: { adaptive: true } });
// @ts-expect-error not a time
createFetch({ timeout: '5s' });
// @ts-expect-error not a word of fetch's
standIn('https://a.example', { pond: { priority: 'urgent' } });
// @ts-expect-error unknown option
standIn('https://a.example', { pond: { queueTimout: 5 } });
// @ts-expect-error read only
nested.lanes = nested.lanes;
// @ts-expect-error an argument is needed
standIn();

export { closed, global, pool, response, stats };
