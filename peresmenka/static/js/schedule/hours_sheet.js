// "Set working hours": rows of from and to, the hours that are usual, a word about nights.

import { asText, fromRows, isOverMidnight, isWholeDay, mostUsed, toRows } from "./hours.js";
import { Sheet } from "./sheet.js";
import { say } from "./texts.js";

const USUAL = [[540, 1080]];
const MOST_INTERVALS = 6;
const MOST_CHIPS = 5;

export class HoursSheet extends Sheet {
  constructor(dialog, { month, selection, actions }) {
    super(dialog);
    Object.assign(this, { month, selection, actions });
    this.proto = this.part("row");
    this.rows = this.part("rows");
    this.part("add").addEventListener("click", () => {
      this.#addRow(["", ""]).querySelector("input").focus();
      this.#explain();
    });
    this.rows.addEventListener("click", (event) => this.#remove(event));
    this.rows.addEventListener("input", (event) => {
      delete event.target.closest("[role=group]").dataset.whole;
      this.#explain();
    });
    this.part("chips").addEventListener("click", (event) => {
      const chip = event.target.closest("button");
      if (chip) this.#fill(JSON.parse(chip.dataset.hours));
    });
    dialog.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#apply();
    });
  }

  show() {
    const selected = this.selection.list();
    const used = mostUsed(this.#days(selected), 2);
    this.#chips();
    this.#fill(used.length === 1 ? used[0][1] : USUAL);
    this.part("count").textContent = say("selected", { count: selected.length });
    this.open();
    this.rows.querySelector("input").focus();
  }

  #days(indexes) {
    return indexes.map((index) => this.month.cellAt(index)).filter(Boolean);
  }

  #chips() {
    const all = Object.values(this.month.cells).flatMap((row) => Object.values(row));
    const usual = mostUsed(all, MOST_CHIPS);
    if (!usual.some(([text]) => text === asText(USUAL))) usual.push([asText(USUAL), USUAL]);
    const chips = usual.map(([text, hours]) => {
      const chip = document.createElement("button");
      chip.type = "button";
      chip.className = "button small";
      chip.textContent = text;
      chip.dataset.hours = JSON.stringify(hours);
      return chip;
    });
    this.part("chips").replaceChildren(...chips);
  }

  #fill(hours) {
    this.rows.replaceChildren();
    toRows(hours).forEach((times, at) => {
      const row = this.#addRow(times);
      if (isWholeDay(hours[at])) row.dataset.whole = "yes";
    });
    this.#explain();
  }

  #addRow([from, to]) {
    this.rows.append(this.proto.content.cloneNode(true));
    const row = this.rows.lastElementChild;
    const [start, end] = row.querySelectorAll("input");
    [start.value, end.value] = [from, to];
    this.#number();
    return row;
  }

  #remove(event) {
    const button = event.target.closest("button");
    if (!button) return;
    button.closest("[role=group]").remove();
    this.#number();
    this.#explain();
    this.rows.querySelector("input").focus();
  }

  #number() {
    const rows = [...this.rows.children];
    rows.forEach((row, at) => {
      row.setAttribute("aria-label", say("interval", { number: at + 1 }));
      row.querySelector("button").hidden = rows.length === 1;
    });
    this.part("add").hidden = rows.length >= MOST_INTERVALS;
  }

  #hours() {
    const times = (row) => [...row.querySelectorAll("input")].map(({ value }) => value);
    return fromRows([...this.rows.children].map((row) => [...times(row), row.dataset.whole === "yes"]));
  }

  #explain() {
    this.part("night").hidden = !this.#hours()?.some(isOverMidnight);
  }

  #apply() {
    const hours = this.#hours();
    if (!hours) return this.complainOf(say("fillTimes"));
    return this.finish((onRefusal) => this.actions.setHours(hours, onRefusal));
  }
}
