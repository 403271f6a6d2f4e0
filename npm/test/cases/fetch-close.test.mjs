// What closing a fetch waits for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFetch } from 'millpond';
import { virtualClock } from './clock.mjs';
import { state } from './tools.mjs';

/** A body that has begun and does not end. */
const body = () => new ReadableStream({ type: 'bytes', start: (controller) => controller.enqueue(new Uint8Array(3)) });
const answer = async () => new Response(body());

test('a body nobody reads holds up the close no longer than `unreadGrace`', async (t) => {
  const clock = virtualClock(t);
  const fetch = createFetch({ fetch: answer, unreadGrace: 500 });
  const kept = await fetch('https://a.example/');
  const closing = fetch.close();
  await clock.advance(500);
  assert.deepEqual(await state(closing), { value: undefined });
  assert.ok(kept);
});

test('a body whose `unreadGrace` is over does not hold up the close at all, and one that is being read does', async (t) => {
  const clock = virtualClock(t);
  const fetch = createFetch({ fetch: answer, unreadGrace: 500 });
  const kept = await fetch('https://a.example/');
  await clock.advance(500);
  const read = await fetch('https://b.example/');
  const reader = read.body.getReader();
  await reader.read();
  const next = reader.read();
  const closing = fetch.close();
  await clock.advance(500);
  assert.equal(await state(closing), 'waits');
  assert.deepEqual([fetch.lanes.get('https://a.example').running, fetch.stats.recalled], [0, 1]);
  await reader.cancel();
  await next;
  assert.deepEqual(await state(closing), { value: undefined });
  assert.ok(kept);
});
