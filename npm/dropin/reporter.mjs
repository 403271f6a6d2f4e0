// A reporter of node:test: one line of JSON for every test, with a name that is its own.
import { relative } from 'node:path';

export default async function* report(source) {
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const name = `${relative('', data.file ?? '')}:${data.line ?? 0} ${data.name}`;
    yield `${JSON.stringify({ name, passed: type === 'test:pass', reason: data.details?.error?.cause?.message ?? data.details?.error?.message })}\n`;
  }
}
