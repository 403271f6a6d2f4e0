/**
 * `using` and `await using`, where the language has them.
 */

/** Has `[Symbol.asyncDispose]()` if the consumer's TypeScript `lib` knows that; an error in the declarations otherwise. */
export type AsyncDisposing =
  SymbolConstructor extends { readonly asyncDispose: infer K extends symbol } ? { [P in K]: () => Promise<void> } : object;

/** Has `[Symbol.dispose]()`, likewise. */
export type Disposing =
  SymbolConstructor extends { readonly dispose: infer K extends symbol } ? { [P in K]: () => void } : object;

/** Has `using`, or `await using`, do something. @internal */
export function disposable<T extends object>(object: T, dispose: (this: T) => unknown, name: 'dispose' | 'asyncDispose'): void {
  const symbol = (Symbol as unknown as Record<string, symbol | undefined>)[name];
  if (symbol) Object.defineProperty(object, symbol, { value: dispose, writable: true, configurable: true });
}

// A static block keeps its class in every bundle, used or not: so the blocks are here, in small classes that all of them share.

export interface Closing extends AsyncDisposing {}

/** What `await using` closes. */
export abstract class Closing extends EventTarget {
  static {
    disposable(this.prototype, function () { return this.close(); }, 'asyncDispose');
  }

  abstract close(): Promise<void>;
}

export interface Releasing extends Disposing {}

/** What `using` releases. */
export abstract class Releasing {
  static {
    disposable(this.prototype, function () { this.release(); }, 'dispose');
  }

  abstract release(): void;
}
