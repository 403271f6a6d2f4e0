// What pools tell: which event, when, how often, and what listeners may do.
import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { createFetch, Pool, PoolManager } from 'millpond';
import { virtualClock } from './clock.mjs';
import { deferred, rejection, settle, stage } from './tools.mjs';

const TYPES = ['submit', 'start', 'error', 'drop', 'end', 'empty', 'idle', 'full', 'pause', 'resume', 'resize', 'close'];

/** Notes every event: its type, and the id of the task it is about. */
function record(target, types = TYPES) {
  const log = [];
  for (const type of types) target.addEventListener(type, ({ detail }) => log.push(detail?.id ? `${type} ${detail.id}` : type));
  return log;
}

/** The details of all events of a type. */
function details(target, type) {
  const list = [];
  target.addEventListener(type, ({ detail }) => list.push(detail));
  return list;
}

test('a task at once, and one that waits: every event once and in order', async () => {
  const pool = new Pool(1);
  const log = record(pool);
  const { task, end } = stage();
  const a = pool.run(task('a'), { id: 'a' });
  const b = pool.run(task('b'), { id: 'b' });
  deepEqual(log, ['submit a', 'start a', 'submit b']);
  end('a');
  await a;
  await settle();
  deepEqual(log.slice(3), ['empty', 'end a', 'start b']);
  end('b');
  await b;
  deepEqual(log.slice(6), ['end b', 'idle']);
});

test('a synchronous task is over when run() returns, and all was told', async () => {
  const pool = new Pool();
  const log = record(pool);
  const task = pool.run(() => { log.push('call'); return 1; }, { id: 'a' });
  deepEqual(log, ['submit a', 'start a', 'call', 'end a', 'idle']);
  equal(await task, 1);
});

test('submit gives the very task; ids are made up when they are read', async () => {
  const pool = new Pool(1);
  const submitted = details(pool, 'submit');
  const tasks = [pool.run(() => 1), pool.run(() => 2)];
  deepEqual(submitted.map(({ task }) => task), tasks);
  equal(submitted[1].id, 'task-1', 'nobody has asked for the id of the first');
  deepEqual(await Promise.all(tasks), [1, 2]);
});

test('end tells how: value, error or reason', async () => {
  const pool = new Pool(1);
  const ended = details(pool, 'end');
  const boom = new Error('boom');
  const { task, end } = stage();
  await pool.run(() => 'value', { id: 'good' });
  await rejection(pool.run(() => { throw boom; }, { id: 'bad' }));
  await rejection(pool.run(async () => { throw boom; }, { id: 'later' }));
  const running = pool.run(task('running'), { id: 'running' });
  const waiting = pool.run(task('waiting'), { id: 'waiting' });
  waiting.cancel('why');
  running.cancel('because');
  equal(ended.length, 4, 'the one that runs is not over yet');
  await rejection(running);
  end('running');
  await settle();
  deepEqual(ended.map(({ id, state, value, error }) => [id, state, value ?? error]), [
    ['good', 'succeeded', 'value'], ['bad', 'failed', boom], ['later', 'failed', boom], ['waiting', 'cancelled', 'why'], ['running', 'cancelled', 'because'],
  ]);
  deepEqual(Object.keys(ended[0]).sort(), ['id', 'state', 'value']);
});

test('error: failed and timed out tasks, once; a timeout when it strikes (virtual clock)', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool(1);
  const log = record(pool, ['error', 'end', 'idle']);
  const { task, end } = stage();
  const slow = rejection(pool.run(task('slow'), { id: 'slow', timeout: 10 }));
  const late = rejection(pool.run(task('late'), { id: 'late', queueTimeout: 5 }));
  pool.run(task('unwanted'), { id: 'unwanted' }).cancel();
  deepEqual(log, ['end unwanted']);
  await clock.advance(5);
  deepEqual(log, ['end unwanted', 'error late', 'end late']);
  await clock.advance(5);
  deepEqual(log.slice(3), ['error slow'], 'its permit is still out');
  equal((await slow).phase, 'run');
  equal((await late).phase, 'queue');
  end('slow');
  await settle();
  deepEqual(log.slice(4), ['end slow', 'idle']);
  await rejection(pool.run(() => { throw new Error('x'); }, { id: 'bad' }));
  deepEqual(log.slice(6), ['error bad', 'end bad', 'idle']);
});

test('a task that loses its permit by `abandon` ends then (virtual clock)', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool({ concurrency: 1, abandon: 20 });
  const log = record(pool, ['error', 'end', 'idle']);
  const states = details(pool, 'end');
  rejection(pool.run(() => new Promise(() => {}), { id: 'stuck', timeout: 10 }));
  await clock.advance(29);
  deepEqual(log, ['error stuck']);
  await clock.advance(1);
  deepEqual(log, ['error stuck', 'end stuck', 'idle']);
  equal(states[0].state, 'timedOut');
});

