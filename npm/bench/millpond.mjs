// The package under test, as it was built. Pages get the same file from their bundle: see page.mjs.
import { pathToFileURL } from 'node:url';
import { dist } from './paths.mjs';

export const { createFetch, limit, Pool, PoolManager } = await import(new URL('index.js', `${pathToFileURL(dist)}/`).href);
