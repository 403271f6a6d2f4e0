// Bad input gets an error that names option, value and rule, and changes nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pool, PoolManager } from 'millpond';
import { deferred } from './tools.mjs';

const bad = (Kind, option, message) => (error) => {
  assert.ok(error instanceof Kind, `${error} should be a ${Kind.name}`);
  assert.equal(error.code, 'ERR_MILLPOND_OPTION');
  assert.equal(error.option, option);
  if (message) assert.match(error.message, message);
  return true;
};

const LIMITS = [[0, RangeError], [-1, RangeError], [1.5, RangeError], [NaN, RangeError], [2 ** 32, RangeError], ['6', TypeError], [null, TypeError], [6n, TypeError], [true, TypeError], [[], TypeError], [{}, TypeError]];
const SPANS = [[-1, RangeError], [NaN, RangeError], [2 ** 31, RangeError], ['5s', TypeError], [null, TypeError], [false, TypeError], [new Date(), TypeError]];

test('concurrency', () => {
  for (const [value, Kind] of LIMITS) {
    assert.throws(() => new Pool({ concurrency: value }), bad(Kind, 'concurrency', /integer of at least 1, or Infinity, got/));
    assert.throws(() => new PoolManager({ concurrency: value }), bad(Kind, 'concurrency'));
    const pool = new Pool(3);
    assert.throws(() => { pool.concurrency = value; }, bad(Kind, 'concurrency'));
    assert.equal(pool.concurrency, 3);
  }
  assert.throws(() => new Pool(0), bad(RangeError, 'concurrency', /got 0$/));
  assert.throws(() => { new Pool(1).concurrency = undefined; }, bad(TypeError, 'concurrency'));
  assert.equal(new Pool(Infinity).concurrency, Infinity);
  assert.equal(new Pool({ concurrency: undefined }).concurrency, Infinity);
});

test('options that are no object', () => {
  for (const value of ['6', null, [], true, () => {}]) assert.throws(() => new Pool(value), bad(TypeError, 'options'));
  for (const value of ['6', null, [], 6]) assert.throws(() => new Pool(1).run(() => {}, value), bad(TypeError, 'options'));
});

test('timeouts', () => {
  const pool = new Pool(1);
  for (const name of ['timeout', 'queueTimeout', 'totalTimeout']) {
    for (const [value, Kind] of SPANS) {
      assert.throws(() => new Pool({ [name]: value }), bad(Kind, name, /milliseconds from 0 to 2147483647, or Infinity, got/));
      assert.throws(() => pool.run(() => assert.fail('called'), { [name]: value }), bad(Kind, name));
    }
  }
  for (const [value, Kind] of SPANS) {
    assert.throws(() => new Pool({ abandon: value }), bad(value === '5s' ? TypeError : Kind, 'abandon'));
    assert.throws(() => new PoolManager({ idleTimeout: value }), bad(Kind, 'idleTimeout'));
    assert.throws(() => new PoolManager({ lifetime: value }), bad(Kind, 'lifetime'));
  }
});

test('the rest of a pool\'s options', () => {
  for (const [value, Kind] of LIMITS.filter(([value]) => value !== 0)) assert.throws(() => new Pool({ queueCapacity: value }), bad(Kind, 'queueCapacity'));
  assert.throws(() => new Pool({ autoStart: 'yes' }), bad(TypeError, 'autoStart', /a boolean, got "yes"/));
  assert.throws(() => new Pool({ name: 5 }), bad(TypeError, 'name'));
});

test('unknown options, with the nearest known one', () => {
  assert.throws(() => new Pool({ concurency: 3 }), bad(RangeError, 'concurency', /concurrency/));
  assert.throws(() => new Pool({ Timeout: 3 }), bad(RangeError, 'Timeout', /timeout/));
  assert.throws(() => new Pool({ minTime: 3 }), bad(RangeError, 'minTime'));
  assert.throws(() => new Pool(1).run(() => {}, { prio: 3 }), bad(RangeError, 'prio', /priority|one of/));
  assert.throws(() => new Pool(1).run(() => {}, { timeOut: 3 }), bad(RangeError, 'timeOut', /timeout/));
  assert.throws(() => new PoolManager({ idleTimout: 3 }), bad(RangeError, 'idleTimout', /idleTimeout/));
  assert.throws(() => new Pool(1).onIdle({ signl: 3 }), bad(RangeError, 'signl', /signal/));
});

test('what is run', () => {
  const pool = new Pool(1);
  for (const value of [undefined, null, 5, {}, Promise.resolve(), 'f']) assert.throws(() => pool.run(value), bad(TypeError, 'fn', /a function, got/));
});

test('priorities', () => {
  const pool = new Pool(1);
  const gate = deferred();
  pool.run(() => gate.promise);
  const task = pool.run(() => {}, { priority: 2, id: 'x' });
  for (const [value, Kind] of [['urgent', RangeError], [NaN, RangeError], [Infinity, RangeError], ['3', RangeError], [null, TypeError], [3n, TypeError], [{}, TypeError]]) {
    assert.throws(() => pool.run(() => {}, { priority: value }), bad(Kind, 'priority', /finite number, or 'high', 'auto' or 'low', got/));
    assert.throws(() => pool.setPriority('x', value), bad(Kind, 'priority'));
    assert.throws(() => { task.priority = value; }, bad(Kind, 'priority'));
  }
  assert.equal(task.priority, 2);
});

test('signal and id', () => {
  const pool = new Pool(1);
  for (const value of [null, {}, new AbortController(), 'abort']) {
    assert.throws(() => pool.run(() => {}, { signal: value }), bad(TypeError, 'signal', /an AbortSignal/));
    assert.throws(() => pool.onIdle({ signal: value }), bad(TypeError, 'signal'));
  }
  assert.throws(() => pool.run(() => {}, { id: 5 }), bad(TypeError, 'id'));
});

test('bad input leaves the pool as it was', async () => {
  const pool = new Pool(1);
  const before = pool.stats;
  const controller = new AbortController();
  for (const options of [{ timeout: -1 }, { priority: 'urgent', signal: controller.signal }, { get priority() { throw new Error('getter'); } }]) {
    assert.throws(() => pool.run(() => assert.fail('called'), options));
  }
  assert.deepEqual(pool.stats, before);
  assert.equal(await pool.run(() => 1), 1);
});

test('a getter of the options may use the pool', async () => {
  const pool = new Pool(1);
  const order = [];
  const inner = [];
  const outer = pool.run(() => order.push('outer'), { get priority() { inner.push(pool.run(() => order.push('inner'))); return 1; } });
  await Promise.all([outer, ...inner]);
  assert.deepEqual(order, ['inner', 'outer']);
});

test('the pools of a manager', () => {
  for (const pools of [5, null, 'x']) assert.throws(() => new PoolManager({ pools }), bad(TypeError, 'pools'));
  assert.throws(() => new PoolManager({ pools: { a: 0 } }), bad(RangeError, 'concurrency'));
  assert.throws(() => new PoolManager({ pools: { a: { concurency: 1 } } }), bad(RangeError, 'concurency', /pools\["a"\]/));
  assert.throws(() => new PoolManager({ pool: 'x' }), bad(TypeError, 'pool'));
  const manager = new PoolManager({ pools: () => ({ concurrency: -1 }) });
  assert.throws(() => manager.run('a', () => {}), bad(RangeError, 'concurrency'));
  assert.equal(manager.size, 0);
});
