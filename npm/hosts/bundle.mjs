// All portable cases in one module, as a user's bundler would make it: `millpond` comes from the project it is installed in.
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const shim = (name) => fileURLToPath(new URL(`shim/${name}.mjs`, import.meta.url));

/**
 * @param {string} cases their folder, in that project
 * @param {string} outfile
 * @param {number} limit how many ms of real time a test may take
 */
export async function bundleCases(cases, outfile, limit = 30_000) {
  const files = (await readdir(cases)).filter((name) => name.endsWith('.test.mjs')).sort();
  await build({
    stdin: { contents: entry(files), resolveDir: cases }, outfile,
    // Neutral: nothing of Node and nothing of browsers is put in, and `process.env.NODE_ENV` stays what it is.
    bundle: true, format: 'esm', target: 'es2022', platform: 'neutral', mainFields: ['module', 'main'], logLevel: 'warning',
    alias: { 'node:test': shim('test'), 'node:assert/strict': shim('assert') },
    // Of `process`, which browsers do not have, `assert` needs this.
    define: { LIMIT: String(limit), 'process.env.NODE_DEBUG': 'undefined', 'process.stderr': 'undefined' },
  });
}

/** A module whose `run(tell)` plays the files. Each is loaded on its own, so that what fails at import has a name. */
function entry(names) {
  const files = names.map((name) => `await file('${name.replace('.test.mjs', '')}', () => import('./${name}'))`);
  return `import { file, play } from 'node:test';
    export const run = async (tell) => play([${files.join(',\n')}], tell);`;
}
