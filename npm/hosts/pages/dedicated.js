// A page whose dedicated worker plays the cases: `cases.js` again, which needs no page.
import { report } from './report.js';

const worker = new Worker('/cases.js', { type: 'module' });
worker.onerror = ({ message }) => report(() => { throw new Error(`the worker: ${message ?? 'cannot be loaded'}`); });
