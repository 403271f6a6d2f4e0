// Fills dist: one ESM and one CommonJS file, the raw wasm module, and the declarations for both kinds of import.
// `tsc` has written its declarations to dist before; those no user can reach are removed.
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const npm = fileURLToPath(new URL('..', import.meta.url));
const dist = join(npm, 'dist');

/**
 * Members that only this package's own objects have, and only this package uses: they are given short names. Nothing the platform or a
 * user may look at is among them; that none is declared to users is checked below.
 */
const PRIVATE = `
admit alive arm audience begin born branch came changed claim clock consume context controller disarm drained ended
enter extra finish forget generation guest handle hear heed holds interrupt isNative isOver isTimed isUsed jobs kept
landed lapsing leases leave left lock look mirror more onRecall onTimeout outgoing over owner prioritize pump reading
refuse rested retire revoke room settings settle shut slot stall stat stopped sweep ticket told unname until watched
withdraw
`.trim().split(/\s+/);

// The core's exports have the names Rust gave them.
for (const { name } of WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(join(npm, 'src/wasm/core_bg.wasm'))))) {
  if (PRIVATE.includes(name)) throw new Error(`the core exports ${name}, which would be renamed in the bundle: take it off the list`);
}

for (const [format, name] of [['esm', 'index.js'], ['cjs', 'index.cjs']]) {
  await build({
    entryPoints: [join(npm, 'src/index.ts')], outfile: join(dist, name), format,
    bundle: true, minify: true, target: 'es2022', platform: 'neutral', legalComments: 'none', logLevel: 'warning',
    mangleProps: new RegExp(`^(${PRIVATE.join('|')})$`),
  });
}
copyFileSync(join(npm, 'src/wasm/core_bg.wasm'), join(dist, 'core.wasm'));
for (const text of ['README.md', 'LICENSE-MIT', 'LICENSE-APACHE']) {
  if (existsSync(join(npm, '..', text))) copyFileSync(join(npm, '..', text), join(npm, text));
}

const specifier = /((?:from|import)\s*\(?\s*["']\.\/[^"']+)\.js(?=["'])/g;

/**
 * `stripInternal` removes declarations, and leaves the imports only they needed.
 * @param {string} text
 */
function withoutUnusedImports(text) {
  return text.replace(/^import (type )?\{([^}]*)\} from (.*)\n/gm, (line, type = '', list, from) => {
    const rest = text.replaceAll(/^import .*\n/gm, '');
    const used = list.split(',').filter((name) => new RegExp(`\\b${name.trim().split(' ').at(-1)}\\b`).test(rest));
    return used.length ? `import ${type}{${used.join(',')}} from ${from}\n` : '';
  });
}

/** Adds what `name`'s declarations import, themselves included, to `reached`. */
function reach(name, reached = new Map()) {
  const file = join(dist, `${name}.d.ts`);
  if (!existsSync(file)) throw new Error(`the public declarations must not need ${name}: mark what mentions it @internal`);
  const text = withoutUnusedImports(readFileSync(file, 'utf8'));
  reached.set(name, text);
  for (const [, start] of text.matchAll(specifier)) {
    const next = start.slice(start.lastIndexOf('./') + 2);
    if (!reached.has(next)) reach(next, reached);
  }
  return reached;
}

const reached = reach('index');
for (const [name, text] of reached) {
  const declared = PRIVATE.find((member) => new RegExp(`^ *(readonly |get |set )?${member}[?:(]`, 'm').test(text));
  if (declared) throw new Error(`${name}.d.ts declares ${declared}, which is renamed in the bundle: take it off the list`);
}
for (const file of readdirSync(dist).filter((file) => /\.d\.c?ts$/.test(file))) rmSync(join(dist, file));
for (const [name, text] of reached) {
  writeFileSync(join(dist, `${name}.d.ts`), text);
  writeFileSync(join(dist, `${name}.d.cts`), text.replace(specifier, '$1.cjs'));
}
