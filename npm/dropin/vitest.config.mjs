// The tests of up-fetch import their library as `src/…`; the settings it has for that are not in its package.
import { join } from 'node:path';

export default { resolve: { alias: { src: join(process.cwd(), 'src') } } };
