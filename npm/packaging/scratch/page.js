// The same as esm.mjs, in a page that Vite has bundled.
import { createFetch } from 'millpond';
import { load } from './load.mjs';

globalThis.work = ({ origins, count, limit }) => load(limit ? createFetch({ concurrency: limit }) : fetch, origins, count);
