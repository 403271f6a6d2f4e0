// Service workers cannot import later: a bundle that does not load makes the registration fail.
import * as bundle from './bundle.js';
import { report } from './report.js';

addEventListener('message', (event) => event.waitUntil(report(() => bundle)));
