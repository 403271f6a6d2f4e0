/**
 * What a task's function may return, and what is done with promises of any kind.
 */

/** For promises whose rejection nobody has to handle. */
export const ignore = () => {};

/** The platform's own, whatever a subclass says. */
export const then = Promise.prototype.then;

/** Whether `await` would wait for it. May run a getter of the caller's, which may throw. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return isObject && typeof (value as PromiseLike<unknown>).then === 'function';
}

/** A promise that surely settles once, and in a later microtask. */
export function genuine(value: PromiseLike<unknown>): Promise<unknown> {
  const native = value instanceof Promise && value.then === then && value.constructor === Promise;
  return native ? value : new Promise((resolve) => resolve(value));
}
