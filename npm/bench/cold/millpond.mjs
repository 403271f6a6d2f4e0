// A program that needs nothing but a pool.
import { Pool } from '../millpond.mjs';

export const first = (task) => new Pool({ concurrency: 10 }).run(task);
