// Plays the cases by Node's own test runner, as they are: `node-test.mjs FOLDER`. It tells of them as `program.mjs` does.
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from 'node:test';

const [folder] = process.argv.slice(2);
const files = (await readdir(folder)).filter((name) => name.endsWith('.test.mjs')).sort().map((name) => join(folder, name));
const tell = (message) => process.stdout.write(`\x1e${JSON.stringify(message)}\n`);
let count = 0;

function ended({ name, file, nesting, details: { error }, skip, todo }) {
  // Parts of a test are no tests of their own: what fails in them fails the whole.
  if (nesting > 0) return;
  count++;
  const isLeftOut = skip !== undefined || todo !== undefined;
  tell({ ended: `${file && basename(file, '.test.mjs')}: ${name}`, error: isLeftOut ? 'no case is skipped' : error && String(error.cause?.stack ?? error) });
}

run({ files, concurrency: 1, timeout: 60_000 })
  .on('test:start', ({ name, nesting }) => nesting === 0 && tell({ begins: name }))
  .on('test:pass', ended)
  .on('test:fail', ended)
  .on('end', () => tell({ count }))
  .resume();
