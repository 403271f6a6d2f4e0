// A program that needs nothing but a pool, loaded from its one file as its peers are.
import { Pool } from '../../dist/index.js';

export const first = (task) => new Pool({ concurrency: 10 }).run(task);
