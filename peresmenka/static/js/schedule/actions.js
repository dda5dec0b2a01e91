// What a supervisor can do with the selected days: each action as operations, and how the days will look.

import { copy, spread } from "./clipboard.js";
import { asShort, asText } from "./hours.js";
import { say } from "./texts.js";

const FIXED = ["absence", "swapped"]; // what only its own page changes

// Cells as they will look once the server has taken them.
function work(hours, layer = "month") {
  if (hours.length === 0) return null;
  return { kind: "work", hours, short: asShort(hours), cause: null, cause_text: "", layer };
}

function off(cell) {
  return { ...cell, kind: "day_off", cause: "marked", cause_text: "" };
}

function pasted({ hours, day_off: isOff }) {
  if (hours.length === 0 && isOff) return { kind: "day_off", hours, short: "", cause: "rest", cause_text: "", layer: "month" };
  return isOff ? off(work(hours)) : work(hours);
}

export class Actions {
  constructor({ month, grid, selection, changes, messages, focus }) {
    Object.assign(this, { month, grid, selection, changes, messages, focus });
  }

  // The selected cells as operations name them.
  keys(indexes = this.selection.list()) {
    return indexes.map((index) => this.month.keyOf(index));
  }

  setHours(hours, onRefusal) {
    const selected = this.selection.list();
    return this.changes.run([{ op: "set_hours", cells: this.keys(selected), hours: asText(hours) }], {
      done: say("doneHours", { count: selected.length }),
      paints: selected.map((index) => [index, work(hours)]),
      onRefusal,
    });
  }

  clear() {
    const selected = this.selection.list();
    if (selected.length === 0) return this.messages.announce(say("selectFirst"));
    return this.changes.run([{ op: "clear", cells: this.keys(selected) }], {
      done: say("doneClear", { count: selected.length }),
      paints: selected.map((index) => [index, null]),
    });
  }

  follow() {
    const selected = this.selection.list();
    return this.changes.run([{ op: "follow", cells: this.keys(selected) }], {
      done: say("doneFollow", { count: selected.length }),
      paints: selected.map((index) => [index, this.month.cellAt(index)]),
    });
  }

  // The selected days that the cup can be set on or taken off.
  withHours() {
    return this.selection.list().filter((index) => {
      const cell = this.month.cellAt(index);
      return cell && cell.hours.length > 0 && !FIXED.includes(cell.cause);
    });
  }

  areAllOff(indexes) {
    return indexes.length > 0 && indexes.every((index) => this.month.cellAt(index).kind === "day_off");
  }

  toggleDayOff() {
    const indexes = this.withHours();
    const isOff = !this.areAllOff(indexes);
    const left = this.selection.list().length - indexes.length;
    const done = say(isOff ? "doneDayOff" : "doneWorks", { count: indexes.length });
    return this.changes.run([{ op: "day_off", cells: this.keys(indexes), off: isOff }], {
      done: left > 0 ? `${done} ${say("leftWithoutHours", { count: left })}` : done,
      paints: indexes.map((index) => {
        const cell = this.month.cellAt(index);
        return [index, isOff ? off(cell) : work(cell.hours, cell.layer)];
      }),
    });
  }

  copy() {
    const selected = this.selection.list();
    const indexes = selected.length > 0 ? selected : [this.focus.index].filter((index) => index >= 0);
    if (indexes.length === 0) return;
    copy(this.month, indexes);
    this.messages.announce(say("copied", { count: indexes.length }));
    this.changes.onChange();
  }

  paste(rows) {
    const selected = this.selection.list();
    const start = this.focus.index >= 0 ? this.focus.index : (selected[0] ?? -1);
    if (start < 0) return this.messages.announce(say("selectFirst"));
    const all = spread(this.month, rows, selected, start);
    const pairs = all.filter(([index]) => this.month.isOpen(index));
    if (pairs.length === 0) return this.messages.announce(say("nothingToPaste"));
    const done = say("donePaste", { count: pairs.length });
    const left = all.length - pairs.length;
    return this.changes.run(
      [{ op: "paste", cells: pairs.map(([index, content]) => [...this.month.keyOf(index), content]) }],
      {
        done: left > 0 ? `${done} ${say("leftPast", { count: left })}` : done,
        paints: pairs.map(([index, content]) => [index, pasted(content)]),
      },
    );
  }
}
