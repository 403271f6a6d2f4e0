// From the module wasm-bindgen wrote to the one that is inlined: made smaller.
//
// Only numbers cross the border, so wasm-bindgen's JavaScript is not needed: what remains of it in the module is taken out,
// and the module then needs nothing from outside. (Its TypeScript declarations are right as they are.)
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('../src/wasm/', import.meta.url));
const wasm = join(here, 'core_bg.wasm');
const graph = join(here, 'graph.json');
const binaryen = dirname(createRequire(import.meta.url).resolve('binaryen/package.json'));
const quiet = { stdio: ['ignore', 'ignore', 'inherit'] };
const tool = (name, ...args) => execFileSync(process.execPath, [join(binaryen, 'bin', name), wasm, ...args, '-o', wasm], quiet);

const names = (list) => list.map(({ name }) => name);
const read = () => new WebAssembly.Module(readFileSync(wasm));

// Exports named with two underscores are wasm-bindgen's own.
const kept = names(WebAssembly.Module.exports(read())).filter((name) => !name.startsWith('__'));
const nodes = kept.map((name) => ({ name, export: name }));
writeFileSync(graph, JSON.stringify([{ name: 'root', root: true, reaches: kept }, ...nodes]));
tool('wasm-metadce', '--graph-file', graph);
rmSync(graph);

// No --all-features: what the module may use is read from its target features section, and Node 20 must be able to
// load it. The section itself goes at the end, nobody needs it any more.
// The low memory is the far end of the stack, and nothing has an address there.
tool('wasm-opt', '-Oz', '--converge', '--low-memory-unused', '--strip-target-features');

const imports = names(WebAssembly.Module.imports(read()));
if (imports.length > 0) throw new Error(`the core must not need anything from JavaScript, but imports ${imports.join(', ')}`);
