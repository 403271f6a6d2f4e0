// Plays the cases in a runtime without pages: `program.mjs BUNDLE ADDRESS`.
import { report } from './report.js';

const [bundle, address] = process.argv.slice(2);
await report(address, () => import(bundle));