test('empty: when the last that waited starts or leaves, however that comes', async () => {
  const pool = new Pool(1);
  const log = record(pool, ['empty', 'idle']);
  const { task, end } = stage();
  const tasks = [1, 2].map((n) => pool.run(task(n)));
  pool.concurrency = 2;
  deepEqual(log, ['empty'], 'by a wider limit');
  await settle();
  pool.run(task(3)).cancel();
  deepEqual(log, ['empty', 'empty'], 'by a cancel');
  const third = pool.run(task(4));
  pool.clear();
  equal(log.length, 3, 'by clear()');
  await rejection(third);
  end(1);
  end(2);
  await Promise.all(tasks);
  deepEqual(log.slice(3), ['idle'], 'nobody has waited since');
});

test('onEmpty resolves as well when a wider limit or resume() empties the line', async () => {
  const pool = new Pool({ concurrency: 1, autoStart: false });
  const { task } = stage();
  pool.run(task(1));
  const empty = pool.onEmpty();
  pool.resume();
  await empty;
  pool.run(task(2));
  const again = pool.onEmpty();
  pool.concurrency = 2;
  await again;
});

test('idle: once each time, also if a listener works on', async () => {
  const pool = new Pool(2);
  let idle = 0;
  pool.addEventListener('idle', () => {
    if (++idle === 1) pool.run(() => {});
    ok(pool.isIdle);
  });
  await Promise.all([pool.run(async () => {}), pool.run(async () => {})]);
  equal(idle, 2);
  await pool.run(() => {});
  equal(idle, 3);
});

test('idle is told once if a listener of end runs a task to its end', async () => {
  const pool = new Pool(1);
  const log = record(pool);
  pool.addEventListener('end', () => pool.run(() => {}, { id: 'b' }), { once: true });
  await pool.run(() => {}, { id: 'a' });
  deepEqual(log, ['submit a', 'start a', 'end a', 'submit b', 'start b', 'end b', 'idle']);
});

test('listeners that come late hear what is still to come', async () => {
  const pool = new Pool(1);
  const { task, end } = stage();
  const tasks = [1, 2].map((n) => pool.run(task(n), { id: String(n) }));
  const log = record(pool);
  end(1);
  await settle();
  end(2);
  await Promise.all(tasks);
  deepEqual(log, ['empty', 'end 1', 'start 2', 'end 2', 'idle']);
  const other = new Pool(1);
  await Promise.all([other.run(async () => {}), other.run(async () => {})]);
  const later = record(other, ['empty', 'idle']);
  await other.run(() => {});
  deepEqual(later, ['idle'], 'what was over before is not told');
});

test('full, pause, resume, resize, close', async () => {
  const pool = new Pool({ concurrency: 1, queueCapacity: 1 });
  const log = record(pool, ['full', 'pause', 'resume', 'resize', 'close']);
  const full = details(pool, 'full');
  const resized = details(pool, 'resize');
  const { task, end } = stage();
  const tasks = [pool.run(task(1)), pool.run(task(2))];
  const refused = pool.run(task(3), { id: 'third' });
  deepEqual(log, ['full third']);
  equal(await rejection(refused), full[0].error);
  pool.pause();
  pool.pause();
  pool.concurrency = 2;
  pool.concurrency = 2;
  pool.resume();
  pool.resume();
  deepEqual(log.slice(1), ['pause', 'resize', 'resume']);
  deepEqual(resized, [{ concurrency: 2 }]);
  await settle();
  const closing = pool.close();
  await rejects(pool.run(() => {}), { code: 'ERR_MILLPOND_CLOSED' });
  end(1);
  end(2);
  await Promise.all(tasks);
  await closing;
  deepEqual(log.slice(4), ['close']);
});

test('what was refused before it was taken has no events', async () => {
  const pool = new Pool(1);
  const log = record(pool);
  await rejection(pool.run(() => {}, { signal: AbortSignal.abort('no') }));
  pool.close();
  await rejection(pool.run(() => {}));
  await settle();
  deepEqual(log, ['close']);
});

for (const [what, act] of Object.entries({
  'cancels it': (_, task) => task.cancel('no'),
  'aborts all': (pool) => pool.abort('no'),
})) {
  test(`a listener of submit that ${what}: the function is never called`, async () => {
    const pool = new Pool(1);
    const log = record(pool, ['start', 'error', 'end', 'idle']);
    let called = 0;
    pool.addEventListener('submit', ({ detail: { task } }) => act(pool, task));
    const first = pool.run(() => { called++; }, { id: 'a' });
    equal(await rejection(first), 'no');
    deepEqual([first.state, called, pool.stats.cancelled, pool.running], ['cancelled', 0, 1, 0]);
    pool.pause();
    const second = pool.run(() => { called++; }, { id: 'b' });
    equal(await rejection(second), 'no');
    deepEqual([called, pool.stats.cancelled, pool.waiting], [0, 2, 0]);
    equal(log.filter((line) => line.startsWith('end')).length, 2);
  });
}

test('a listener of start may cancel; the function is not called', async () => {
  const pool = new Pool(1);
  let called = 0;
  pool.addEventListener('start', () => pool.abort('no'));
  equal(await rejection(pool.run(() => { called++; })), 'no');
  const gate = deferred();
  pool.addEventListener('start', () => {}, { once: true });
  const waiting = [pool.run(() => gate.promise), pool.run(() => { called++; })].map(rejection);
  gate.resolve();
  deepEqual(await Promise.all(waiting), ['no', 'no']);
  equal(called, 0);
  ok(pool.isIdle);
});

