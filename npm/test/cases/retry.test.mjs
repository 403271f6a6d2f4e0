// Tasks that are tried again: when, how often, and what it costs.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Pool } from 'millpond';
import { virtualClock } from './clock.mjs';
import { failing } from './retry-kit.mjs';
import { accounted, rejection, settle, stage, state, until } from './tools.mjs';

describe('attempts', () => {
  test('none but the first by default', async () => {
    let calls = 0;
    const error = new Error('no');
    const failed = await rejection(new Pool(1).run(() => { calls++; throw error; }));
    assert.equal(failed, error);
    assert.equal(calls, 1);
  });

  test('a number is a limit, with pauses of 300 ms that double', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool(1);
    const { fn, calls } = failing(clock, 3);
    const task = pool.run(fn, { retry: 3 });
    await clock.advance(10_000);
    assert.equal(await task, 'done');
    assert.deepEqual(calls, [0, 300, 900, 2100]);
    assert.deepEqual(clock.timers, []);
    assert.equal(pool.stats.retried, 3);
    assert.equal(pool.stats.submitted, 4);
    assert.equal(pool.stats.failed, 3);
    assert.equal(accounted(pool.stats), 4);
    assert.ok(pool.isIdle);
  });

  test('the last error rejects when no attempt is left; the first call is in the same turn', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool(1);
    let calls = 0;
    const task = pool.run(() => { throw new Error(`no ${++calls}`); }, { retry: { delay: () => 10 } });
    assert.equal(calls, 1);
    const failed = rejection(task);
    await clock.advance(20);
    assert.equal((await failed).message, 'no 3', 'the limit is 2 by default');
    assert.equal(task.state, 'failed');
  });

  test('promises that reject count too, and so do pools with the option', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool({ concurrency: 1, retry: 1 });
    let calls = 0;
    const fn = async () => { if (++calls === 1) throw new Error('once'); return calls; };
    const task = pool.run(fn);
    await clock.advance(300);
    assert.equal(await task, 2);
    calls = 0;
    await rejection(pool.run(fn, { retry: 0 }));
    assert.equal(calls, 1, 'what the task says wins');
  });

  test('the function is told which attempt it is', async (t) => {
    const clock = virtualClock(t);
    const seen = [];
    const fn = ({ attempt, signal }) => { seen.push(attempt); assert.equal(signal.aborted, false); throw new Error('no'); };
    const failed = rejection(new Pool(1).run(fn, { retry: { limit: 2, delay: () => 0 } }));
    await clock.advance(1);
    await failed;
    assert.deepEqual(seen, [1, 2, 3]);
  });

  test('many rest by one timer', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool(2);
    const tasks = Array.from({ length: 50 }, (_, i) => {
      const { fn } = failing(clock, 1);
      return pool.run(fn, { retry: { delay: () => 10 + i % 7 } });
    });
    await settle();
    assert.equal(clock.timers.length, 1);
    await clock.advance(100);
    assert.deepEqual(new Set(await Promise.all(tasks)), new Set(['done']));
    assert.deepEqual(clock.timers, []);
  });
});

describe('the pause', () => {
  const pauseOf = async (clock, retry) => {
    const { fn, calls } = failing(clock, 1);
    const begin = clock.time;
    const task = new Pool(1).run(fn, { retry });
    task.catch(() => {});
    await clock.advance(5000);
    return calls.length > 1 ? calls[1] - begin : await rejection(task);
  };

  test('delay, backoffLimit and jitter', async (t) => {
    const clock = virtualClock(t);
    const { random } = Math;
    t.after(() => { Math.random = random; });
    Math.random = () => 0.25;
    assert.equal(await pauseOf(clock, { delay: (n) => 40 * n }), 40);
    assert.equal(await pauseOf(clock, { backoffLimit: 70 }), 70);
    assert.equal(await pauseOf(clock, { delay: () => 400, jitter: true }), 100);
    assert.equal(await pauseOf(clock, { delay: () => 400, jitter: (ms) => ms + 11 }), 411);
    assert.equal(await pauseOf(clock, { delay: () => 400, jitter: (ms) => ms + 11, backoffLimit: 405 }), 405);
    assert.equal(await pauseOf(clock, { delay: () => 400, jitter: false }), 400);
    assert.equal(await pauseOf(clock, { delay: () => NaN }), 0);
    assert.equal(await pauseOf(clock, { delay: () => -5 }), 0);
    assert.equal((await pauseOf(clock, { delay: () => Infinity })).message, 'not yet');
  });

  test('the delay is asked with 1, 2, 3', async (t) => {
    const clock = virtualClock(t);
    const asked = [];
    const failed = rejection(new Pool(1).run(() => { throw new Error(); }, { retry: { limit: 3, delay: (n) => { asked.push(n); return 1; } } }));
    await clock.advance(10);
    await failed;
    assert.deepEqual(asked, [1, 2, 3]);
  });

  test('a delay that throws is what the task rejects with', async () => {
    const wrong = new Error('wrong');
    assert.equal(await rejection(new Pool(1).run(() => { throw new Error(); }, { retry: { delay: () => { throw wrong; } } })), wrong);
  });

  test('longer than any timer', async (t) => {
    const clock = virtualClock(t);
    const { fn, calls } = failing(clock, 1);
    const task = new Pool(1).run(fn, { retry: { delay: () => 2 ** 31 + 5000 } });
    await clock.advance(2 ** 31 + 4999);
    assert.equal(calls.length, 1);
    await clock.advance(1);
    assert.equal(await task, 'done');
  });
});

