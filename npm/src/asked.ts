/**
 * What a call asks for: a Request, or an address where a Request would say no more than that. Requests are dear, each with a signal and headers of
 * its own, and the platform's fetch makes one of an address anyway.
 */

/** @internal */
export type Asked = Request | URL;

/** What fetch was called with. Whatever is wrong with that is said by the Request, which is what fetch itself begins with. @internal */
export function ask(args: [RequestInfo | URL, RequestInit?]): Asked {
  return address(args) ?? new Request(...args);
}

/** An absolute address, if there is nothing else. Any other is for the platform to resolve, or to refuse. */
function address([input, init]: [unknown, unknown?]): URL | undefined {
  if (init !== undefined && init !== null) return undefined;
  const text = input instanceof URL ? input.href : input;
  if (typeof text !== 'string' || !/^https?:\/\//.test(text)) return undefined;
  try {
    const url = new URL(text);
    return url.username || url.password ? undefined : url;
  } catch {
    return undefined;
  }
}

/** @internal */
export function requestOf(asked: Asked): Request {
  return asked instanceof URL ? new Request(asked) : asked;
}

/** Aborted if the caller does not want it any more. Who has given nothing but an address cannot say that. @internal */
export function signalOf(asked: Asked): AbortSignal | undefined {
  return asked instanceof URL ? undefined : asked.signal;
}
