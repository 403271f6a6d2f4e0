// What the tests of retries share.

/** A function that fails so many times, and says when it was called. */
export function failing(clock, times, error = new Error('not yet')) {
  const calls = [];
  const fn = () => {
    calls.push(clock.time);
    if (calls.length <= times) throw error;
    return 'done';
  };
  return { fn, calls };
}