describe('shouldRetry', () => {
  test('decides, with what has happened', async (t) => {
    const clock = virtualClock(t);
    const told = [];
    const errors = [new Error('a'), new Error('b')];
    let calls = 0;
    const shouldRetry = async (state) => { told.push(state); return state.error === errors[0]; };
    const failed = rejection(new Pool(1).run(() => { throw errors[calls++]; }, { retry: { shouldRetry } }));
    await clock.advance(5000);
    assert.equal(await failed, errors[1]);
    assert.deepEqual(told, [{ error: errors[0], attempt: 1 }, { error: errors[1], attempt: 2 }]);
  });

  test('undefined leaves it to the rest; beyond the limit it is not asked', async (t) => {
    const clock = virtualClock(t);
    let asked = 0;
    const failed = rejection(new Pool(1).run(() => { throw new Error(); }, { retry: { shouldRetry: () => { asked++; } } }));
    await clock.advance(5000);
    await failed;
    assert.equal(asked, 2);
  });

  test('what it throws rejects', async () => {
    const wrong = new Error('wrong');
    for (const shouldRetry of [() => { throw wrong; }, () => Promise.reject(wrong)]) {
      assert.equal(await rejection(new Pool(1).run(() => { throw new Error(); }, { retry: { shouldRetry } })), wrong);
    }
  });

  test('one that never answers ends with the total timeout, with an abort, or with clear()', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool(1);
    const never = { shouldRetry: () => new Promise(() => {}) };
    const fail = () => { throw new Error(); };
    const controller = new AbortController();
    const tasks = [pool.run(fail, { retry: never, totalTimeout: 50 }), pool.run(fail, { retry: never, signal: controller.signal }), pool.run(fail, { retry: never })];
    const ends = tasks.map(rejection);
    await clock.advance(49);
    assert.deepEqual(tasks.map((task) => task.state), ['waiting', 'waiting', 'waiting']);
    await clock.advance(1);
    assert.equal((await ends[0]).phase, 'total');
    assert.equal(tasks[0].state, 'timedOut');
    controller.abort('enough');
    assert.equal(await ends[1], 'enough');
    assert.equal(pool.clear('cleared'), 1);
    assert.equal(await ends[2], 'cleared');
    assert.ok(pool.isIdle);
    assert.deepEqual(clock.timers, []);
  });
});

test('a second answer that never comes ends with the total timeout', async (t) => {
  const clock = virtualClock(t);
  let asked = 0;
  const shouldRetry = () => (++asked === 1 ? true : new Promise(() => {}));
  const failed = rejection(new Pool(1).run(() => { throw new Error(); }, { totalTimeout: 500, retry: { shouldRetry } }));
  await clock.advance(500);
  assert.equal((await failed).phase, 'total');
  assert.equal(asked, 2);
});

test('an answer of shouldRetry that comes after the end changes nothing', async (t) => {
  const clock = virtualClock(t);
  const pool = new Pool(1);
  let decide;
  const task = pool.run(() => { throw new Error(); }, { retry: { shouldRetry: () => new Promise((resolve) => { decide = resolve; }) } });
  await settle();
  task.cancel('enough');
  assert.equal(await rejection(task), 'enough');
  decide(true);
  await settle();
  assert.deepEqual(clock.timers, []);
  assert.ok(pool.isIdle);
});

