// Anything in any order, against a model that is too simple to be wrong: nothing is lost, nothing starts that must not, and the sums add up.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pool } from 'millpond';
import { accounted, deferred, random, settle } from './tools.mjs';

/** What a pool should do: a sorted list and two numbers. */
class Model {
  constructor(limit) {
    this.limit = limit;
    this.line = [];
    this.running = [];
    this.paused = false;
    this.closed = false;
    this.sequence = 0;
    this.counts = { submitted: 0, succeeded: 0, failed: 0, cancelled: 0, rejected: 0 };
  }

  submit(task) {
    if (this.closed) {
      this.counts.rejected++;
      task.expected = 'closed';
      return;
    }
    this.counts.submitted++;
    task.sequence = this.sequence++;
    this.line.push(task);
    this.admit();
  }

  admit() {
    this.line.sort((a, b) => b.priority - a.priority || a.sequence - b.sequence);
    while (!this.paused && this.running.length < this.limit && this.line.length) this.running.push(this.line.shift());
  }

  /** A task that was cancelled at the hand-over passes its permit on, without being called. */
  cancel(task) {
    task.expected = 'cancelled';
    if (this.line.includes(task)) this.line.splice(this.line.indexOf(task), 1);
    else if (task.called) return;
    else this.running.splice(this.running.indexOf(task), 1);
    this.counts.cancelled++;
    this.admit();
  }

  finish(task, outcome) {
    this.running.splice(this.running.indexOf(task), 1);
    this.counts[task.expected === 'cancelled' ? 'cancelled' : outcome]++;
    task.expected ??= outcome;
    this.admit();
  }
}

async function play(seed) {
  const { below, pick, next } = random(seed);
  const limit = 1 + below(4);
  const pool = new Pool(limit);
  const model = new Model(limit);
  const all = [];
  const alive = () => all.filter((task) => task.expected === undefined);
  const called = () => model.running.filter((task) => task.called && !task.ending);

  const submit = () => {
    const task = { name: all.length, priority: below(3) - 1, end: deferred(), controller: new AbortController(), called: false };
    const isSync = next() < 0.2;
    const fn = () => {
      assert.ok(model.running.includes(task), `seed ${seed}: task ${task.name} must not be called now`);
      task.called = true;
      if (!isSync) return task.end.promise;
      model.finish(task, 'succeeded');
      return undefined;
    };
    all.push(task);
    model.submit(task);
    task.promise = pool.run(fn, { priority: task.priority, signal: task.controller.signal });
    task.promise.then(() => { task.got = 'succeeded'; }, (error) => {
      task.got = { ERR_MILLPOND_CLOSED: 'closed', 20: 'cancelled' }[error.code] ?? 'failed';
    });
  };
  const steps = [
    submit, submit, submit, submit,
    () => {
      const task = pick(alive());
      if (!task) return;
      model.cancel(task);
      if (below(2)) task.promise.cancel();
      else task.controller.abort();
    },
    () => {
      const task = pick(called());
      if (!task) return;
      task.ending = true;
      const fails = below(3) === 0;
      // The permit goes back in a microtask: the model hears of it from a reaction of its own, registered later.
      if (fails) task.end.reject(new Error(`task ${task.name}`));
      else task.end.resolve();
      model.finish(task, fails ? 'failed' : 'succeeded');
    },
    () => {
      const task = pick(model.line);
      if (!task) return;
      task.priority = below(5) - 2;
      task.promise.priority = task.priority;
    },
    () => { model.limit = pool.concurrency = 1 + below(5); model.admit(); },
    () => { model.paused = !model.paused; model.paused ? pool.pause() : pool.resume(); model.admit(); },
  ];

  for (let i = 0; i < 150; i++) {
    pick(steps)();
    await settle();
    const { stats } = pool;
    assert.equal(accounted(stats), stats.submitted);
    const { submitted, succeeded, failed, cancelled, rejected } = stats;
    assert.deepEqual({ submitted, succeeded, failed, cancelled, rejected }, model.counts, `seed ${seed}, step ${i}`);
    assert.deepEqual([stats.waiting, stats.running], [model.line.length, model.running.length], `seed ${seed}, step ${i}`);
    assert.ok(model.running.every((task) => task.called), `seed ${seed}: all of them were called`);
  }
  model.closed = true;
  model.paused = false;
  const closing = pool.close();
  model.admit();
  submit();
  while (model.running.length) {
    await settle();
    for (const task of called()) {
      task.ending = true;
      task.end.resolve();
      model.finish(task, 'succeeded');
    }
  }
  await closing;
  await settle();
  for (const task of all) assert.equal(task.got, task.expected, `seed ${seed}, task ${task.name}`);
  return all.length;
}

test('random submits, ends, cancels, priorities, sizes and pauses, then a close', async () => {
  let tasks = 0;
  for (let seed = 1; seed <= 60; seed++) tasks += await play(seed);
  assert.ok(tasks > 3000);
});

test('the same without waiting between the steps: every task settles once, and no more run than may', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const { below, pick, next } = random(seed);
    const pool = new Pool({ concurrency: 3, queueCapacity: 30 });
    const tasks = [];
    let running = 0;
    let most = 3;
    const work = async () => {
      assert.ok(++running <= most, `seed ${seed}`);
      for (let i = below(4); i > 0; i--) await null;
      running--;
      if (next() < 0.2) throw new Error('failed');
    };
    const steps = [
      () => tasks.push(pool.run(work, { priority: below(3) })), () => tasks.push(pool.run(work)), () => tasks.push(pool.run(() => {})),
      () => tasks.length && pick(tasks).cancel(),
      () => { pool.pause(); if (below(2)) queueMicrotask(() => pool.resume()); else pool.resume(); },
      () => { pool.concurrency = 3 + below(3); most = Math.max(most, pool.concurrency); },
      () => { if (below(40) === 0) pool.clear(); },
    ];
    for (let i = 0; i < 500; i++) {
      pick(steps)();
      if (next() < 0.3) await null;
    }
    const settled = Promise.allSettled(tasks);
    await pool.close();
    await settled;
    const { stats } = pool;
    assert.deepEqual([accounted(stats), stats.waiting, stats.running, running], [stats.submitted, 0, 0, 0], `seed ${seed}`);
    assert.equal(stats.submitted + stats.rejected, tasks.length);
  }
});
