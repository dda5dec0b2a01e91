// Dialogs that show in the grid what they would change before they do: the pattern painter, a month's copy.

import { Sheet } from "./sheet.js";
import { say } from "./texts.js";

class PreviewSheet extends Sheet {
  #asked = 0;
  #ghosts = [];

  constructor(dialog, { month, grid, selection, changes }) {
    super(dialog);
    Object.assign(this, { month, grid, selection, changes });
    this.apply = dialog.querySelector('button[type="submit"]');
    dialog.addEventListener("close", () => this.#clear());
    dialog.querySelector("form").addEventListener("change", () => this.preview());
    dialog.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      const [operation, done] = [this.operation(), this.done];
      if (!operation) return;
      const paints = this.#ghosts;
      this.finish((onRefusal) => this.changes.run([operation], { done, paints, onRefusal }));
    });
  }

  // Ask the server what would change and show it as ghosts; only the latest question's answer counts.
  async preview() {
    const asked = (this.#asked += 1);
    const operation = this.operation();
    this.complain(null);
    this.part("summary").textContent = operation ? say("previewing") : "";
    this.apply.disabled = true;
    if (!operation) return this.#clear();
    try {
      const pairs = await this.changes.preview([operation]);
      if (asked === this.#asked && this.dialog.open) this.#show(pairs);
    } catch (refusal) {
      if (asked !== this.#asked || !this.dialog.open) return;
      this.#clear();
      this.part("summary").textContent = "";
      this.complain(refusal);
      this.apply.disabled = refusal.kind !== "offline";
    }
  }

  #show(pairs) {
    this.#clear();
    this.#ghosts = pairs;
    this.grid.paintAs(pairs, "is-ghost");
    const over = pairs.filter(([index]) => this.month.cellAt(index)).length;
    this.part("summary").textContent =
      pairs.length > 0 ? say("wouldChange", { count: pairs.length, over }) : say("wouldChangeNothing");
    this.apply.disabled = pairs.length === 0;
  }

  #clear() {
    this.grid.paint(this.#ghosts.map(([index]) => index));
    this.#ghosts = [];
  }
}

export class PainterSheet extends PreviewSheet {
  constructor(dialog, page) {
    super(dialog, page);
    this.done = say("donePaint");
    this.part("pattern").addEventListener("change", () => this.#suggestAnchor());
  }

  show() {
    this.cells = this.selection.list().map((index) => this.month.keyOf(index));
    const { patterns, presets } = this.month;
    this.#fill("patterns", patterns.map(({ id, name }) => [`pattern:${id}`, name]));
    this.#fill("presets", presets.map(({ code, name }) => [`preset:${code}`, name]));
    this.part("count").textContent = say("selected", { count: this.cells.length });
    this.#suggestAnchor();
    this.open();
    this.preview();
  }

  #fill(part, options) {
    const group = this.part(part);
    group.replaceChildren(...options.map(([value, name]) => new Option(name, value)));
    group.hidden = options.length === 0;
  }

  #suggestAnchor() {
    this.part("anchor").value = this.cells.map(([, date]) => date).sort()[0];
  }

  operation() {
    const [kind, ...rest] = this.part("pattern").value.split(":");
    if (!kind || this.cells.length === 0) return null;
    const value = rest.join(":");
    const anchor = this.part("anchor").value;
    return {
      op: "paint",
      cells: this.cells,
      ...(kind === "pattern" ? { pattern: Number(value) } : { preset: value }),
      ...(anchor ? { anchor } : {}),
    };
  }
}

export class CopyMonthSheet extends PreviewSheet {
  constructor(dialog, page) {
    super(dialog, page);
    this.done = say("doneCopyMonth");
  }

  // `rows` are the rows in sight.
  show(rows) {
    const open = (row) => this.month.managers[row].can_edit;
    const selected = new Set(this.selection.list().map((index) => this.month.rowOf(index)));
    this.people = {
      shown: rows.filter(open).map((row) => this.month.managers[row].id),
      selected: [...selected].filter(open).map((row) => this.month.managers[row].id),
    };
    for (const input of this.dialog.querySelectorAll('[name="whom"]')) {
      const count = this.people[input.value].length;
      input.disabled = count === 0;
      input.checked = input.value === (this.people.selected.length > 0 ? "selected" : "shown");
      this.part(`${input.value}-count`).textContent = say("people", { count });
    }
    this.open();
    this.preview();
  }

  operation() {
    const whom = this.dialog.querySelector('[name="whom"]:checked');
    const managers = this.people[whom?.value] ?? [];
    if (managers.length === 0) return null;
    return { op: "copy_month", managers, from: this.month.previous };
  }
}
