// A dialog of this page: opened over the grid, closed by its buttons and Esc, with a place for what went wrong.

import { wordsFor } from "./messages.js";

export class Sheet {
  #isBusy = false;

  constructor(dialog) {
    this.dialog = dialog;
    this.errors = dialog.querySelector("[data-errors]");
    dialog.addEventListener("click", (event) => {
      if (event.target.closest("[data-leave]")) dialog.close();
    });
  }

  part(name) {
    return this.dialog.querySelector(`[data-part="${name}"]`);
  }

  open() {
    this.complain(null);
    this.dialog.showModal();
  }

  close() {
    this.dialog.close();
  }

  complain(refusal) {
    if (!this.errors) return;
    this.errors.hidden = refusal === null;
    this.errors.textContent = refusal === null ? "" : wordsFor(refusal);
  }

  complainOf(text) {
    this.errors.hidden = false;
    this.errors.textContent = text;
  }

  // Carry out a step that resolves to true when it has worked; then the dialog has done its work.
  async finish(step) {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.complain(null);
    this.dialog.setAttribute("aria-busy", "true");
    const isDone = await step((refusal) => this.complain(refusal));
    this.#isBusy = false;
    this.dialog.removeAttribute("aria-busy");
    if (isDone) this.close();
  }
}
