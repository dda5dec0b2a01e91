// The page "Schedule": puts its parts together.

import { Actions } from "./actions.js";
import { Changes } from "./changes.js";
import { ConflictSheet } from "./conflict_sheet.js";
import { Focus } from "./focus.js";
import { Grid } from "./grid.js";
import { HistorySheet } from "./history_sheet.js";
import { HoursSheet } from "./hours_sheet.js";
import { Keyboard } from "./keyboard.js";
import { Messages } from "./messages.js";
import { Month } from "./month.js";
import { Pointer } from "./pointer.js";
import { Poll } from "./poll.js";
import { CopyMonthSheet, PainterSheet } from "./preview_sheet.js";
import { Selection } from "./selection.js";
import { Server } from "./server.js";
import { holds, say } from "./texts.js";
import { Toolbar } from "./toolbar.js";

const root = document.getElementById("schedule");
const at = (id) => document.getElementById(id);

performance.mark("schedule-begins");
const month = new Month(JSON.parse(at("month-data").textContent));
const grid = new Grid(at("month-grid"), month);
const selection = new Selection(month);
const messages = new Messages(root);
const focus = new Focus(grid, at("schedule-line"));
const conflicts = new ConflictSheet(at("conflict-sheet"), { month });
const server = new Server({
  monthUrl: root.dataset.monthUrl,
  operationsUrl: root.dataset.operationsUrl,
  token: root.querySelector("[name=csrfmiddlewaretoken]").value,
});
let rows = []; // in sight

const changes = new Changes({ month, grid, server, messages, conflicts, onChange: () => refresh() });
const actions = new Actions({ month, grid, selection, changes, messages, focus });
const sheets = {
  hours: new HoursSheet(at("hours-sheet"), { month, selection, actions }),
  painter: new PainterSheet(at("painter-sheet"), { month, grid, selection, changes }),
  copyMonth: new CopyMonthSheet(at("copy-month-sheet"), { month, grid, selection, changes }),
  history: new HistorySheet(at("history-sheet"), { month, changes }),
};
const commands = {
  hours: () => sheets.hours.show(),
  dayOff: () => actions.toggleDayOff(),
  clear: () => actions.clear(),
  follow: () => actions.follow(),
  paint: () => sheets.painter.show(),
  copy: () => actions.copy(),
  paste: () => actions.paste(rows),
  copyMonth: () => sheets.copyMonth.show(rows),
  undo: () => changes.undo(),
  redo: () => changes.redo(),
  history: () => sheets.history.show(),
};
const toolbar = new Toolbar(at("schedule-tools"), { month, selection, changes, actions, messages, commands });

function paint() {
  grid.showSelection(selection.current());
  toolbar.showCount();
}

function settle() {
  toolbar.refresh();
  const count = selection.current().size;
  messages.announce(count > 0 ? say("selected", { count }) : say("selectedNone"));
}

function refresh() {
  toolbar.refresh();
  focus.tell();
}

const pointer = new Pointer({ grid, selection, focus, paint, settle });
new Keyboard({ grid, selection, focus, commands, paint, settle });

function search() {
  const text = at("schedule-search").value;
  rows = grid.filter(({ name }) => holds(name, text));
  selection.showRows(rows);
  at("schedule-nobody").hidden = rows.length > 0 || month.managers.length === 0;
  paint();
  toolbar.refresh();
}

// Rows or days are others than before: build anew, and keep what was selected and focused.
function rebuild(fresh) {
  const keys = selection.list().map((index) => month.keyOf(index));
  const focused = focus.index >= 0 ? month.keyOf(focus.index) : null;
  const hadFocus = grid.table.contains(document.activeElement);
  month.load(fresh);
  grid.build();
  focus.reset(focused ? month.indexOf(...focused) : -1);
  selection.clear();
  search();
  selection.set(keys.map((key) => month.indexOf(...key)).filter((index) => index >= 0));
  paint();
  if (hadFocus) focus.to(focus.current);
}

new Poll({
  month,
  grid,
  server,
  messages,
  isQuiet: () => changes.isIdle && !pointer.isDragging && !document.querySelector("dialog[open]"),
  rebuild,
  refresh,
});

at("schedule-search").addEventListener("input", search);
at("schedule-search").addEventListener("keydown", (event) => {
  if (event.key === "Enter") event.preventDefault(); // the form would load the page anew
});
at("schedule-group").addEventListener("change", (event) => event.target.form.requestSubmit());
search();
// A link may name a day, as the page Coverage does for a gap: its column is selected and in sight.
const named = new URLSearchParams(location.search).get("day");
const shown = month.columnByDate.get(named) ?? month.columnByDate.get(month.today);
if (shown !== undefined) grid.showColumn(shown);
if (month.columnByDate.has(named)) {
  selection.columns(shown, shown, { adds: false });
  paint();
  settle();
}
performance.measure("schedule-build", "schedule-begins");
root.dataset.ready = "true";
