// From nothing to the first result: what it costs to load a package and to run one task.

const NAMES = ['millpond', 'p-queue', 'p-limit'];

export function coldStart({ area, quick }) {
  /** In pages each is a bundle of its own. */
  const program = (name) => (area === 'node' ? `../cold/${name}.mjs` : `/cold/${name}.js`);
  const where = { node: 'in a process of Node', browser: 'in a page of a fresh browser context, minified bundles served from loopback,' };
  const first = async (name) => {
    const begin = performance.now();
    const { first } = await import(program(name));
    const value = await first(async () => 42);
    const time = performance.now() - begin;
    if (value !== 42) throw new Error(`${name} gave ${value}`);
    return time;
  };
  return {
    rounds: quick ? 3 : 7, apart: true,
    entries: [{
      id: 'cold-start', unit: 'ms',
      title: 'import() of the package and one task, in a fresh process',
      says: `From before import() to the task's result, ${where[area]} `
        + 'that has loaded nothing of it before. "millpond over p-queue" is the difference of the two, round by round.',
      targets: [{ of: 'millpond over p-queue', at_most: area === 'node' ? 5 : 10 }],
    }],
    subjects: Object.fromEntries(NAMES.map((name) => [name, () => first(name)])),
    derived: (values) => ({ 'millpond over p-queue': values.millpond - values['p-queue'] }),
  };
}
