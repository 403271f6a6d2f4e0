// Loaded before any test of a library (`--import`). It stands a fetch in front of the global one, and of whatever a mock puts in that place
// later. `DROPIN` says which: 'plain' (only counted), 'millpond', or 'broken', which shows that the comparison can fail.
import { appendFileSync } from 'node:fs';

const { DROPIN, DROPIN_MILLPOND, DROPIN_CALLS } = process.env;

/** A mistake that wrappers really make: what is spread loses all that was inherited, and a Request's members are. */
const broken = (base) => (input, init) => base(String(input.url ?? input), { ...input, headers: init?.headers });
const makers = {
  plain: async () => (base) => base,
  broken: async () => broken,
  millpond: async () => {
    const { createFetch } = await import(DROPIN_MILLPOND);
    return (base) => createFetch({ fetch: base === native ? undefined : base });
  },
};

const native = globalThis.fetch;
const make = await makers[DROPIN]();
/** What stands for what; it stands for itself. */
const made = new WeakMap();
let now;

function stand(base) {
  if (made.has(base)) return made.get(base);
  const inner = make(base);
  // Only counts. The result, and the arguments in their number, are passed on as they are.
  const counted = Object.defineProperties((...args) => {
    appendFileSync(DROPIN_CALLS, '.');
    return inner(...args);
  }, { name: { value: 'fetch' }, length: { value: base.length } });
  made.set(base, counted).set(counted, counted);
  return counted;
}

now = stand(native);
const { defineProperty } = Object;
const place = {
  configurable: true, enumerable: true, get: () => now, set: (value) => { now = typeof value === 'function' ? stand(value) : value; },
};
defineProperty(globalThis, 'fetch', place);
// Some mocks define it anew, and put back what was there.
Object.defineProperty = (target, name, descriptor) => {
  if (target !== globalThis || name !== 'fetch') return defineProperty(target, name, descriptor);
  place.set('value' in descriptor ? descriptor.value : descriptor.get === place.get ? native : descriptor.get());
  return target;
};
