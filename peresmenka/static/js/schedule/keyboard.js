// Keys in the table, and undo and redo anywhere on the page but in a field.

const STEPS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  PageUp: [-10, 0],
  PageDown: [10, 0],
};

export class Keyboard {
  #isExtending = false;

  // `commands` has copy, paste, clear, undo, redo.
  constructor({ grid, selection, focus, commands, paint, settle }) {
    Object.assign(this, { grid, selection, focus, commands, paint, settle });
    grid.table.addEventListener("keydown", (event) => {
      if (this.#inTable(event)) event.preventDefault();
    });
    document.addEventListener("keydown", (event) => this.#anywhere(event));
  }

  #anywhere(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    if (event.target.closest?.("input, select, textarea, dialog")) return;
    const key = event.code === "KeyZ" ? "z" : event.code === "KeyY" ? "y" : event.key.toLowerCase();
    if (key === "z" && !event.shiftKey) this.commands.undo();
    else if (key === "y" || key === "z") this.commands.redo();
    else return;
    event.preventDefault();
  }

  // Whether the key meant something here. Letters count by their place: the layout may be Cyrillic.
  #inTable(event) {
    const hasControl = event.ctrlKey || event.metaKey;
    if (event.altKey) return false;
    if (event.key in STEPS) return this.#step(event);
    if (event.key === "Home" || event.key === "End") {
      this.focus.toEdge(event.key === "End", hasControl);
      return true;
    }
    if (event.key === " " || event.key === "Enter") return this.#press(event, hasControl);
    if (event.key === "Escape") return this.#change(() => this.selection.clear());
    if (event.key === "Delete" || event.key === "Backspace") return this.#command("clear");
    if (!hasControl) return false;
    if (event.code === "KeyA") return this.#change(() => this.selection.all());
    if (event.code === "KeyC") return this.#command("copy");
    if (event.code === "KeyV") return this.#command("paste");
    return false;
  }

  #step(event) {
    const from = this.focus.index;
    this.focus.move(...STEPS[event.key]);
    const to = this.focus.index;
    if (!event.shiftKey || to < 0) {
      this.#isExtending = false;
      return true;
    }
    return this.#change(() => {
      // The first step begins at the focused day, the next ones go on from there.
      if (!this.#isExtending) this.selection.anchor = from >= 0 ? from : to;
      this.#isExtending = true;
      this.selection.extendTo(to, { adds: event.ctrlKey || event.metaKey });
    });
  }

  // Space and Enter toggle a day; with Ctrl the column, with Shift the row; on a header what it heads.
  #press(event, hasControl) {
    const { index, column, row, all } = this.grid.spots.get(this.focus.current) ?? {};
    const { month } = this.grid;
    return this.#change(() => {
      if (column !== undefined) this.selection.columns(column, column, { adds: hasControl });
      else if (row !== undefined) this.selection.rows(row, row, { adds: hasControl });
      else if (all) this.selection.all();
      else if (index === undefined) return;
      else if (event.key === " " && hasControl) this.selection.columns(month.columnOf(index), month.columnOf(index));
      else if (event.key === " " && event.shiftKey) this.selection.rows(month.rowOf(index), month.rowOf(index));
      else this.selection.toggle(index);
    });
  }

  #change(step) {
    step();
    this.paint();
    this.settle();
    return true;
  }

  #command(name) {
    this.commands[name]();
    return true;
  }
}
