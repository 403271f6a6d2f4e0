// One study, measured: in every round each subject has its turn once, in an order that rotates, so that what slows the machine for a
// while slows all of them. What comes out is printed as it is; medians and ratios are made by whoever reads it.
//
// A study is
//   { area, rounds, entries, subjects, points?, apart?, skips?, derived? }
// `entries` are its scenarios, as they are printed but for the samples; `subjects` are functions of a point, by name, that give a number, or
// one by scenario where one run tells several things. `points` are the places of a curve, `skips(subject, at)` those a subject leaves out.
// `apart`: each sample in a process or page of its own, which therefore needs no warming up. `derived` are further values, made of a round's.

/** @param sample `(subject, at) => value`, wherever it is measured */
export async function play(study, sample, print = (line) => process.stdout.write(`${line}\n`)) {
  const points = (study.points ?? [undefined]).map((at) => ({ at, rounds: [] }));
  for (const point of points) {
    const names = Object.keys(study.subjects).filter((name) => !study.skips?.(name, point.at));
    if (!study.apart) await round(study, names, point.at, 'warm-up', sample);
    for (let i = 0; i < study.rounds; i++) {
      const rotated = [...names.slice(i % names.length), ...names.slice(0, i % names.length)];
      const values = await round(study, rotated, point.at, `round ${i + 1}`, sample);
      point.rounds.push(Object.fromEntries(names.map((name) => [name, values[name]])));
    }
  }
  for (const entry of study.entries) {
    print(JSON.stringify({ area: study.area, ...entry, points: points.map(({ at, rounds }) => ({ at, samples: samples(study, entry.id, rounds) })) }));
  }
}

async function round(study, names, at, title, sample) {
  const values = {};
  for (const name of names) {
    values[name] = await sample(name, at);
    const told = typeof values[name] === 'number' ? values[name].toPrecision(4) : JSON.stringify(values[name]);
    process.stderr.write(`${study.area} ${study.entries[0].id}${at === undefined ? '' : ` ${at}`}, ${title}: ${name} ${told}\n`);
  }
  return values;
}

/** By subject, a list of what each round gave for a scenario. */
function samples(study, id, rounds) {
  const of = {};
  for (const values of rounds) {
    const own = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typeof value === 'number' ? value : value[id]]));
    for (const [name, value] of Object.entries({ ...own, ...study.derived?.(own) })) {
      // What a subject cannot do it says by not having it.
      if (value !== undefined) (of[name] ??= []).push(Number(value.toPrecision(6)));
    }
  }
  return of;
}
