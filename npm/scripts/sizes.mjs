// Prints what the package weighs, and fails when the part every user downloads, or what a bundler leaves of it, has grown beyond its limit.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

// Bytes, wasm included, gzipped: of dist/index.js, and of a program that has nothing but `limit`.
const LIMITS = { 'index.js': 30_600, limit: 22_300 };

const dist = new URL('../dist/', import.meta.url);
const weighBytes = (bytes) => [bytes.length, gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length];
const weigh = (file) => weighBytes(readFileSync(file));

/** What a bundler leaves of the package for somebody who uses one name of it. */
async function weighAlone(name) {
  const stdin = { contents: `export { ${name} } from './index.js';`, resolveDir: fileURLToPath(dist) };
  const { outputFiles } = await build({ stdin, bundle: true, minify: true, format: 'esm', write: false });
  return weighBytes(outputFiles[0].contents);
}

const row = (name, cells) => console.log(name.padEnd(28), ...cells.map((cell) => String(cell).padStart(8)));

const tarball = process.argv[2];
const weights = { 'index.js': weigh(new URL('index.js', dist)), limit: await weighAlone('limit') };
row('bytes', ['raw', 'gzip', 'brotli']);
row('core.wasm', weigh(new URL('core.wasm', dist)));
row('index.js (wasm inlined)', weights['index.js']);
row('limit alone', weights.limit);
if (tarball) row('tarball', ['', readFileSync(tarball).length, '']);

for (const [name, most] of Object.entries(LIMITS)) {
  const [, gzip] = weights[name];
  if (gzip > most) {
    console.error(`${name} is ${gzip} bytes gzipped, more than the ${most} it may have`);
    process.exitCode = 1;
  }
}
