// One study in this process: `play-node.mjs NAME MODE`; with `SUBJECT AT`, one sample of it, which is printed.
import { askNode } from './child.mjs';
import { settle, watchWasm } from './host.mjs';
import { play } from './rounds.mjs';
import { study } from './studies.mjs';

const [name, mode, subject, at] = process.argv.slice(2);
watchWasm();
const it = await study(name, JSON.parse(mode));
const sample = async (subject, at) => {
  await settle();
  return it.subjects[subject](at);
};
const apart = (subject, at) => askNode('play-node.mjs', [name, mode, subject, JSON.stringify(at ?? null)]);

if (subject === undefined) await play(it, it.apart ? apart : sample);
else console.log(JSON.stringify(await sample(subject, JSON.parse(at))));
