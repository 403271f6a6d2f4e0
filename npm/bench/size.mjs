// What a page downloads: `node npm/bench/size.mjs [--quick] [scenario…]`. One JSON object per scenario on stdout.
//
// Each is a program that does nothing but export what is named, bundled and minified by esbuild. Bytes need no rounds.
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { args } from './args.mjs';
import { here } from './paths.mjs';

const PROGRAMS = {
  'millpond': `export * from 'millpond'`,
  'millpond Pool': `export { Pool } from 'millpond'`,
  'millpond limit': `export { limit } from 'millpond'`,
  'millpond PoolManager': `export { PoolManager } from 'millpond'`,
  'millpond createFetch': `export { createFetch } from 'millpond'`,
  'p-limit': `export { default } from 'p-limit'`,
  'p-queue': `export { default } from 'p-queue'`,
  'p-map': `export { default } from 'p-map'`,
  'fastq': `export { default } from 'fastq'`,
  'async.queue': `export { default } from 'async/queue.js'`,
  'async.priorityQueue': `export { default } from 'async/priorityQueue.js'`,
  'bottleneck': `export { default } from 'bottleneck'`,
  'promise-pool': `export { PromisePool } from '@supercharge/promise-pool'`,
  'Effect forEach': `import { Effect } from 'effect'; export const all = [Effect.forEach, Effect.promise, Effect.runPromise]`,
  'RxJS mergeMap': `export { from, lastValueFrom, mergeMap, toArray } from 'rxjs'`,
};

async function minified(contents) {
  const { outputFiles: [{ contents: bytes }] } = await build({
    stdin: { contents, resolveDir: here('.') }, write: false, bundle: true, minify: true, legalComments: 'none',
    format: 'esm', target: 'es2022', platform: 'browser', logLevel: 'error', alias: { millpond: here('../dist') }, define: { 'process.env.NODE_ENV': '"production"' },
  });
  return bytes;
}

const WEIGHTS = {
  'size-gzip': {
    title: 'Minified and compressed by gzip', weigh: (bytes) => gzipSync(bytes, { level: 9 }).length,
    targets: [{ of: 'millpond', at_most: 15_360 }, { of: 'millpond limit', at_most: 6144 }],
  },
  'size-brotli': { title: 'Minified and compressed by brotli', weigh: (bytes) => brotliCompressSync(bytes).length, targets: [] },
};

const { ids } = args(Object.keys(WEIGHTS));
const bundles = await Promise.all(Object.entries(PROGRAMS).map(async ([name, program]) => [name, await minified(program)]));
for (const [id, { title, weigh, targets }] of Object.entries(WEIGHTS).filter(([id]) => ids.includes(id))) {
  console.log(JSON.stringify({
    area: 'size', id, title, unit: 'bytes', targets,
    says: 'A program that only exports what is named, or the class or function of that name, as a bundler makes it for a page, dependencies and WebAssembly included. '
      + '"millpond" is all of it.',
    points: [{ samples: Object.fromEntries(bundles.map(([name, bytes]) => [name, [weigh(bytes)]])) }],
  }));
}
