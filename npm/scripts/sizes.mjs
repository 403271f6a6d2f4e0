// Prints what the package weighs, and fails when the part every user downloads has grown beyond its limit.
import { readFileSync } from 'node:fs';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const LIMIT = 29_000; // bytes of dist/index.js, wasm included, gzipped

const dist = new URL('../dist/', import.meta.url);
const weigh = (file) => {
  const bytes = readFileSync(file);
  return [bytes.length, gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length];
};
const row = (name, cells) => console.log(name.padEnd(28), ...cells.map((cell) => String(cell).padStart(8)));

const tarball = process.argv[2];
const index = weigh(new URL('index.js', dist));
row('bytes', ['raw', 'gzip', 'brotli']);
row('core.wasm', weigh(new URL('core.wasm', dist)));
row('index.js (wasm inlined)', index);
if (tarball) row('tarball', ['', readFileSync(tarball).length, '']);

if (index[1] > LIMIT) {
  console.error(`index.js is ${index[1]} bytes gzipped, more than the ${LIMIT} it may have`);
  process.exitCode = 1;
}
