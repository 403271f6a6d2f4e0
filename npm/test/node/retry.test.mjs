// Retrying as only Node can show it: the caller's async context, garbage, other time zones, and a core that traps.
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createFetch, Pool } from 'millpond';
import { virtualClock } from '../cases/clock.mjs';
import { rejection, settle } from '../cases/tools.mjs';
import { script, TRAPPABLE } from './kit.mjs';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

test('a date without a zone is one of Greenwich', async (t) => {
  const clock = virtualClock(t);
  const { TZ } = process.env;
  t.after(() => {
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
  });
  process.env.TZ = 'America/New_York';
  const sent = [];
  const headers = { 'retry-after': 'Fri Nov 20 12:00:04 2026', date: 'Fri, 20 Nov 2026 12:00:00 GMT' };
  const fetch = createFetch({ retry: 1, fetch: async () => new Response(null, sent.push(clock.time) === 1 ? { status: 429, headers } : {}) });
  const promise = fetch('https://a.example/');
  await clock.advance(60_000);
  await promise;
  assert.deepEqual(sent, [0, 4000]);
});

test('every attempt, and all that is asked about it, has the async context of the caller', async (t) => {
  const clock = virtualClock(t);
  const storage = new AsyncLocalStorage();
  const pool = new Pool(1);
  const seen = [];
  const see = (what) => seen.push([what, storage.getStore()]);
  const task = storage.run('caller', () => pool.run(({ attempt }) => {
    see(`attempt ${attempt}`);
    if (attempt < 3) throw new Error();
  }, { retry: { delay: () => { see('delay'); return 10; }, jitter: (ms) => { see('jitter'); return ms; }, shouldRetry: () => { see('should'); return true; } } }));
  // In one context or another the permit is busy when the second attempt is due, and free at once for the third.
  storage.run('another', () => {
    const blocker = pool.run(() => new Promise((resolve) => setTimeout(resolve, 15)));
    return blocker;
  });
  await storage.run('timer', () => clock.advance(100));
  await task;
  assert.deepEqual(seen.map(([what]) => what), ['attempt 1', 'should', 'delay', 'jitter', 'attempt 2', 'should', 'delay', 'jitter', 'attempt 3']);
  assert.deepEqual(new Set(seen.map(([, store]) => store)), new Set(['caller']));
});

test('the response of a later attempt gives its slot back when nobody has it any more', async () => {
  let count = 0;
  const body = () => new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)) });
  const fetch = createFetch({ concurrency: 1, unreadGrace: Infinity, retry: { delay: () => 0 }, fetch: async () => new Response(body(), { status: count++ ? 200 : 503 }) });
  await (async () => { await fetch('https://a.example/', { method: 'PUT', body: 'x' }); })();
  assert.equal(fetch.stats.running, 1);
  for (let i = 0; fetch.stats.running && i < 10_000; i++) {
    gc();
    await settle();
  }
  assert.equal(fetch.stats.running, 0);
});

test('an abort reaches the body of a later attempt, though nobody holds the request any more', async (t) => {
  let count = 0;
  const server = createServer((request, response) => {
    // Without connections that are kept: Node stumbles over those whose parser was collected.
    response.writeHead(++count % 2 ? 503 : 200, { connection: 'close' });
    if (count % 2) response.end();
    else response.write('x');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const origin = `http://127.0.0.1:${server.address().port}`;
  for (const method of ['GET', 'PUT']) {
    const controller = new AbortController();
    const fetch = createFetch({ retry: { delay: () => 1 }, releaseOn: method === 'GET' ? 'body' : 'headers' });
    const response = await (() => fetch(origin, { method, body: method === 'PUT' ? 'x' : null, signal: controller.signal }))();
    const reader = response.body.getReader();
    await reader.read();
    for (let i = 0; i < 20; i++) {
      gc();
      await settle();
    }
    const read = rejection(reader.read());
    controller.abort('enough');
    assert.equal(await read, 'enough', method);
  }
});

test('when the core traps, a task in its pause rejects, too', () => {
  const { stdout, stderr } = script(`
    ${TRAPPABLE}
    const pool = new Pool(1);
    const say = (name) => (error) => console.log(name, error.code);
    const fail = () => { throw new Error(); };
    pool.run(fail, { retry: { delay: () => 1e6 } }).catch(say('paused'));
    pool.run(fail, { retry: { shouldRetry: () => new Promise(() => {}) } }).catch(say('asking'));
    setTimeout(() => {
      pool.run(() => new Promise(() => {}), { retry: 1 }).catch(say('running'));
      pool.run(fail, { retry: 1 }).catch(say('waiting'));
      pool.onIdle().catch(say('idle'));
      armed = true;
      pool.run(fail).catch(say('new'));
    }, 5);
  `);
  assert.equal(stderr, '');
  assert.deepEqual(stdout.trim().split('\n').sort(), ['asking', 'idle', 'new', 'paused', 'running', 'waiting'].map((name) => `${name} ERR_MILLPOND_BROKEN`));
});

test('nothing of a task is kept when it is over', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool(1);
  const { signal } = new AbortController();
  const refs = [];
  // In a function of its own, so that nothing of it is left on the stack.
  const use = async (end) => {
    const fn = ({ attempt }) => { if (attempt === 1 || end !== 'done') throw new Error(); };
    refs.push(new WeakRef(fn));
    const task = pool.run(fn, { id: end, signal, retry: { limit: 1, delay: () => 10 } });
    task.catch(() => {});
    await clock.advance(5);
    if (end === 'cancelled') task.cancel();
    await clock.advance(5);
  };
  for (const end of ['done', 'failed', 'cancelled']) await use(end);
  for (let i = 0; i < 10; i++) {
    gc();
    await settle();
  }
  assert.deepEqual(refs.map((ref) => typeof ref.deref()), Array(3).fill('undefined'));
  assert.ok(pool.isIdle && signal);
});

test('a pause keeps the process alive, and its end lets it go', () => {
  const { stdout, status } = script(`
    let calls = 0;
    new Pool(1).run(() => { if (++calls === 1) throw new Error(); console.log('done'); }, { retry: { delay: () => 20 } });
    const stopped = new Pool(1).run(() => { throw new Error(); }, { retry: { delay: () => 1e8 } });
    setTimeout(() => stopped.cancel(), 5);
  `);
  assert.deepEqual([stdout, status], ['done\n', 0]);
});