test('listeners may run, close and resize; the limit holds', async () => {
  const pool = new Pool(2);
  let running = 0;
  let most = 0;
  let more = 20;
  const work = async () => {
    most = Math.max(most, ++running);
    await settle();
    running--;
  };
  for (const type of ['submit', 'start', 'end', 'empty', 'idle']) {
    pool.addEventListener(type, () => { if (more-- > 0) pool.run(work); });
  }
  for (let i = 0; i < 5; i++) pool.run(work);
  await pool.onIdle();
  equal(most, 2);
  equal(pool.stats.succeeded, 25);
  pool.addEventListener('end', () => pool.close(), { once: true });
  await pool.run(work);
  ok(pool.isClosed);
  await pool.close();
});

test('`once`, `signal`, objects and removal work as on every EventTarget', async () => {
  const pool = new Pool();
  const controller = new AbortController();
  const calls = [];
  const removed = () => calls.push('removed');
  pool.addEventListener('end', () => calls.push('once'), { once: true });
  pool.addEventListener('end', () => calls.push('signal'), { signal: controller.signal });
  pool.addEventListener('end', { handleEvent: ({ target }) => calls.push(target === pool) });
  pool.addEventListener('end', removed);
  pool.removeEventListener('end', removed);
  await pool.run(() => {});
  controller.abort();
  await pool.run(() => {});
  deepEqual(calls, ['once', 'signal', true, true]);
  ok(pool instanceof EventTarget);
});

test('nothing is made for nobody: no event is built for what nobody has listened to', async (t) => {
  const real = globalThis.CustomEvent;
  let built = 0;
  globalThis.CustomEvent = class extends real { constructor(...args) { super(...args); built++; } };
  t.after(() => { globalThis.CustomEvent = real; });
  const pool = new Pool(1);
  await Promise.all([1, 2, 3].map((n) => pool.run(async () => n)));
  equal(built, 0);
  pool.addEventListener('idle', () => {});
  await Promise.all([1, 2, 3].map((n) => pool.run(async () => n)));
  equal(built, 1);
});

test('the pool of a key is heard also after it has expired (virtual clock)', async (t) => {
  const clock = virtualClock(t);
  const manager = new PoolManager({ pool: 1, idleTimeout: 10 });
  const view = manager.get('a');
  const log = record(view, ['start', 'end', 'idle']);
  await manager.run('a', () => {}, { id: '1' });
  await clock.advance(10);
  equal(manager.size, 0);
  await manager.run('a', () => {}, { id: '2' });
  await manager.run('b', () => {}, { id: '3' });
  deepEqual(log, ['start 1', 'end 1', 'idle', 'start 2', 'end 2', 'idle']);
});

test('a manager tells when all is idle', async () => {
  const manager = new PoolManager({ pool: 1 });
  const log = record(manager, ['create', 'empty', 'idle', 'close']);
  const { task, end } = stage();
  const tasks = ['a', 'a', 'b'].map((key, n) => manager.run(key, task(n)));
  end(0);
  await settle();
  deepEqual(log, ['create', 'create', 'empty']);
  end(1);
  await settle();
  end(2);
  await Promise.all(tasks);
  deepEqual(log.slice(3), ['idle']);
  await manager.close();
  deepEqual(log.slice(4), ['close']);
});

test('drop: who has to go out of a full line', async () => {
  const pool = new Pool({ concurrency: 1, queueCapacity: 1, overflow: 'drop-oldest' });
  const log = record(pool);
  const ended = details(pool, 'end');
  const { task } = stage();
  pool.run(task('a'), { id: 'a' });
  const dropped = rejection(pool.run(task('b'), { id: 'b' }));
  pool.run(task('c'), { id: 'c' });
  equal((await dropped).code, 'ERR_MILLPOND_QUEUE_FULL');
  deepEqual(log, ['submit a', 'start a', 'submit b', 'submit c', 'drop b', 'end b']);
  deepEqual([ended[0].state, ended[0].error], ['dropped', await dropped]);
});

test('a response that loses its place to another lane ends, and its lane is idle (virtual clock)', async (t) => {
  const clock = virtualClock(t);
  const fetch = createFetch({ concurrency: 1, maxConcurrency: 1, unreadGrace: 10, idleTimeout: 50, fetch: async () => new Response(new ReadableStream()) });
  const lane = fetch.lanes.get('https://a.example');
  const log = record(lane, ['start', 'end', 'idle']);
  await fetch('https://a.example/');
  const idle = lane.onIdle();
  await clock.advance(20);
  deepEqual(log.map((line) => line.split(' ')[0]), ['start']);
  await fetch('https://b.example/');
  await idle;
  deepEqual(log.map((line) => line.split(' ')[0]), ['start', 'end', 'idle']);
  await clock.advance(50);
  deepEqual([...fetch.lanes.keys()], ['https://b.example']);
});
