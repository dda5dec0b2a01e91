// The history of the schedule: who has changed what and when, each with its undo.

import { Sheet } from "./sheet.js";
import { say } from "./texts.js";

export class HistorySheet extends Sheet {
  constructor(dialog, { month, changes }) {
    super(dialog);
    Object.assign(this, { month, changes });
    this.list = this.part("list");
    this.list.addEventListener("click", (event) => {
      const version = Number(event.target.closest("button")?.dataset.version ?? 0);
      if (version > 0) this.#undo(version);
    });
  }

  show() {
    this.refresh();
    this.open();
  }

  refresh() {
    this.part("empty").hidden = this.month.history.length > 0;
    this.list.replaceChildren(...this.month.history.map((entry) => this.#entry(entry)));
  }

  #entry({ version, at, by, text, can_undo: canUndo }) {
    const item = this.part("entry").content.firstElementChild.cloneNode(true);
    item.querySelector("[data-what]").textContent = text;
    item.querySelector("[data-who]").textContent = [by, at].filter(Boolean).join(" · ");
    const button = item.querySelector("button");
    button.hidden = !canUndo;
    button.dataset.version = version;
    button.setAttribute("aria-label", say("undoOf", { what: text, at }));
    return item;
  }

  async #undo(version) {
    this.complain(null);
    this.dialog.setAttribute("aria-busy", "true");
    await this.changes.undoVersion(version, (refusal) => this.complain(refusal));
    this.dialog.removeAttribute("aria-busy");
    this.refresh();
    this.dialog.querySelector("[data-leave]").focus();
  }
}