describe('the permit', () => {
  test('is free in the pause, and the limit holds', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool(1);
    const { started, task, end } = stage();
    const { fn, calls } = failing(clock, 1);
    const first = pool.run(fn, { retry: 1 });
    const second = pool.run(task('b'));
    await settle();
    assert.deepEqual(started, ['b']);
    await clock.advance(1000);
    assert.equal(calls.length, 1, 'b has the permit');
    assert.equal(pool.waiting, 1);
    end('b');
    await second;
    assert.equal(await first, 'done');
  });

  test('a further attempt goes to the front of its priority, and not beyond', async (t) => {
    const clock = virtualClock(t);
    for (const priority of [0, 1, -1, 0.5, -0.5, 1e300, -1e-300, 2 ** 52, -(2 ** 52)]) {
      const pool = new Pool(1);
      const order = [];
      const { started, task, end } = stage();
      let calls = 0;
      const again = pool.run(() => { if (++calls === 1) throw new Error(); order.push('again'); }, { priority, retry: { delay: () => 10 } });
      pool.run(task('hold'), { priority: Infinity > priority ? Number.MAX_VALUE : 0 });
      await until(() => started.length === 1);
      const above = priority > 1e299 ? 2e300 : priority + Math.max(1, Math.abs(priority) / 2);
      const rest = [pool.run(() => order.push('equal'), { priority }), pool.run(() => order.push('above'), { priority: above })];
      await clock.advance(10);
      assert.equal(pool.waiting, 3);
      end('hold');
      await Promise.all([again, ...rest]);
      assert.deepEqual(order, ['above', 'again', 'equal'], `priority ${priority}`);
    }
  });

  test('it finds room in a full line', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool({ concurrency: 1, queueCapacity: 1 });
    const { task, end } = stage();
    const { fn } = failing(clock, 1);
    const first = pool.run(fn, { retry: 1 });
    const rest = [pool.run(task('b'))];
    await settle();
    rest.push(pool.run(task('c')));
    await clock.advance(300);
    assert.equal(pool.waiting, 2);
    assert.equal((await rejection(pool.run(() => {}))).code, 'ERR_MILLPOND_QUEUE_FULL', 'the bound is as before');
    end('b');
    assert.equal(await first, 'done');
    await until(() => pool.waiting === 0);
    end('c');
    await Promise.all(rest);
  });

  test('with aging it keeps its age', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool({ concurrency: 1, aging: 100 });
    const order = [];
    let calls = 0;
    const again = pool.run(() => { if (++calls === 1) throw new Error(); order.push('again'); }, { retry: { delay: () => 1000 } });
    await clock.advance(999);
    const { task, end } = stage();
    pool.run(task('hold'));
    const younger = pool.run(() => order.push('younger'), { priority: 5 });
    await clock.advance(1);
    end('hold');
    await Promise.all([again, younger]);
    assert.deepEqual(order, ['again', 'younger']);
  });
});

describe('clocks', () => {
  test('timeout and queueTimeout are of each attempt', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool(1);
    const seen = [];
    const slow = ({ signal }) => {
      seen.push(clock.time);
      return new Promise((resolve, reject) => { signal.onabort = () => reject(signal.reason); });
    };
    const failed = rejection(pool.run(slow, { timeout: 50, retry: { limit: 2, delay: () => 10, retryOnTimeout: true } }));
    await clock.advance(200);
    assert.equal((await failed).phase, 'run');
    assert.deepEqual(seen, [0, 60, 120]);
  });

  test('a timeout is no reason by itself', async (t) => {
    const clock = virtualClock(t);
    let calls = 0;
    const task = new Pool(1).run(() => { calls++; return new Promise(() => {}); }, { timeout: 50, retry: 3 });
    const failed = rejection(task);
    await clock.advance(5000);
    assert.equal((await failed).phase, 'run');
    assert.equal(task.state, 'timedOut');
    assert.equal(calls, 1);
  });

  test('nor is waiting too long in the line, even if shouldRetry likes it', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool(1);
    const { fn } = failing(clock, 1);
    const first = pool.run(fn, { queueTimeout: 100, retry: { delay: () => 10, shouldRetry: () => true } });
    const failed = rejection(first);
    pool.run(() => new Promise(() => {}));
    await clock.advance(109);
    assert.equal(first.state, 'waiting');
    await clock.advance(1);
    assert.equal((await failed).phase, 'queue');
    assert.equal(pool.stats.retried, 1);
  });

  test('totalTimeout is of all together', async (t) => {
    const clock = virtualClock(t);
    const pool = new Pool(1);
    let calls = 0;
    const fn = () => { if (++calls === 1) throw new Error(); return new Promise(() => {}); };
    let asked = 0;
    const failed = rejection(pool.run(fn, { totalTimeout: 500, retry: { limit: 3, shouldRetry: () => { asked++; } } }));
    await clock.advance(499);
    assert.equal(calls, 2);
    assert.deepEqual(clock.timers, [500]);
    await clock.advance(1);
    assert.equal((await failed).phase, 'total');
    assert.equal(asked, 1);
  });

  test('should the timer of a pause come too late for another attempt, the last error rejects', async (t) => {
    const clock = virtualClock(t);
    const { fn, calls } = failing(clock, 1);
    const failed = rejection(new Pool(1).run(fn, { totalTimeout: 301, retry: 1 }));
    await settle();
    const { now } = performance;
    performance.now = () => now() + 5;
    await clock.advance(300);
    assert.equal((await failed).message, 'not yet');
    assert.equal(calls.length, 1);
  });

  test('no pause begins that would end after it: the last error rejects at once', async (t) => {
    const clock = virtualClock(t);
    const error = new Error('no');
    const failed = state(new Pool(1).run(() => { throw error; }, { totalTimeout: 300, retry: 3 }));
    assert.deepEqual(await failed, { error });
    assert.deepEqual(clock.timers, []);
  });
});
