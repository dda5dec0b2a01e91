// The toolbar: what can be done with the selected days, and why not; arrows move within it.

import { hasCopied } from "./clipboard.js";
import { say } from "./texts.js";

export class Toolbar {
  // `commands` are functions by the buttons' names.
  constructor(bar, { month, selection, changes, actions, messages, commands }) {
    Object.assign(this, { bar, month, selection, changes, actions, messages });
    this.buttons = [...bar.querySelectorAll("button[data-command]")];
    this.count = bar.querySelector("[data-count]");
    bar.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-command]");
      if (!button) return;
      this.#rove(button);
      if (button.getAttribute("aria-disabled") === "true") messages.announce(button.title);
      else commands[button.dataset.command]();
    });
    bar.addEventListener("keydown", (event) => this.#key(event));
    this.buttons.forEach((button, at) => {
      button.tabIndex = at === 0 ? 0 : -1;
    });
  }

  showCount() {
    this.count.textContent = say("selected", { count: this.selection.current().size });
  }

  refresh() {
    this.showCount();
    const isNone = this.selection.current().size === 0;
    const withHours = isNone ? [] : this.actions.withHours();
    const needsDays = isNone ? say("selectFirst") : "";
    const reasons = {
      hours: needsDays,
      clear: needsDays,
      follow: needsDays,
      paint: needsDays,
      dayOff: withHours.length === 0 ? (needsDays || say("dayOffNeedsHours")) : "",
      paste: hasCopied() ? "" : say("copyFirst"),
      undo: this.changes.canUndo ? "" : say("nothingToUndo"),
      redo: this.changes.canRedo ? "" : say("nothingToRedo"),
    };
    for (const button of this.buttons) this.#show(button, reasons[button.dataset.command] ?? "");
    const isOff = this.actions.areAllOff(withHours);
    this.bar.querySelector('[data-command="dayOff"]').setAttribute("aria-pressed", String(isOff));
  }

  #show(button, reason) {
    button.dataset.hint ??= button.title;
    button.title = reason || button.dataset.hint;
    if (reason) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
  }

  #key(event) {
    const at = this.buttons.indexOf(document.activeElement);
    const last = this.buttons.length - 1;
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: last }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    this.#rove(this.buttons[Math.min(Math.max(next, 0), last)]);
  }

  #rove(button) {
    for (const other of this.buttons) other.tabIndex = other === button ? 0 : -1;
    button.focus();
  }
}
