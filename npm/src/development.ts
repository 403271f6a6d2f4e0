/**
 * Whether a developer is to be told of what is no error and yet no good.
 */

/** A bundler's or Node's; elsewhere there is none. */
declare const process: { env: Record<string, string | undefined> } | undefined;

/** What was said. */
const said = new Set<string>();

/** Says something to a developer, once. */
export function warnOnce(text: string): void {
  if (said.has(text) || isProduction()) return;
  said.add(text);
  console.warn(`millpond: ${text}`);
}

export function isProduction(): boolean {
  return typeof process !== 'undefined' && process.env?.NODE_ENV === 'production';
}
