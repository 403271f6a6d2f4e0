// limit(): what needs Node to be seen.
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { limit } from 'millpond';

test('a limited function runs in the async context of its caller, at once or later', async () => {
  const storage = new AsyncLocalStorage();
  const two = limit(2);
  const seen = await Promise.all(Array.from({ length: 50 }, (_, i) => storage.run(i, () => two(async () => {
    const before = storage.getStore();
    await null;
    return [before, storage.getStore()];
  }))));
  assert.deepEqual(seen, Array.from({ length: 50 }, (_, i) => [i, i]));
});
