/**
 * `using` and `await using`, where the language has it.
 */

/** Has `[Symbol.asyncDispose]()` if the consumer's TypeScript `lib` knows that; an error in the declarations otherwise. */
export type AsyncDisposing =
  SymbolConstructor extends { readonly asyncDispose: infer K extends symbol } ? { [P in K]: () => Promise<void> } : object;

/** As {@link AsyncDisposing}, for `[Symbol.dispose]()`. */
export type Disposing = SymbolConstructor extends { readonly dispose: infer K extends symbol } ? { [P in K]: () => void } : object;

/** Makes `await using` close it. */
export function disposable(prototype: { close(): Promise<void> }): void {
  const { asyncDispose } = Symbol as { asyncDispose?: symbol };
  if (asyncDispose) Object.defineProperty(prototype, asyncDispose, { value: prototype.close, writable: true, configurable: true });
}
