// The work the tests of lanes give to a fetch, and what the servers must have seen of it.
import assert from 'node:assert/strict';

/** Runs `one(id)` for `count` ids. */
export const each = (count, one) => Promise.all(Array.from({ length: count }, (_, id) => one(id)));

/** So many requests to every origin, each read to its end by `read`. */
export const load = (fetch, origins, count, query = '', read = (response) => response.text()) => each(
  origins.length * count,
  async (id) => read(await fetch(`${origins[id % origins.length]}/?id=${id}${query}`), id),
);

/** Every server saw every request, never more at once than the limit, and as many once. */
export function assertKept(mill, limit, count) {
  for (const { origin, counts } of mill.list) {
    assert.ok(counts.most <= limit, `${origin} saw ${counts.most} requests in flight, more than ${limit}`);
    assert.equal(counts.most, limit, `${origin} saw at most ${counts.most} requests in flight, fewer than ${limit}`);
    assert.equal(counts.finished, count, `${origin} answered ${counts.finished} of ${count}`);
  }
}
