// One host plays the cases once, from its start to the end of its process. Everything that can go wrong has an end and a name.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startServer } from './server.mjs';

/** A host that has said nothing for so long hangs: a test that does not settle is told of much earlier. */
const SILENCE = 90_000;

/** @returns what came of it: how many tests passed, and the failures by the tests' names */
export async function play(command, { bundle, files }) {
  const folder = await mkdtemp(join(tmpdir(), 'millpond-host-'));
  const run = new Run();
  const server = await startServer(bundle, (message) => run.hear(message));
  const stop = () => run.stop();
  process.once('exit', stop);
  try {
    run.watch(start(await command({ bundle, files, address: server.address, folder })));
    await run.over;
  } finally {
    stop();
    process.off('exit', stop);
    server.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
  return run;
}

/** In a group of its own, so that the processes a browser starts end with it. */
function start([program, ...args]) {
  return spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
}

class Run {
  passed = 0;
  failures = [];
  /** The test that runs. */
  #at = 'the start';
  #printed = '';
  #child;
  #silence;
  #end;
  #isOver = false;

  constructor() {
    this.over = new Promise((resolve) => { this.#end = resolve; });
  }

  watch(child) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', (line) => this.#read(line));
    child.on('error', (error) => this.#breaks(`cannot be started: ${error.message}`));
    child.on('close', (code, signal) => this.#breaks(`ended (${signal ?? code}) before the cases were through`));
    this.#await();
  }

  #read(line) {
    if (line.startsWith('\x1e')) this.hear(JSON.parse(line.slice(1)));
    else this.#printed = `${this.#printed}${line}\n`.slice(-4000);
  }

  hear({ begins, ended, error, count, broken }) {
    this.#await();
    if (begins) this.#at = begins;
    if (ended && error) this.failures.push([ended, error]);
    if (ended && !error) this.passed++;
    if (broken) this.#breaks(`broken: ${broken}`);
    if (count !== undefined) this.#finish(count);
  }

  stop() {
    clearTimeout(this.#silence);
    const { pid, exitCode, signalCode } = this.#child ?? {};
    if (pid && exitCode === null && signalCode === null) process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  }

  #await() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#breaks(`has said nothing for ${SILENCE / 1000} s`), SILENCE);
  }

  #finish(count) {
    if (count === 0) this.failures.push(['the list of cases', 'no test was run']);
    this.#close();
  }

  #close() {
    this.#isOver = true;
    this.#end();
  }

  #breaks(what) {
    if (this.#isOver) return;
    this.failures.push([`at ${this.#at}`, `the host ${what}\n${this.#printed}`.trim()]);
    this.#close();
  }
}
