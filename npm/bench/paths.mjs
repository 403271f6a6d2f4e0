// Where things are.
import { fileURLToPath } from 'node:url';

export const here = (name) => fileURLToPath(new URL(name, import.meta.url));

export const chromiumPath = process.env.CHROMIUM ?? '/usr/bin/chromium';
