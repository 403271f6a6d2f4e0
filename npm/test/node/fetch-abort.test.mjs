// Aborts of requests to a real server: nothing is left behind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFetch } from 'millpond';
import { rejection } from '../cases/fetch-kit.mjs';
import { serve } from './kit.mjs';

test('no listener is left on a long-lived signal', async () => {
  const server = await serve((_, response) => response.end('x'));
  const controller = new AbortController();
  const limited = createFetch({ concurrency: 4 });
  // undici drops the listeners of its own Requests at collection only: count ours, on an event target of our own.
  const counts = new Map();
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const count = (target, by) => counts.set(target, (counts.get(target) ?? 0) + by);
  EventTarget.prototype.addEventListener = function (type, listener, ...rest) {
    if (typeof listener === 'object') count(this, 1);
    return addEventListener.call(this, type, listener, ...rest);
  };
  EventTarget.prototype.removeEventListener = function (type, listener, ...rest) {
    if (typeof listener === 'object') count(this, -1);
    return removeEventListener.call(this, type, listener, ...rest);
  };
  try {
    const { signal } = controller;
    await Promise.all(Array.from({ length: 20 }, async (_, i) => (await limited(`${server.origin}/${i}`, { signal })).text()));
    await Promise.all(Array.from({ length: 20 }, async (_, i) => (await limited(`${server.origin}/${i}`, { signal, pond: { releaseOn: 'headers' } })).text()));
    await limited(`${server.origin}/`, { method: 'HEAD', signal });
    await rejection(limited('http://127.0.0.1:1/', { signal }));
  } finally {
    Object.assign(EventTarget.prototype, { addEventListener, removeEventListener });
    await server.close();
  }
  assert.ok(counts.size > 20, 'something was counted');
  // A listener taken away twice counts as fewer than none; that is fine.
  for (const left of counts.values()) assert.ok(left <= 0);
});
