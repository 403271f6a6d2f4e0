// What the tests share that need Node: programs in processes of their own, loopback servers, and real time to wait in.
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { turn } from '../cases/tools.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

/** Runs a program in a process of its own. It has all exports of the package. */
export function script(code, ...flags) {
  const program = `import * as millpond from 'millpond'; const { Pool, PoolManager } = millpond; ${code}`;
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', program], { cwd: here, encoding: 'utf8', timeout: 60_000 });
  return { status, stdout, stderr };
}

/** For a program: `armed = true` has the core trap at its next call. A process of its own is needed, as none gets over it. */
export const TRAPPABLE = `
  let armed = false;
  const { Instance } = WebAssembly;
  WebAssembly.Instance = class {
    constructor(module) {
      const { act, read, ...exports } = new Instance(module).exports;
      const trapping = (call) => (...args) => {
        if (armed) throw new WebAssembly.RuntimeError('unreachable');
        return call(...args);
      };
      this.exports = { ...exports, act: trapping(act), read: trapping(read) };
    }
  };
`;

/** A loopback server: `answer(request, response)`. */
export async function serve(answer) {
  const server = createServer(answer);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  return { origin: `http://127.0.0.1:${server.address().port}`, close };
}

/** Turns of the event loop until `isSo()`, however long other processes take. What never comes fails; what is only slow does not. */
export async function until(isSo, what = isSo.toString(), ms = 20_000) {
  const end = performance.now() + ms;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`never came: ${what}`);
    await turn();
  }
}
