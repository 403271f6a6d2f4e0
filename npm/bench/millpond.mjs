// The package under test, as it was built.
export { createFetch, limit, Pool, PoolManager } from '../dist/index.js';
