// Somebody was quicker: their days beside mine, and the question whose shall hold.

import { dayName, whatIs } from "./describe.js";
import { Sheet } from "./sheet.js";
import { say } from "./texts.js";

const SHOWN = 20;

export class ConflictSheet extends Sheet {
  #answer = null;

  constructor(dialog, { month }) {
    super(dialog);
    this.month = month;
    this.part("overwrite").addEventListener("click", () => this.#choose("overwrite"));
    this.part("keep").addEventListener("click", () => this.#choose("keep"));
    // Esc keeps theirs: nothing is lost by closing.
    dialog.addEventListener("close", () => this.#choose("keep"));
  }

  // Resolves to "overwrite" or "keep"; rows are [index, their cell, my cell or undefined where unknown].
  ask(detail, rows) {
    this.part("detail").textContent = detail ?? "";
    this.part("rows").replaceChildren(...rows.slice(0, SHOWN).map((row) => this.#row(row)));
    const rest = rows.length - SHOWN;
    this.part("rest").hidden = rest <= 0;
    this.part("rest").textContent = say("moreDays", { count: rest });
    this.open();
    this.part("keep").focus();
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  #choose(choice) {
    const answer = this.#answer;
    this.#answer = null;
    if (this.dialog.open) this.close();
    answer?.(choice);
  }

  #row([index, theirs, mine]) {
    const line = document.createElement("tr");
    const cells = [
      this.month.managerAt(index).name,
      dayName(this.month.dayAt(index).date),
      whatIs(theirs),
      mine === undefined ? say("unchanged") : whatIs(mine),
    ].map((text, column) => {
      const cell = document.createElement(column === 0 ? "th" : "td");
      if (column === 0) cell.scope = "row";
      cell.textContent = text;
      return cell;
    });
    line.append(...cells);
    return line;
  }
}
