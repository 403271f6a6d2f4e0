// What studies share: words for titles, the check that nobody has lost a task, and what is done with each of several subjects.

/** `one(value, name)` for each of an object, by the same names. */
export const each = (object, one) => Object.fromEntries(Object.entries(object).map(([name, value]) => [name, one(value, name)]));

/** 1000 → 1 k, 1000000 → 1 M. */
export function short(count) {
  if (count % 1e6 === 0) return `${count / 1e6} M`;
  return count % 1000 === 0 ? `${count / 1000} k` : String(count);
}

/** The results of the tasks 0 … count - 1, each of which gives its own number, in whatever order. */
export function checkSum(results, count) {
  let sum = 0;
  for (const result of results) sum += result;
  if (results.length !== count || sum !== (count * (count - 1)) / 2) throw new Error(`${results.length} results of ${count} tasks, ${sum} in sum`);
}
