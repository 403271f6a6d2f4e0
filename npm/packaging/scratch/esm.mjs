// `node esm.mjs '{"origins": […], "count": 1000, "limit": 6}'` in the installed project; without a limit: plain fetch.
// Nothing is closed at the end: the process has to exit by itself.
import { createFetch } from 'millpond';
import { load } from './load.mjs';

const { origins, count, limit } = JSON.parse(process.argv[2]);
const limited = limit ? createFetch({ concurrency: limit }) : fetch;
console.log(JSON.stringify({ wrong: await load(limited, origins, count) }));
