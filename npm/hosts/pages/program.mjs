// Plays the cases in a runtime without pages: `program.mjs BUNDLE`. What it tells are the lines it prints that begin with a record separator:
// its `fetch` might set timers in the midst of the tests.
import { report } from './report.js';

await report(() => import(process.argv[2]), async (message) => void process.stdout.write(`\x1e${JSON.stringify(message)}\n`));
