// A permit nobody has any more goes back. Real garbage collection: it is asked for until it has come.
import { equal, match } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Pool } from 'millpond';
import { settle } from '../cases/tools.mjs';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

async function collectUntil(isSo) {
  for (let i = 0; i < 500 && !isSo(); i++) {
    gc();
    await settle();
  }
  equal(isSo(), true);
}

/** In functions of their own, so that nothing of them is left on the stack. */
const USES = {
  acquire: async (pool) => { await pool.acquire(); },
  'acquire, with a signal that lives on': async (pool, signal) => { (await pool.acquire({ signal })).signal.aborted; },
  'acquire, from the line': async (pool) => {
    const first = pool.tryAcquire();
    const second = pool.acquire();
    first.release();
    await second;
  },
  tryAcquire: async (pool) => { pool.tryAcquire(); },
};

for (const [what, use] of Object.entries(USES)) {
  test(`collected: ${what}`, async (t) => {
    const warnings = [];
    const { warn } = console;
    console.warn = (text) => { warnings.push(text); };
    t.after(() => { console.warn = warn; });
    const pool = new Pool(1);
    const { signal } = new AbortController();
    await use(pool, signal);
    equal(pool.running, 1);
    const next = pool.run(() => 'ran');
    await collectUntil(() => pool.isIdle);
    equal(await next, 'ran');
    equal(signal.aborted, false);
  });
}

test('who still has it keeps it', async () => {
  const pool = new Pool(1);
  const permit = await pool.acquire();
  for (let i = 0; i < 20; i++) {
    gc();
    await settle();
  }
  equal(pool.running, 1);
  permit.release();
});

test('a developer is told, once; in production nobody is', () => {
  const program = `
    import { Pool } from 'millpond';
    const lose = (pool) => { pool.tryAcquire(); pool.tryAcquire(); };
    const pool = new Pool(2);
    lose(pool);
    for (let i = 0; i < 500 && !pool.isIdle; i++) { gc(); await new Promise(setImmediate); }
    if (!pool.isIdle) throw new Error('never collected');
  `;
  const told = (env) => execFileSync('/bin/sh', ['-c', '"$0" --expose-gc --input-type=module -e "$1" 2>&1', process.execPath, program], {
    cwd: new URL('.', import.meta.url), encoding: 'utf8', env: { ...process.env, ...env },
  });
  match(told({ NODE_ENV: '' }), /^millpond: a permit was collected[^\n]*\n$/);
  equal(told({ NODE_ENV: 'production' }), '');
});
