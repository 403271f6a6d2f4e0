/**
 * Which lane a request belongs to.
 */

/**
 * The origin of an absolute address, or null where no server is asked (`data:`, `blob:`, `about:`, other schemes). A blob's own
 * origin is that of the page which made it: it would wait behind its own site.
 */
export function originOf(address: string): string | null {
  const { protocol, origin } = new URL(address);
  return protocol === 'http:' || protocol === 'https:' ? origin : null;
}
