// Plays the cases in a page, or in a worker.
import { report } from './report.js';

report(() => import('/bundle.js'));
