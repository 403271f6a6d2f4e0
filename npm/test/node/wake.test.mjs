// Timers of hidden pages come late: when somebody looks again, the clock is asked what is overdue. The page is a fake one.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Pool, PoolManager } from 'millpond';
import { rejection, state, until } from '../cases/tools.mjs';

const document = new EventTarget();
const window = new EventTarget();
let listeners = 0;
document.addEventListener = (...args) => { listeners++; EventTarget.prototype.addEventListener.apply(document, args); };
Object.assign(globalThis, { document, addEventListener: (...args) => { listeners++; window.addEventListener(...args); } });

/** Time passes, and no timer goes off. */
function sleep(t, ms) {
  const { now } = performance;
  performance.now = () => now.call(performance) + ms;
  t.after(() => { performance.now = now; });
}

const show = { visibilitychange: document, resume: document, pageshow: window };

describe('a page that was hidden', () => {
  test('nothing is listened to until something waits on time', async () => {
    const pool = new Pool(1);
    await pool.run(() => 1);
    assert.equal(listeners, 0);
    pool.run(() => {}, { timeout: 1000 });
    assert.equal(listeners, 3);
    new Pool(1).run(() => {}, { timeout: 1000 });
    assert.equal(listeners, 3, 'once for all');
  });

  for (const [type, target] of Object.entries(show)) {
    test(`what is overdue happens at ${type}, and nothing else`, async (t) => {
      const pool = new Pool(1);
      const task = pool.run(() => new Promise(() => {}), { timeout: 60_000 });
      const later = pool.run(() => {}, { queueTimeout: 240_000 });
      const error = rejection(task);
      sleep(t, 120_000);
      assert.equal(await state(error), 'waits');
      target.dispatchEvent(new Event(type));
      assert.equal((await error).phase, 'run');
      assert.equal(await state(later), 'waits');
      pool.clear();
    });
  }

  test('lanes that idle too long are gone', async (t) => {
    const manager = new PoolManager({ idleTimeout: 60_000 });
    await manager.run('a', () => 1);
    await until(() => manager.size === 1);
    document.dispatchEvent(new Event('resume'));
    assert.equal(manager.size, 1);
    sleep(t, 120_000);
    document.dispatchEvent(new Event('resume'));
    assert.equal(manager.size, 0);
  });

  test('what a late timeout starts may set a new one, which is not due', async (t) => {
    const pool = new Pool(1);
    const errors = [1, 2].map(() => rejection(pool.run(({ signal }) => new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    }), { timeout: 60_000 })));
    sleep(t, 120_000);
    document.dispatchEvent(new Event('visibilitychange'));
    await errors[0];
    await until(() => pool.running === 1 && pool.waiting === 0);
    document.dispatchEvent(new Event('visibilitychange'));
    assert.equal(await state(errors[1]), 'waits');
    pool.abort();
    await errors[1];
  });
});
