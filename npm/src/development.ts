/**
 * Whether a developer is to be told of what is no error and yet no good.
 */

/** A bundler's or Node's; elsewhere there is none. */
declare const process: { env: Record<string, string | undefined> } | undefined;

export function isProduction(): boolean {
  return typeof process !== 'undefined' && process.env?.NODE_ENV === 'production';
}
