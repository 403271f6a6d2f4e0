// A listener that throws: the platform says so, and the pool goes on. In a process of its own, since Node ends one for that.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { script, TRAPPABLE } from './kit.mjs';

test('a listener that throws is reported as uncaught, and breaks nothing', () => {
  const { stdout, stderr, status } = script(`
    const uncaught = [];
    process.on('uncaughtException', (error) => uncaught.push(error.message));
    const manager = new PoolManager({ pool: { concurrency: 1, queueCapacity: 1 }, idleTimeout: 0, resource: () => 1, dispose() { throw new Error('dispose'); } });
    const fail = (type) => () => { throw new Error(type); };
    for (const type of ['create', 'expire', 'idle', 'error', 'close']) manager.addEventListener(type, fail('manager ' + type));
    for (const type of ['submit', 'start', 'error', 'end', 'empty', 'idle', 'full', 'pause', 'resume', 'resize', 'close']) manager.get('a').addEventListener(type, fail(type));
    manager.get('a').pause();
    const tasks = [manager.run('a', () => 1), manager.run('a', () => 2)];
    manager.get('a').concurrency = 2;
    manager.get('a').resume();
    tasks.push(manager.run('a', async () => { throw new Error('task'); }));
    const results = await Promise.allSettled(tasks);
    (await manager.lease('a')).release();
    await manager.close();
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
    console.log(JSON.stringify({ results: results.map(({ status }) => status), stats: manager.stats, uncaught }));
  `);
  assert.equal(status, 0, stderr);
  const { results, stats, uncaught } = JSON.parse(stdout);
  assert.deepEqual(results, ['fulfilled', 'rejected', 'rejected']);
  assert.deepEqual([stats.succeeded, stats.failed, stats.rejected], [1, 1, 1]);
  assert.deepEqual([...new Set(uncaught)].sort(), ['close', 'empty', 'end', 'error', 'full', 'idle', 'manager close', 'manager create', 'manager error', 'manager expire', 'manager idle', 'pause', 'resize', 'resume', 'start', 'submit']);
  assert.match(stderr, /dispose/, 'a listener that has not read the error does not hide it');
});

test('when the core traps, tasks still end for listeners, and leases can be given back', () => {
  const { stdout, stderr, status } = script(`
    ${TRAPPABLE}
    const manager = new PoolManager({ pool: 1, resource: (key) => (key === 'slow' ? new Promise(() => {}) : key) });
    const log = [];
    const lease = await manager.lease('a');
    for (const type of ['error', 'end']) lease.pool.addEventListener(type, ({ detail: { id, error } }) => log.push([type, id, error.code].join(' ')));
    const tasks = ['1', '2'].map((id) => lease.run(() => new Promise(() => {}), { id }));
    tasks.push(manager.lease('slow'));
    armed = true;
    manager.pause();
    tasks.push(manager.onIdle(), manager.close(), manager.lease('b'));
    const codes = (await Promise.allSettled(tasks)).map(({ reason }) => reason?.code);
    lease.release();
    lease.pool.addEventListener('idle', () => {});
    console.log(JSON.stringify({ log, codes }));
  `);
  assert.equal(status, 0, stderr);
  const broken = 'ERR_MILLPOND_BROKEN';
  assert.deepEqual(JSON.parse(stdout), { log: [`error 1 ${broken}`, `error 2 ${broken}`, `end 2 ${broken}`], codes: [broken, broken, broken, broken, broken, 'ERR_MILLPOND_CLOSED'] });
});
