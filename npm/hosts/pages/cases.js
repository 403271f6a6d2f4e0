// Plays the cases in a page, or in a worker.
import { report } from './report.js';

report(location.origin, () => import('/bundle.js'));
