// Fills dist: one ESM and one CommonJS file, the raw wasm module, and the declarations for both kinds of import.
// `tsc` has written its declarations to dist before; those no user can reach are removed.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const npm = fileURLToPath(new URL('..', import.meta.url));
const dist = join(npm, 'dist');

for (const [format, name] of [['esm', 'index.js'], ['cjs', 'index.cjs']]) {
  await build({
    entryPoints: [join(npm, 'src/index.ts')], outfile: join(dist, name), format,
    bundle: true, minify: true, target: 'es2022', platform: 'neutral', legalComments: 'none', logLevel: 'warning',
  });
}
copyFileSync(join(npm, 'src/wasm/core_bg.wasm'), join(dist, 'core.wasm'));
for (const text of ['README.md', 'LICENSE-MIT', 'LICENSE-APACHE']) {
  if (existsSync(join(npm, '..', text))) copyFileSync(join(npm, '..', text), join(npm, text));
}

const specifier = /((?:from|import)\s*\(?\s*["']\.\/[^"']+)\.js(?=["'])/g;

/** Adds what `name`'s declarations import, themselves included, to `reached`. */
function reach(name, reached = new Map()) {
  const emitted = join(dist, `${name}.d.ts`);
  // Declarations nobody had to emit: those of the core.
  const text = readFileSync(existsSync(emitted) ? emitted : join(npm, 'src', `${name}.d.ts`), 'utf8');
  reached.set(name, text);
  for (const [, start] of text.matchAll(specifier)) {
    const next = start.slice(start.lastIndexOf('./') + 2);
    if (!reached.has(next)) reach(next, reached);
  }
  return reached;
}

const reached = reach('index');
for (const file of readdirSync(dist).filter((file) => /\.d\.c?ts$/.test(file))) rmSync(join(dist, file));
for (const [name, text] of reached) {
  mkdirSync(dirname(join(dist, name)), { recursive: true });
  writeFileSync(join(dist, `${name}.d.ts`), text);
  writeFileSync(join(dist, `${name}.d.cts`), text.replace(specifier, '$1.cjs'));
}
