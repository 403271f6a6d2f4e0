/**
 * The header `Retry-After`.
 */

const SECONDS = /^-?\d+(\.\d+)?$/;
/** Each of the three forms an HTTP date may have. What `Date.parse` takes besides is no date at all. */
const DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun).* \d\d:\d\d:\d\d/;

/** How many milliseconds the server asks to wait, from now; undefined if it does not say, or nothing that could be read. */
export function retryAfter(headers: Headers | undefined): number | undefined {
  const value = headers?.get('retry-after')?.trim() ?? '';
  if (SECONDS.test(value)) return Math.max(0, Number(value) * 1000);
  const at = dateOf(value);
  // The server's clock need not be ours.
  return at === undefined ? undefined : Math.max(0, at - (dateOf(headers!.get('date') ?? '') ?? Date.now()));
}

/** In UTC even if it does not say so, as the oldest form. */
function dateOf(value: string): number | undefined {
  const at = DATE.test(value) ? Date.parse(value.endsWith('GMT') ? value : `${value} GMT`) : NaN;
  return Number.isNaN(at) ? undefined : at;
}
