// Everything handed out settles when a pool, a manager or a fetch is closed, cleared or aborted, whatever it waits for; and nothing is left.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFetch, Pool, PoolManager } from 'millpond';
import { virtualClock } from './clock.mjs';
import { deferred, settle } from './tools.mjs';

const never = () => new Promise(() => {});
/** Ends when it is told to stop. */
const obedient = ({ signal }) => new Promise((_, reject) => { signal.addEventListener('abort', () => reject(signal.reason)); });

/** How each of the promises stands after some turns, by name. */
async function outcomes(handed) {
  const found = {};
  for (const [name, promise] of Object.entries(handed)) {
    found[name] = 'waits';
    promise.then((value) => { found[name] = value ?? 'resolved'; }, (error) => { found[name] = error; });
  }
  for (let i = 0; i < 5; i++) await settle();
  return found;
}

const all = (handed, value) => Object.fromEntries(Object.keys(handed).map((name) => [name, value]));

/** What a pool's own methods hand out that wait for a state. */
const states = (pool) => ({ onIdle: pool.onIdle(), onEmpty: pool.onEmpty({ signal: new AbortController().signal }), close: pool.close(), again: pool.close() });

describe('a pool', () => {
  test('close: what runs and what waits comes to its own end', async () => {
    const pool = new Pool(1);
    const end = deferred();
    const handed = { running: pool.run(() => end.promise), waiting: pool.run(() => 'waited'), ...states(pool) };
    end.resolve('ran');
    assert.deepEqual(await outcomes(handed), { running: 'ran', waiting: 'waited', onIdle: 'resolved', onEmpty: 'resolved', close: 'resolved', again: 'resolved' });
  });

  test('close and abort: all of them reject with the reason, and it closes', async () => {
    const pool = new Pool(1);
    const tasks = { running: pool.run(obedient), waiting: pool.run(never), timed: pool.run(never, { queueTimeout: 60_000, totalTimeout: 60_000 }) };
    const handed = { ...tasks, ...states(pool) };
    pool.abort('over');
    assert.deepEqual(await outcomes(handed), { ...all(tasks, 'over'), onIdle: 'resolved', onEmpty: 'resolved', close: 'resolved', again: 'resolved' });
  });

  test('close of one that is paused and never was started', async () => {
    const pool = new Pool({ concurrency: 1, autoStart: false });
    const handed = { waiting: pool.run(() => 'waited'), ...states(pool) };
    assert.deepEqual(await outcomes(handed), { waiting: 'waited', onIdle: 'resolved', onEmpty: 'resolved', close: 'resolved', again: 'resolved' });
  });

  test('a task that does not heed its signal holds up the close no longer than `abandon`', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool({ concurrency: 1, abandon: 100 });
    const tasks = { running: pool.run(never), waiting: pool.run(never) };
    const waits = states(pool);
    pool.abort('over');
    assert.deepEqual(await outcomes(tasks), all(tasks, 'over'));
    assert.equal((await outcomes(waits)).close, 'waits');
    await clock.advance(100);
    assert.deepEqual(await outcomes(waits), all(waits, 'resolved'));
    assert.deepEqual(clock.timers, []);
  });

  test('a task that never ends: every clock that there is ends its promise', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool({ concurrency: 1, abandon: 10, timeout: 50 });
    const handed = { running: pool.run(never), next: pool.run(never), late: pool.run(never, { queueTimeout: 20 }), old: pool.run(never, { totalTimeout: 30 }), ...states(pool) };
    const promise = outcomes(handed);
    await clock.advance(1_000);
    await promise;
    const found = await outcomes(handed);
    assert.deepEqual(Object.values(found).map((one) => one.phase ?? one), ['run', 'run', 'queue', 'total', 'resolved', 'resolved', 'resolved', 'resolved']);
    assert.deepEqual(clock.timers, []);
  });
});

