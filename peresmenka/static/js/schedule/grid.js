// The table: built once from the month, then painted cell by cell. Knows nothing of requests.

import { classesOf, dayName, linesOf, sentence, titleOf } from "./describe.js";
import { say } from "./texts.js";

const LONG_LINE = 7; // letters; "9:30–18" still fits

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

// The table is laid out as a grid, so that browsers need to be told what it is made of.
function withRole(made, role) {
  made.setAttribute("role", role);
  return made;
}

// What the eye reads in short stands in full beside it, for those who listen.
function shown(name, className, text) {
  const made = element(name, className, text);
  made.ariaHidden = "true";
  return made;
}

// A short line of a day; the style sheet shows it, the cell's label has it in full.
function line([text, isStruck]) {
  const made = element(isStruck ? "s" : "span", text.length > LONG_LINE ? "line is-long" : "line");
  made.dataset.text = text;
  return made;
}

function focusable(cell) {
  cell.tabIndex = -1;
  return cell;
}

export class Grid {
  #selected = new Set();
  #busy = new Set();

  constructor(table, month) {
    this.table = table;
    this.scroller = table.parentElement;
    this.month = month;
    this.build();
  }

  build() {
    this.cells = [];
    this.spots = new Map(); // element → {index} | {column} | {row} | {all: true}
    this.#selected = new Set();
    this.#busy = new Set();
    this.table.style.setProperty("--days", this.month.width);
    this.table.replaceChildren(this.#head(), this.#body(), this.#foot());
  }

  // --- building ---

  #head() {
    const line = withRole(element("tr"), "row");
    const corner = focusable(withRole(element("th", "name", this.table.dataset.people), "columnheader"));
    corner.scope = "col";
    corner.append(element("small", "", this.month.zone));
    this.spots.set(corner, { all: true });
    line.append(corner, ...this.month.days.map((day, column) => this.#dayHead(day, column)));
    const head = withRole(element("thead"), "rowgroup");
    head.append(line);
    return head;
  }

  #dayHead(day, column) {
    const cell = focusable(withRole(element("th", "date"), "columnheader"));
    cell.scope = "col";
    if (day.is_weekend) cell.classList.add("is-weekend");
    if (day.date === this.month.today) cell.classList.add("is-today");
    if (day.weekday === this.month.first_weekday) cell.classList.add("is-first");
    const notes = [
      day.date === this.month.today ? say("today") : "",
      day.holiday ?? "",
      day.dst ? say(`dst-${day.dst}`) : "",
    ].filter(Boolean);
    cell.append(element("span", "visually-hidden", [dayName(day.date), ...notes].join(", ")));
    cell.append(shown("span", "weekday", day.short), shown("span", "number", String(day.day)));
    if (day.holiday) cell.append(element("span", "mark is-holiday"));
    if (day.dst) cell.append(element("span", "mark is-dst"));
    cell.title = [...notes, say("columnHint")].join(" · ");
    this.spots.set(cell, { column });
    return cell;
  }

  #body() {
    const proto = withRole(element("td"), "gridcell");
    proto.tabIndex = -1;
    this.lines = this.month.managers.map((manager, row) => {
      const line = withRole(element("tr"), "row");
      line.id = `row-${manager.id}`;
      if (!manager.can_edit) line.className = "is-closed";
      const name = focusable(withRole(element("th", "name"), "rowheader"));
      name.scope = "row";
      this.spots.set(name, { row });
      line.append(name);
      for (let column = 0; column < this.month.width; column += 1) {
        const cell = proto.cloneNode(false);
        const index = row * this.month.width + column;
        this.cells.push(cell);
        this.spots.set(cell, { index });
        cell.setAttribute(...(this.month.isOpen(index) ? ["aria-selected", "false"] : ["aria-readonly", "true"]));
        this.#fill(index, this.month.cellAt(index));
        line.append(cell);
      }
      return line;
    });
    const body = withRole(element("tbody"), "rowgroup");
    body.append(...this.lines);
    this.month.managers.forEach((_, row) => this.paintName(row));
    return body;
  }

