// Should the core trap, everything handed out settles all the same: in pools, managers and fetches, whatever it waits for. The trap is made by
// hand, in a process of its own, as no process gets over it. The rest of that is in `core.test.mjs`.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { TRAPPABLE } from './kit.mjs';

const run = promisify(execFile);

/** What is handed out before the core traps, by name; said by `say(name, outcome)`. */
const PROGRAM = `
  import { createFetch, Pool, PoolManager } from 'millpond';
  ${TRAPPABLE}
  const never = () => new Promise(() => {});
  const handed = {};

  const pool = new Pool({ concurrency: 1, abandon: 60_000 });
  const { signal } = new AbortController();
  let end;
  const first = pool.run(() => new Promise((resolve) => { end = resolve; }));
  Object.assign(handed, {
    'pool: waiting': pool.run(() => {}),
    'pool: waiting, with all clocks': pool.run(() => {}, { queueTimeout: 60_000, timeout: 60_000, totalTimeout: 60_000, signal }),
    'pool.onIdle': pool.onIdle(), 'pool.onEmpty': pool.onEmpty({ signal }), 'pool.close': pool.close(),
  });
  const busy = new Pool(2);
  Object.assign(handed, {
    'pool: running': busy.run(never), 'pool: running, with a clock': busy.run(never, { timeout: 60_000 }), 'pool: behind it': busy.run(() => {}),
  });
  Object.assign(handed, {
    'pool.acquire': busy.acquire(), 'pool.runAll': busy.runAll([() => {}, () => {}]), 'pool.map': busy.map([1, 2], never), 'pool.stream': busy.stream([1, 2], never).next(),
    'pool.onWaitingLessThan': busy.onWaitingLessThan(1), 'pool.onError': busy.onError({ signal }), 'pool.wrap': busy.wrap(never)(),
  });
  const settled = busy.mapSettled([1], never).then(([{ reason }]) => { throw reason; });
  handed['pool.mapSettled'] = settled;
  const paused = new Pool({ concurrency: 1, autoStart: false });
  handed['pool: paused'] = paused.run(() => {});

  const manager = new PoolManager({ pool: 1, concurrency: 2 });
  for (const key of ['a', 'b']) {
    handed['manager: running ' + key] = manager.run(key, never);
    handed['manager: waiting ' + key] = manager.run(key, () => {});
    handed['manager: idle ' + key] = manager.get(key).onIdle();
  }
  handed['manager: over the limit of all'] = manager.run('c', () => {});
  const leases = new PoolManager({ pool: 1, resource: never });
  handed['manager.lease'] = leases.lease('a');
  Object.assign(handed, { 'manager.onEmpty': manager.onEmpty(), 'manager.onWaitingLessThan': manager.onWaitingLessThan(1), 'manager.onIdle': manager.onIdle(), 'manager.close': manager.close() });

  const body = () => new ReadableStream({ type: 'bytes', start(controller) { controller.enqueue(new Uint8Array(3)); } });
  const answers = async ({ url, signal }) => {
    if (!url.endsWith('/never')) return new Response(body());
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
  const fetch = createFetch({ concurrency: 5, fetch: answers, bodyTimeout: 60_000 });
  const at = (path) => 'https://a.example/' + path;
  const [text, stream, copied, unread] = await Promise.all(['1', '2', '3', '4'].map((path) => fetch(at(path))));
  handed['fetch: text'] = text.text();
  const reader = stream.body.getReader();
  await reader.read();
  handed['fetch: a read'] = reader.read();
  const copy = copied.clone();
  Object.assign(handed, { 'fetch: a copy': copy.text(), 'fetch: the copied': copied.arrayBuffer() });
  Object.assign(handed, { 'fetch: in flight': fetch(at('never')), 'fetch: waiting': fetch(at('5')), 'fetch: waiting, elsewhere': createFetch({ concurrency: 1, maxConcurrency: 1, fetch: answers })(at('never')) });
  Object.assign(handed, { 'fetch: its lane': fetch.lanes.get('https://a.example').onIdle(), 'fetch.lanes.onIdle': fetch.lanes.onIdle(), 'fetch.close': fetch.close() });

  const outcomes = {};
  for (const [name, promise] of Object.entries(handed)) {
    outcomes[name] = 'never settled';
    promise.then(() => { outcomes[name] = 'fulfilled'; }, (error) => { outcomes[name] = error.code ?? String(error); });
  }
  await new Promise(setImmediate);
  armed = true;
  end('its own result');
  const own = await first;
  for (let i = 0; i < 10; i++) await new Promise(setImmediate);
  outcomes['fetch: read after that'] = await unread.text().then(() => 'fulfilled', (error) => error.code);
  // What never settles is said after a second of real time, in place of a hang.
  for (const [name, call] of Object.entries({
    'later: run': () => pool.run(() => {}), 'later: of a manager': () => manager.run('d', () => {}), 'later: fetch': () => fetch(at('6')), 'later: elsewhere': () => fetch('https://b.example/'),
    'later: onIdle': () => busy.onIdle(),
  })) outcomes[name] = await Promise.race([(async () => call())(), new Promise((resolve) => setTimeout(resolve, 1_000))]).then(() => 'never settled', (error) => error.code);
  console.log(JSON.stringify({ own, outcomes }));
`;

test('everything handed out settles when the core traps', async () => {
  // It has to end by itself, too: no timer is left.
  const { stdout, stderr } = await run(process.execPath, ['--unhandled-rejections=strict', '--input-type=module', '--eval', PROGRAM], { cwd: new URL('../..', import.meta.url), timeout: 30_000 });
  const { own, outcomes } = JSON.parse(stdout);
  assert.equal(own, 'its own result');
  for (const [name, outcome] of Object.entries(outcomes)) assert.equal(outcome, 'ERR_MILLPOND_BROKEN', name);
  assert.equal(stderr, '');
});
