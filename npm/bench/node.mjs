// The benches in Node: `node --expose-gc npm/bench/node.mjs [--quick] [scenario…]`. One JSON object per scenario on stdout, progress on stderr.
//
// Each study in a process of its own, so that none sees what another has left behind.
import { args } from './args.mjs';
import { runNode } from './child.mjs';
import { withOrigins } from './origins.mjs';
import { chosen, SCENARIOS } from './studies.mjs';

const { quick, ids } = args(SCENARIOS);
for (const { name, origins: count } of chosen(ids)) {
  await withOrigins(count, (origins) => runNode('play-node.mjs', [name, JSON.stringify({ area: 'node', quick, origins })]));
}