  #foot() {
    const line = withRole(element("tr"), "row");
    const name = focusable(withRole(element("th", "name", say("coverage")), "rowheader"));
    name.scope = "row";
    this.coverage = this.month.days.map(() => {
      const cell = focusable(withRole(element("td", "coverage"), "gridcell"));
      cell.setAttribute("aria-readonly", "true");
      return cell;
    });
    line.append(name, ...this.coverage);
    const foot = withRole(element("tfoot"), "rowgroup");
    foot.append(line);
    this.paintCoverage();
    return foot;
  }

  // --- painting ---

  #fill(index, cell, look = "") {
    const td = this.cells[index];
    td.className = look ? `${classesOf(this.month, index, cell)} ${look}` : classesOf(this.month, index, cell);
    td.replaceChildren(...linesOf(cell).map(line));
    td.setAttribute("aria-label", sentence(this.month, index, cell));
    const title = titleOf(cell);
    if (title) td.title = title;
    else td.removeAttribute("title");
  }

  paint(indexes) {
    for (const index of indexes) this.#fill(index, this.month.cellAt(index));
  }

  // Show what is not true yet: pairs [index, cell], with a class of their own.
  paintAs(pairs, look) {
    for (const [index, cell] of pairs) this.#fill(index, cell, look);
  }

  paintName(row) {
    const manager = this.month.managers[row];
    const cell = this.lines[row].cells[0];
    const name = element("span", "who-name", manager.name);
    name.title = [manager.name, manager.group, manager.pattern].filter(Boolean).join(" · ");
    const facts = element("span", "facts-line");
    if (manager.why_not) facts.append(element("span", "state is-closed", manager.why_not));
    if (manager.can_edit) {
      facts.append(element("span", `state is-${manager.state}`, manager.state_text));
      facts.append(element("small", "until", manager.set_until));
    }
    const line = element("span", "name-line");
    line.append(name, ...(manager.zone ? [element("small", "zone", manager.zone)] : []));
    cell.replaceChildren(line, facts);
  }

  paintCoverage() {
    const byDate = new Map(this.month.coverage.map((day) => [day.date, day]));
    this.month.days.forEach(({ date }, column) => {
      const day = byDate.get(date);
      const cell = this.coverage[column];
      cell.classList.toggle("is-gap", Boolean(day?.gap));
      cell.classList.toggle("is-today", date === this.month.today);
      const values = { day: dayName(date), what: day?.text ?? "" };
      const full = element("span", "visually-hidden", say(day?.gap ? "gapLabel" : "coverageLabel", values));
      cell.replaceChildren(full, shown("span", "people", day ? String(day.people) : ""));
      if (day?.gap) cell.append(shown("small", "gap", say("gap")));
      cell.title = day?.text ?? "";
    });
  }

  showSelection(selected) {
    for (const index of this.#selected) {
      if (!selected.has(index)) this.cells[index].setAttribute("aria-selected", "false");
    }
    for (const index of selected) {
      if (!this.#selected.has(index)) this.cells[index].setAttribute("aria-selected", "true");
    }
    this.#selected = new Set(selected);
  }

  setBusy(indexes) {
    for (const index of this.#busy) this.cells[index].removeAttribute("aria-busy");
    this.#busy = new Set(indexes);
    for (const index of this.#busy) this.cells[index].setAttribute("aria-busy", "true");
  }

  markWrong(indexes) {
    for (const cell of this.table.querySelectorAll("[aria-invalid]")) cell.removeAttribute("aria-invalid");
    for (const index of indexes) this.cells[index].setAttribute("aria-invalid", "true");
  }

  // What somebody else has just changed is seen for a moment.
  highlight(indexes) {
    for (const index of indexes) {
      this.cells[index].classList.remove("is-news");
      requestAnimationFrame(() => this.cells[index]?.classList.add("is-news"));
    }
  }

  // Show the rows whose manager passes; return them.
  filter(passes) {
    return this.month.managers.flatMap((manager, row) => {
      this.lines[row].hidden = !passes(manager);
      return this.lines[row].hidden ? [] : [row];
    });
  }

  showColumn(column) {
    const cell = this.table.tHead.rows[0].cells[column + 1];
    const name = this.table.tHead.rows[0].cells[0];
    this.scroller.scrollLeft = cell.offsetLeft - name.offsetWidth - cell.offsetWidth * 2;
  }
}
