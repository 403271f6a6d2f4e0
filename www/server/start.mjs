// @ts-check
/**
 * What the demo consists of when it runs: six made-up services as real origins, once for each side, and the site.
 * The command (`demo.mjs`) and the headless test start the same thing.
 */
import { startOrigins } from './origins.mjs';
import { startSite } from './site.mjs';

/** Latencies a page really meets: a near cache, ordinary services, a slow search. */
const SERVICES = [
  { name: 'avatars', latency: 40 },
  { name: 'users', latency: 80 },
  { name: 'prices', latency: 110 },
  { name: 'map tiles', latency: 60 },
  { name: 'search', latency: 190 },
  { name: 'photos', latency: 130 },
];

/** @param {{ port?: number }} [options] */
export async function startDemo({ port = 0 } = {}) {
  const [plain, millpond] = await Promise.all([startServices(), startServices()]);
  const site = await startSite({ sides: { plain, millpond }, port });
  const close = async () => void (await Promise.all([site.close(), plain.close(), millpond.close()]));
  return { address: site.address, plain, millpond, close };
}

function startServices() {
  return startOrigins({
    count: SERVICES.length,
    names: SERVICES.map((service) => service.name),
    latency: SERVICES.map((service) => service.latency),
    size: 12_000,
    chunks: 4,
    gap: 18,
  });
}
