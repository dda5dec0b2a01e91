// What the server has said of the month: people, days, cells, coverage, history, version. Pure.

export class Month {
  constructor(data) {
    this.load(data);
  }

  load(data) {
    Object.assign(this, data);
    this.width = data.days.length;
    this.rowById = new Map(data.managers.map((manager, row) => [String(manager.id), row]));
    this.columnByDate = new Map(data.days.map((day, column) => [day.date, column]));
  }

  get size() {
    return this.managers.length * this.width;
  }

  rowOf(index) {
    return Math.floor(index / this.width);
  }

  columnOf(index) {
    return index % this.width;
  }

  managerAt(index) {
    return this.managers[this.rowOf(index)];
  }

  dayAt(index) {
    return this.days[this.columnOf(index)];
  }

  // The number of a cell; -1 where the month does not show it.
  indexOf(id, date) {
    const row = this.rowById.get(String(id));
    const column = this.columnByDate.get(date);
    return row === undefined || column === undefined ? -1 : row * this.width + column;
  }

  cellAt(index) {
    return this.cells[this.managerAt(index).id]?.[this.dayAt(index).date] ?? null;
  }

  isOpen(index) {
    const manager = this.managerAt(index);
    return manager.can_edit && this.dayAt(index).date >= manager.frozen_before;
  }

  // [13, "2026-11-03"], as operations name a cell.
  keyOf(index) {
    return [this.managerAt(index).id, this.dayAt(index).date];
  }

  // Take over cells; return the numbers of those that are other than before.
  change(cells) {
    const changed = [];
    for (const [id, date, cell] of cells) {
      const index = this.indexOf(id, date);
      if (index < 0 || JSON.stringify(this.cellAt(index)) === JSON.stringify(cell)) continue;
      const row = (this.cells[id] ??= {});
      if (cell) row[date] = cell;
      else delete row[date];
      changed.push(index);
    }
    return changed;
  }

  // Take over an answer to operations: {version, cells, coverage, history, states}.
  answer(body) {
    this.version = body.version;
    this.coverage = body.coverage ?? this.coverage;
    this.history = body.history ?? this.history;
    for (const [id, state] of Object.entries(body.states ?? {})) {
      const row = this.rowById.get(id);
      if (row !== undefined) Object.assign(this.managers[row], state);
    }
    return this.change(body.cells ?? []);
  }

  // The cells in which another month's data differ, as an answer lists them.
  differences(data) {
    const found = [];
    for (const manager of data.managers) {
      const [old, fresh] = [this.cells[manager.id] ?? {}, data.cells[manager.id] ?? {}];
      for (const date of new Set([...Object.keys(old), ...Object.keys(fresh)])) {
        if (JSON.stringify(old[date]) !== JSON.stringify(fresh[date])) {
          found.push([manager.id, date, fresh[date] ?? null]);
        }
      }
    }
    return found;
  }

  // Whether rows and columns of other data are the same, so that cells can be painted in place.
  hasShapeOf(data) {
    const shape = ({ managers, days }) =>
      JSON.stringify([
        days,
        managers.map(({ id, name, zone, can_edit, frozen_before }) => [id, name, zone, can_edit, frozen_before]),
      ]);
    return this.today === data.today && shape(this) === shape(data);
  }
}
