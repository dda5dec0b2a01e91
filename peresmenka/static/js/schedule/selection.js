// Which cells are selected, by their numbers. Pure: knows the rows in sight and what is open to change.

export class Selection {
  #kept = new Set(); // what stays whatever the present gesture does
  #live = []; // what the present gesture reaches
  #before = new Set();
  #clears = false;
  #moved = false;
  #rows = [];
  #place = new Map();
  anchor = -1;

  // `month` has width and isOpen(index).
  constructor(month) {
    this.month = month;
  }

  // Tell which rows are in sight, in their order; what is out of sight is not selected any more.
  showRows(rows) {
    this.#rows = rows;
    this.#place = new Map(rows.map((row, place) => [row, place]));
    const { width } = this.month;
    this.#keep([...this.current()].filter((index) => this.#place.has(Math.floor(index / width))));
  }

  current() {
    return this.#live.length > 0 ? new Set([...this.#kept, ...this.#live]) : this.#kept;
  }

  // In the order in which people read them.
  list() {
    return [...this.current()].sort((one, other) => this.#order(one) - this.#order(other));
  }

  // --- one gesture: begin, reach, end or give up ---

  begin(index, { adds = false, mayClear = true } = {}) {
    this.#before = this.current();
    const isSelected = this.#before.has(index);
    this.#clears = mayClear && isSelected && (adds || this.#before.size === 1);
    this.#kept = adds ? new Set(this.#before) : new Set();
    this.#live = [index].filter((one) => this.month.isOpen(one));
    this.#moved = false;
    this.anchor = index;
  }

  reach(index, isFrame) {
    if (index !== this.anchor) this.#moved = true;
    this.#live = isFrame ? this.#frame(this.anchor, index) : this.#run(this.anchor, index);
  }

  end() {
    if (this.#moved) this.#keep(this.current());
    else if (!this.month.isOpen(this.anchor)) this.#keep(this.#before);
    else if (this.#clears) this.#keep([...this.#kept].filter((index) => index !== this.anchor));
    else this.#keep(this.current());
  }

  giveUp() {
    this.#keep(this.#before);
  }

  // --- at one stroke ---

  toggle(index) {
    this.begin(index, { adds: true });
    this.end();
  }

  // The frame between the anchor and a cell.
  extendTo(index, { adds = false } = {}) {
    if (this.anchor < 0) this.anchor = index;
    const frame = this.#frame(this.anchor, index);
    this.#keep(adds ? [...this.#kept, ...frame] : frame);
  }

  columns(first, last, { adds = false } = {}) {
    const [from, to] = [Math.min(first, last), Math.max(first, last)];
    this.#take(this.#rows.flatMap((row) => this.#cellsOf(row, from, to)), adds);
    if (this.#rows.length > 0) this.anchor = this.#rows[0] * this.month.width + first;
  }

  rows(first, last, { adds = false } = {}) {
    const [from, to] = [this.#place.get(first) ?? 0, this.#place.get(last) ?? 0];
    const rows = this.#rows.slice(Math.min(from, to), Math.max(from, to) + 1);
    this.#take(rows.flatMap((row) => this.#cellsOf(row, 0, this.month.width - 1)), adds);
    this.anchor = first * this.month.width;
  }

  all() {
    this.#keep(this.#rows.flatMap((row) => this.#cellsOf(row, 0, this.month.width - 1)));
  }

  clear() {
    this.#keep([]);
  }

  set(indexes) {
    this.#keep(indexes.filter((index) => this.month.isOpen(index)));
  }

  // A column or row that is the selection, or all of which is in it while adding, is taken out.
  #take(cells, adds) {
    const before = this.current();
    const isIn = cells.length > 0 && cells.every((index) => before.has(index));
    if (adds && isIn) {
      const out = new Set(cells);
      this.#keep([...before].filter((index) => !out.has(index)));
    } else if (!adds && isIn && before.size === cells.length) this.#keep([]);
    else this.#keep(adds ? [...before, ...cells] : cells);
  }

  #keep(indexes) {
    this.#kept = new Set(indexes);
    this.#live = [];
  }

  #order(index) {
    const { width } = this.month;
    return (this.#place.get(Math.floor(index / width)) ?? 0) * width + (index % width);
  }

  #at(order) {
    const { width } = this.month;
    return this.#rows[Math.floor(order / width)] * width + (order % width);
  }

  #cellsOf(row, from, to) {
    const found = [];
    for (let column = from; column <= to; column += 1) {
      const index = row * this.month.width + column;
      if (this.month.isOpen(index)) found.push(index);
    }
    return found;
  }

  // The days passed in reading order, row by row.
  #run(from, to) {
    const [first, last] = [this.#order(from), this.#order(to)].sort((one, other) => one - other);
    const found = [];
    for (let order = first; order <= last; order += 1) {
      const index = this.#at(order);
      if (this.month.isOpen(index)) found.push(index);
    }
    return found;
  }

  #frame(from, to) {
    const { width } = this.month;
    const places = [from, to].map((index) => this.#place.get(Math.floor(index / width)) ?? 0);
    const columns = [from % width, to % width];
    const rows = this.#rows.slice(Math.min(...places), Math.max(...places) + 1);
    return rows.flatMap((row) => this.#cellsOf(row, Math.min(...columns), Math.max(...columns)));
  }
}