describe('a manager', () => {
  const busy = () => {
    const manager = new PoolManager({ pool: 1, concurrency: 2, idleTimeout: Infinity });
    const ends = [deferred(), deferred()];
    const tasks = {};
    ['a', 'b'].forEach((key, i) => {
      tasks[`running ${key}`] = manager.run(key, ({ signal }) => Promise.race([ends[i].promise, obedient({ signal })]));
      tasks[`waiting ${key}`] = manager.run(key, () => 'waited');
    });
    tasks['waiting for the others'] = manager.run('c', () => 'waited');
    return { manager, ends, tasks, waits: { lane: manager.get('a').onIdle(), onIdle: manager.onIdle(), close: manager.close(), again: manager.close() } };
  };

  test('close: every key comes to its end', async () => {
    const { ends, tasks, waits } = busy();
    for (const end of ends) end.resolve('waited');
    assert.deepEqual(await outcomes({ ...tasks, ...waits }), { ...all(tasks, 'waited'), ...all(waits, 'resolved') });
  });

  test('close and abort: all of them reject with the reason', async () => {
    const { manager, tasks, waits } = busy();
    manager.abort('over');
    assert.deepEqual(await outcomes({ ...tasks, ...waits }), { ...all(tasks, 'over'), ...all(waits, 'resolved') });
  });
});

describe('a fetch', () => {
  /** A body that has begun and does not end. */
  const body = () => new ReadableStream({ type: 'bytes', start: (controller) => controller.enqueue(new Uint8Array(3)) });
  const answer = async ({ url, signal }) => (url.endsWith('/never') ? obedient({ signal }) : new Response(body()));

  /** One of each kind of request there can be; the lane is full. */
  async function busy(options, clocks) {
    const fetch = createFetch({ concurrency: 5, unreadGrace: Infinity, fetch: answer, ...options });
    const [text, streamed, copied, unread] = await Promise.all([1, 2, 3, 4].map((id) => fetch(`https://a.example/${id}`)));
    const reader = streamed.body.getReader();
    await reader.read();
    const copy = copied.clone();
    const handed = {
      text: text.text(), read: reader.read(), copied: copied.text(), copy: copy.arrayBuffer(),
      'in flight': fetch('https://a.example/never'), waiting: fetch('https://a.example/5'), 'with clocks': fetch('https://a.example/6', { pond: { queueTimeout: 60_000, ...clocks } }),
    };
    await settle();
    return { fetch, kept: unread, handed, waits: { lane: fetch.lanes.get('https://a.example').onIdle(), onIdle: fetch.lanes.onIdle(), close: fetch.close(), again: fetch.close() } };
  }

  test('close and abort: whatever is on its way rejects with the reason', async () => {
    const { fetch, handed, waits } = await busy();
    fetch.lanes.abort('over');
    assert.deepEqual(await outcomes({ ...handed, ...waits }), { ...all(handed, 'over'), ...all(waits, 'resolved') });
  });

  test('close and clear: what waits rejects, what is on its way does not', async () => {
    const { fetch, handed, waits } = await busy();
    fetch.lanes.clear('over');
    assert.deepEqual(await outcomes({ ...handed, ...waits }), {
      ...all({ ...handed, ...waits }, 'waits'), waiting: 'over', 'with clocks': 'over',
    });
    fetch.lanes.abort('now');
    assert.deepEqual((await outcomes(waits)).close, 'resolved');
  });

  test('a total timeout ends whatever there is', async (t) => {
    const clock = virtualClock(t);
    const { handed, waits } = await busy({ totalTimeout: 1_000 });
    const promise = outcomes({ ...handed, ...waits });
    await clock.advance(60_000);
    await promise;
    const found = await outcomes({ ...handed, ...waits });
    for (const name of Object.keys(handed)) assert.equal(found[name].phase, 'total', name);
    for (const name of Object.keys(waits)) assert.equal(found[name], 'resolved', name);
  });

  test('close waits for a body that was never read, until it is cancelled', async () => {
    const fetch = createFetch({ fetch: answer, unreadGrace: Infinity });
    const response = await fetch('https://a.example/1');
    const waits = { close: fetch.close() };
    assert.deepEqual(await outcomes(waits), { close: 'waits' });
    await response.body.cancel();
    assert.deepEqual(await outcomes(waits), { close: 'resolved' });
  });

  test('what is first read after the abort rejects with the reason, whatever the body', async () => {
    for (const method of ['text', 'json', 'arrayBuffer']) {
      const fetch = createFetch({ fetch: answer, unreadGrace: Infinity });
      const response = await fetch('https://a.example/1');
      fetch.lanes.abort('over');
      assert.deepEqual(await outcomes({ soon: response[method]() }), { soon: 'over' });
      const later = createFetch({ fetch: answer, unreadGrace: Infinity });
      const other = await later('https://a.example/1');
      later.lanes.abort('over');
      await settle();
      assert.deepEqual(await outcomes({ late: other[method]() }), { late: 'over' });
    }
  });
});
