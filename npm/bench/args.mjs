// What every bench program is told: `[--quick] [scenario…]`.
import { parseArgs } from 'node:util';

/** @returns `ids`, those of the scenarios that were asked for: all, if none was named */
export function args(scenarios) {
  const { values: { quick }, positionals } = parseArgs({ allowPositionals: true, options: { quick: { type: 'boolean', default: false } } });
  const unknown = positionals.find((id) => !scenarios.includes(id));
  if (unknown) throw new Error(`no scenario is named ${unknown}; there are ${scenarios.join(', ')}`);
  return { quick, ids: positionals.length ? positionals : scenarios };
}
