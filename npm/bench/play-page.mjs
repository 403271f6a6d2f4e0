// What a page of a bench can do: take a sample of a study.
import { settle, watchWasm } from './host.mjs';
import { study } from './studies.mjs';

watchWasm();
const loaded = new Map();

globalThis.sample = async (name, mode, subject, at) => {
  if (!loaded.has(name)) loaded.set(name, await study(name, mode));
  await settle();
  return loaded.get(name).subjects[subject](at);
};
