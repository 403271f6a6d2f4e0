// What every bench program is told: `[--quick] [scenario…]`.
import { parseArgs } from 'node:util';

export function args() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { quick: { type: 'boolean', default: false } } });
  return { quick: values.quick, ids: positionals };
}
