// A page whose service worker plays the cases. It is not put to sleep before they are through.
import { report } from './report.js';

report(async () => {
  await navigator.serviceWorker.register('/service-worker.js', { type: 'module' });
  const { active } = await navigator.serviceWorker.ready;
  active.postMessage('play');
  return { run() {} };
});
