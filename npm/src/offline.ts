/**
 * Whether the host is offline, where it says so: browsers do, with `navigator.onLine`.
 */

/** Tells `hear` now and at every change, between `open` and `close`. */
export class Connection {
  readonly #hear: (isOffline: boolean) => void;
  #isOpen = false;

  constructor(hear: (isOffline: boolean) => void) {
    this.#hear = hear;
  }

  open(): void {
    if (this.#isOpen || typeof globalThis.navigator?.onLine !== 'boolean') return;
    this.#isOpen = true;
    addEventListener('online', this);
    addEventListener('offline', this);
    this.handleEvent();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    removeEventListener('online', this);
    removeEventListener('offline', this);
  }

  /** The listener. */
  handleEvent(): void {
    this.#hear(!navigator.onLine);
  }
}
