// What the tests of maps and streams share.
import { deferred, settle } from './tools.mjs';

/** The numbers from 0, told apart by who reads them: `read` of them so far, `ended` by `return()` or by themselves. */
export function numbers(count = Infinity, onEnd = () => {}) {
  const source = {
    read: 0,
    ended: 0,
    * [Symbol.iterator]() {
      try {
        for (let i = 0; i < count; i++) {
          source.read++;
          yield i;
        }
      } finally {
        source.ended++;
        onEnd();
      }
    },
  };
  return source;
}

/** The same, in its own time. */
export function asyncNumbers(count = Infinity) {
  const source = {
    read: 0,
    ended: 0,
    async* [Symbol.asyncIterator]() {
      try {
        for (let i = 0; i < count; i++) {
          await null;
          source.read++;
          yield i;
        }
      } finally {
        source.ended++;
      }
    },
  };
  return source;
}

/** A mapper that is ended by hand: `called` are the items it was called with. */
export function hand() {
  const calls = [];
  const mapper = (item, index, { signal }) => {
    const call = { ...deferred(), item, signal };
    calls.push(call);
    return call.promise;
  };
  return { mapper, calls, get called() { return calls.map(({ item }) => item); } };
}

export const turns = async (n = 5) => { for (let i = 0; i < n; i++) await settle(); };
