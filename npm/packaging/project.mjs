// A project of its own, outside this tree, with the tarball installed as its users install it.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stop } from './mill.mjs';

const run = promisify(execFile);
const template = fileURLToPath(new URL('scratch', import.meta.url));
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

const inFolder = (folder, ...args) => run(npm, [...args, '--no-audit', '--no-fund'], { cwd: folder, shell: process.platform === 'win32' });

/** Into a project that is there. @param {string} folder @param {string} tarball */
export const installTarball = (folder, tarball) => inFolder(folder, 'install', '--no-save', tarball);

/** @param {string} tarball */
export async function installProject(tarball) {
  const folder = await mkdtemp(join(tmpdir(), 'millpond-installed-'));
  await cp(template, folder, { recursive: true });
  await inFolder(folder, 'ci');
  await installTarball(folder, tarball);
  return {
    folder,
    /** A Node program of the project to its own end; it is stopped, and so fails, if it does not come to one. */
    node: (...args) => run(process.execPath, args, { cwd: folder, timeout: 60_000 }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

const TYPES = { '.html': 'text/html', '.js': 'text/javascript' };

/** Serves a folder of built files on a free port. @param {string} folder */
export async function serve(folder) {
  const server = createServer(async (request, response) => {
    const path = request.url === '/' ? '/index.html' : request.url;
    const bytes = await readFile(join(folder, path)).catch(() => undefined);
    response.writeHead(bytes ? 200 : 404, { 'Content-Type': TYPES[extname(path)] ?? 'text/plain' }).end(bytes);
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return { address: `http://127.0.0.1:${server.address().port}/`, close: () => stop(server) };
}
