/**
 * millpond: pools that limit how many tasks run at once, and `fetch` with a lane per origin. Nothing happens at import.
 */
export { Pool, type PoolOptions } from './pool.js';
export type { EndEventDetail, ErrorEventDetail, PoolEvents, SubmitEventDetail, TaskEventDetail } from './events.js';
export { type MapInput, type Mapped, type Mapper, type MapSettledOptions, skip, stop } from './mapping.js';
export type { MapOptions } from './map.js';
export type { Permit, PermitOptions } from './permit.js';
export type { RunningTask } from './running.js';
export type { ResultStream, StreamOptions } from './stream.js';
export { createFetch, type PondFetch } from './fetch.js';
export type { ExtendOptions, FetchOptions, LaneOptions, PondInit } from './fetch-options.js';
export type { Progress, ProgressListener } from './progress.js';
export type { FetchEventDetail, FetchEvents } from './request-events.js';
export type { FetchTiming } from './timing.js';
export { type OptionError, PoolClosedError, QueueFullError, TimeoutError, type TimeoutPhase } from './errors.js';
export type { EndState, Task, TaskContext, TaskFunction, TaskState } from './handle.js';
export type { RunOptions } from './run-options.js';
export type { WaitOptions } from './scope.js';
export type { Lease } from './lease.js';
export { limit, type LimitFunction, limitFunction, type LimitOptions } from './limit.js';
export { PoolManager } from './manager.js';
export type { PoolManagerErrorDetail, PoolManagerEventDetail, PoolManagerEvents } from './manager-events.js';
export type { PoolManagerOptions, PoolOverrides } from './manager-options.js';
export type { Priority, Rank } from './options.js';
export type { PoolStats } from './stats.js';
export type { PoolTimings, Summary } from './timings.js';
export type { RetryOptions, RetryRules, RetryState } from './retry.js';
export type { FetchRetryOptions, FetchRetryState } from './fetch-retry.js';
export type { AdaptiveOptions } from './adaptive.js';
