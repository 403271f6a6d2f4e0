// @ts-check
/**
 * The form: what the visitor has set, and the buttons. Knows nothing of runs; `main.js` says what a button does.
 */
import { within } from './view.js';

/** @typedef {'both' | 'plain' | 'millpond' | 'urgent' | 'cancel-waiting' | 'cancel-all'} Action */

export class Controls {
  /** @param {HTMLFormElement} form @param {{ act(action: Action): void, resize(): void }} on */
  constructor(form, on) {
    this.form = form;
    form.addEventListener('submit', (event) => event.preventDefault());
    form.addEventListener('click', (event) => this.#clicked(event, on.act));
    form.addEventListener('input', () => this.#echo());
    for (const name of ['limit', 'total']) this.#field(name).addEventListener('input', () => on.resize());
    this.#echo();
  }

  /** @param {Event} event @param {(action: Action) => void} act */
  #clicked({ target }, act) {
    if (!(target instanceof HTMLButtonElement)) return;
    if (target.id === 'more') target.ariaExpanded = String(target.ariaExpanded !== 'true');
    else act(/** @type {Action} */ (target.value));
  }

  /** Everything is disabled in the page itself, so that nothing can be pressed before it works. */
  enable() {
    for (const set of this.form.querySelectorAll('fieldset')) set.disabled = false;
    for (const button of this.form.querySelectorAll('button')) button.disabled = button.dataset.while === 'running';
  }

  /** @param {boolean} isRunning some buttons only make sense while a run is on */
  running(isRunning) {
    for (const button of this.form.querySelectorAll('button')) if (button.dataset.while === 'running') button.disabled = !isRunning;
  }

  get limit() {
    return this.#number('limit');
  }

  /** @returns {RequestPriority} */
  get priority() {
    return /** @type {RequestPriority} */ (this.#field('priority').value);
  }

  /** @returns {import('./run.js').Settings} */
  get settings() {
    const unread = /** @type {HTMLInputElement} */ (this.#field('unread')).checked;
    return {
      requests: this.#number('requests'),
      limit: this.limit,
      total: this.#number('total'),
      bear: this.#number('bear'),
      unread,
    };
  }

  /** @param {string} name */
  #number(name) {
    return Number(this.#field(name).value);
  }

  /** @param {string} name */
  #field(name) {
    return /** @type {HTMLInputElement | HTMLSelectElement} */ (this.form.elements.namedItem(name));
  }

  /** Says the value of each slider beside it. */
  #echo() {
    for (const name of ['requests', 'limit']) within(this.form, `output[for=${name}]`).textContent = this.#field(name).value;
  }
}
