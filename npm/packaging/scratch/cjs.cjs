// The same as esm.mjs for a project that still uses `require`.
const { createFetch } = require('millpond');

const { origins, count, limit } = JSON.parse(process.argv[2]);
import('./load.mjs')
  .then(({ load }) => load(createFetch({ concurrency: limit }), origins, count))
  .then((wrong) => console.log(JSON.stringify({ wrong })));
