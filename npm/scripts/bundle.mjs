// Fills dist: one ESM and one CommonJS file, the raw wasm module, and the declarations for both kinds of import.
// `tsc` has written its declarations to dist before; those no user can reach are removed.
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const npm = fileURLToPath(new URL('..', import.meta.url));
const dist = join(npm, 'dist');
const wasm = join(npm, 'src/wasm/core_bg.wasm');

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

const words = (text) => new Set(text.match(/[A-Za-z_$][\w$]*/g));
const read = (folder, ending) => readdirSync(folder).filter((file) => file.endsWith(ending)).map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');

/**
 * The members that only this package's own objects have, and only this package uses: they are given short names. Those are the names in its sources
 * that neither its public declarations nor the platform's know, nor any text of it.
 */
function ownNames() {
  const source = read(join(npm, 'src'), '.ts').replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
  const compilers = join(npm, 'node_modules/@typescript');
  const platform = readdirSync(compilers).map((name) => read(join(compilers, name, 'lib'), '.d.ts'));
  const core = WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(wasm))).map(({ name }) => name);
  // Of other hosts than browsers.
  const hosts = ['__proto__', 'env', 'NODE_ENV', 'setImmediate', 'Buffer', 'unref', 'duplex'];
  const texts = (source.match(/'[^'\n]*'|"[^"\n]*"|`[^`]*`/g) ?? []);
  const others = words([...platform, ...reached.values(), ...texts, ...core, ...hosts].join('\n'));
  return [...words(source)].filter((name) => !others.has(name));
}

// The module of the core as text, for src/core.ts. In hex: engines read that by themselves, and whatever repeats in the module repeats in the text, so
// that it compresses nearly as well as the module; base64 is a sixth larger then. At the end, which packs better than in the midst of the program.
const footer = { js: `const MODULE='${readFileSync(wasm, 'hex')}';` };

const mangleProps = new RegExp(`^(${ownNames().join('|').replaceAll('$', '\\$')})$`);
for (const [format, name] of [['esm', 'index.js'], ['cjs', 'index.cjs']]) {
  await build({
    entryPoints: [join(npm, 'src/index.ts')], outfile: join(dist, name), format,
    bundle: true, minify: true, target: 'es2022', platform: 'neutral', legalComments: 'none', logLevel: 'warning', mangleProps, footer,
  });
}
copyFileSync(wasm, join(dist, 'core.wasm'));
for (const text of ['README.md', 'LICENSE-MIT', 'LICENSE-APACHE']) {
  if (existsSync(join(npm, '..', text))) copyFileSync(join(npm, '..', text), join(npm, text));
}

for (const file of readdirSync(dist).filter((file) => /\.d\.c?ts$/.test(file))) rmSync(join(dist, file));
for (const [name, text] of reached) {
  writeFileSync(join(dist, `${name}.d.ts`), text);
  writeFileSync(join(dist, `${name}.d.cts`), text.replace(specifier, '$1.cjs'));
}
