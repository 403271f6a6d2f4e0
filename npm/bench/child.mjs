// Programs of the benches in processes of their own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { here } from './paths.mjs';

function start(file, args, stdout) {
  return spawn(process.execPath, ['--expose-gc', here(file), ...args], { stdio: ['inherit', stdout, 'inherit'] });
}

async function end(child, file) {
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`${file} has ended with ${signal ?? code}`);
}

/** Runs a program of this folder; what it prints is printed. */
export async function runNode(file, args) {
  await end(start(file, args, 'inherit'), file);
}

/** Runs a program of this folder, and reads the JSON it prints. */
export async function askNode(file, args) {
  const child = start(file, args, 'pipe');
  const [said] = await Promise.all([text(child.stdout), end(child, file)]);
  return JSON.parse(said);
}
