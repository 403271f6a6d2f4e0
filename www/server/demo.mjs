// @ts-check
/**
 * `node www/server/demo.mjs [--port N]`: the demo, until Ctrl-C. `cargo xtask demo` builds the package and calls this.
 */
import { parseArgs } from 'node:util';
import { startDemo } from './start.mjs';

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });
const demo = await startDemo({ port: portOf(values.port) }).catch(giveUp);

console.log(`millpond demo: ${demo.address}   (Ctrl-C ends it)`);
demo.plain.stats().forEach(({ name, latency, origin }, index) => {
  console.log(`  ${name.padEnd(10)} ${String(latency).padStart(4)} ms   plain ${origin}   millpond ${demo.millpond.origins[index]}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void demo.close());

/** @param {string} text */
function portOf(text) {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  return giveUp(new RangeError(`--port must be a whole number from 0 to 65535, not "${text}"`));
}

/** @param {Error} error @returns {never} */
function giveUp({ message }) {
  console.error(`millpond demo: ${message}`);
  process.exit(2);
}
