// Where things are.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package under test. */
export const dist = resolve(process.env.MILLPOND_DIST ?? fileURLToPath(new URL('../dist', import.meta.url)));

export const here = (name) => fileURLToPath(new URL(name, import.meta.url));

export const chromiumPath = process.env.CHROMIUM ?? '/usr/bin/chromium';
