/**
 * `using` and `await using`, where the language has them.
 */

/** Has `[Symbol.asyncDispose]()` if the consumer's TypeScript `lib` knows that; an error in the declarations otherwise. */
export type AsyncDisposing =
  SymbolConstructor extends { readonly asyncDispose: infer K extends symbol } ? { [P in K]: () => Promise<void> } : object;

/** Has `[Symbol.dispose]()`, likewise. */
export type Disposing =
  SymbolConstructor extends { readonly dispose: infer K extends symbol } ? { [P in K]: () => void } : object;

/** Makes `await using` close it; or another statement do something else. */
export function disposable(prototype: object, method = (prototype as { close?: unknown }).close, name: 'dispose' | 'asyncDispose' = 'asyncDispose'): void {
  const symbol = (Symbol as unknown as Record<string, symbol | undefined>)[name];
  if (symbol) Object.defineProperty(prototype, symbol, { value: method, writable: true, configurable: true });
}
