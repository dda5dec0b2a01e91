// The one cell of the table that Tab reaches, and how the arrows move it.

import { details } from "./describe.js";

export class Focus {
  constructor(grid, line) {
    this.grid = grid;
    this.line = line; // where the focused day is told in full
    this.reset();
    grid.table.addEventListener("focusin", (event) => this.#enter(event.target));
  }

  // The number of the focused day; -1 on headers and coverage.
  get index() {
    return this.grid.spots.get(this.current)?.index ?? -1;
  }

  // After the table was built anew.
  reset(index = -1) {
    const { month, table } = this.grid;
    const today = month.columnByDate.get(month.today) ?? 0;
    this.current = this.grid.cells[index] ?? table.tBodies[0].rows[0]?.cells[today + 1] ?? table.tHead.rows[0].cells[0];
    this.current.tabIndex = 0;
  }

  #enter(cell) {
    if (!this.grid.table.contains(cell) || cell === this.current) return this.tell();
    this.current.tabIndex = -1;
    this.current = cell;
    cell.tabIndex = 0;
    this.tell();
  }

  // Say in the line above the table what the focused cell holds.
  tell() {
    const cell = this.current;
    const full = () => (cell.querySelector(".visually-hidden") ?? cell).innerText.trim();
    this.line.textContent =
      this.index >= 0 ? details(this.grid.month, this.index) : full().replace(/\s*\n\s*/g, " · ");
  }

  to(cell) {
    if (!cell) return;
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  // Move by rows and columns; headers and coverage are rows and columns like others.
  move(rows, columns) {
    const lines = this.#lines();
    const at = lines.indexOf(this.current.parentElement);
    const line = lines[Math.min(Math.max(at + rows, 0), lines.length - 1)];
    const column = Math.min(Math.max(this.current.cellIndex + columns, 0), line.cells.length - 1);
    this.to(line.cells[column]);
  }

  // To the first or last day of the row, or of all rows.
  toEdge(isEnd, isWhole) {
    const body = this.#lines().filter((line) => line.parentElement.tagName === "TBODY");
    const line = isWhole ? (isEnd ? body.at(-1) : body[0]) : this.current.parentElement;
    this.to(line.cells[isEnd ? line.cells.length - 1 : 1]);
  }

  #lines() {
    return [...this.grid.table.rows].filter((line) => !line.hidden);
  }
}
