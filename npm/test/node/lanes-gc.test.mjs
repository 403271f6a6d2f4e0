// Responses that were dropped unread, with real servers and real garbage collection, and no other way for their places to come back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createFetch } from 'millpond';
import { accounted, settle } from '../cases/tools.mjs';
import { startOrigins } from './origins.mjs';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

let mill;
before(async () => { mill = await startOrigins(3); });
after(() => mill.close());

/** Collects until `isSo()`; false if that does not help. */
async function collectUntil(isSo, turns = 2_000) {
  for (let i = 0; !isSo(); i++) {
    if (i > turns) return false;
    gc();
    await settle();
  }
  return true;
}

/** Nothing is kept of the response. */
const drop = async (fetch, url) => { await fetch(url); };

test('dropped responses give their places back, and the limit is kept', async () => {
  const fetch = createFetch({ concurrency: 2, unreadGrace: Infinity });
  let come = 0;
  for (let id = 0; id < 60; id++) drop(fetch, `${mill.origins[id % 3]}/?id=${id}&size=500&chunks=2&latency=1`).then(() => { come++; });
  assert.ok(await collectUntil(() => come === 60), `${come} of 60 have come`);
  assert.ok(await collectUntil(() => fetch.lanes.isIdle));
  assert.equal(accounted(fetch.stats), fetch.stats.submitted);
  for (const { most, finished } of mill.counts()) assert.deepEqual([most, finished], [2, 20]);
});

test('and that check fails for responses that are kept', async () => {
  const fetch = createFetch({ concurrency: 2, unreadGrace: Infinity });
  const kept = [];
  for (let id = 0; id < 9; id++) fetch(`${mill.origins[0]}/?id=kept-${id}`).then((response) => kept.push(response), () => {});
  assert.equal(await collectUntil(() => kept.length === 9, 100), false);
  assert.equal(kept.length, 2);
  fetch.lanes.abort('end');
});
