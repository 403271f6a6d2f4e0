// The work every part of the test does: many URLs over all origins, all asked for at once, every body read.
// A request asks for a body of its own length, so that a lost or a swapped answer is seen.

/**
 * @param {typeof globalThis.fetch} fetch
 * @param {string[]} origins
 * @param {number} count
 * @returns {Promise<number>} how many answers were wrong
 */
export async function load(fetch, origins, count) {
  const asked = Array.from({ length: count }, (_, id) => ask(fetch, origins[id % origins.length], id));
  const right = await Promise.all(asked);
  return right.filter((answer) => !answer).length;
}

async function ask(fetch, origin, id) {
  const size = 100 + id;
  const response = await fetch(`${origin}/item?id=${id}&size=${size}`);
  return response.ok && (await response.text()).length === size;
}
