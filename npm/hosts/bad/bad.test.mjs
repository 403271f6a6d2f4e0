// Cases that fail, each in its own way, for `harness.test.mjs`.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

test('good', () => assert.deepEqual([1, { a: NaN }], [1, { a: NaN }]));
test('wrong', () => assert.deepEqual({ a: 1 }, { a: 2 }));
test('never settles', () => new Promise(() => {}));
test('leaves a rejection', () => { Promise.reject(new Error('nobody took it')); });
test('throws in a timer', () => new Promise((resolve) => {
  setTimeout(() => {
    resolve();
    throw new Error('nobody caught it');
  }, 0);
}));
test('wrong in a part', async (t) => { await t.test('the part', () => assert.fail('here')); });
test('wrong afterwards', (t) => t.after(() => assert.fail('cleaning up')));
describe('a suite', () => {
  before(() => assert.fail('before it'));
  test('in it', () => {});
});
test('good again', () => {});
