// All studies by the names of their scenarios. Each in a file that loads only what it needs: a page or a process measures one.

const tasks = () => import('./studies/tasks.mjs');
const cancel = () => import('./studies/cancel.mjs');
const order = () => import('./studies/priorities.mjs');

/** Scenarios that are measured together are named together. `origins`: how many servers they need. */
const STUDIES = [
  { ids: ['tasks-limit-10'], load: async () => (await tasks()).tasksLimit10 },
  { ids: ['tasks-count'], load: async () => (await tasks()).tasksCount },
  { ids: ['bytes-waiting'], load: async () => (await import('./studies/waiting.mjs')).bytesWaiting },
  { ids: ['memory-plateau'], load: async () => (await import('./studies/plateau.mjs')).memoryPlateau },
  { ids: ['cancel-own-signals'], load: async () => (await cancel()).cancelOwnSignals },
  { ids: ['cancel-shared-signal'], load: async () => (await cancel()).cancelSharedSignal },
  { ids: ['priorities'], load: async () => (await order()).priorities },
  { ids: ['set-priority'], load: async () => (await order()).setPriority },
  { ids: ['manager-tasks'], load: async () => (await import('./studies/manager.mjs')).managerTasks },
  { ids: ['fetch-p50', 'fetch-p99', 'fetch-cpu'], origins: 8, load: async () => (await import('./studies/fetch.mjs')).fetches },
  { ids: ['cold-start'], load: async () => (await import('./studies/cold-start.mjs')).coldStart },
];

/** All of them. */
export const SCENARIOS = STUDIES.flatMap(({ ids }) => ids);

/** The studies with one of these scenarios. */
export function chosen(ids) {
  return STUDIES.filter((study) => study.ids.some((id) => ids.includes(id))).map(({ ids: [name], origins = 0 }) => ({ name, origins }));
}

/** @param mode `{ area, quick, origins }`, what the study has to know about the run */
export async function study(name, mode) {
  const { load } = STUDIES.find(({ ids }) => ids[0] === name);
  return { area: mode.area, ...(await load())(mode) };
}
