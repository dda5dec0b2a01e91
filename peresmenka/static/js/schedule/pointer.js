// Mouse, pen and finger in the table: click, drag, Ctrl+drag, headers, tap, long press.

const LONG_PRESS_MS = 450;
const SLACK_PX = 10; // a finger is never quite still
const EDGE_PX = 12; // so near to the lower or right edge, dragging scrolls; else over names and heads
const SPEED_PX = 14;

export class Pointer {
  #drag = null; // {isFrame, isTouch}
  #press = null; // {timer, x, y, index}: a finger that may become a tap or a long press
  #point = { x: 0, y: 0 };
  #frame = 0;

  // `paint` shows the selection, `settle` is called when a gesture has ended.
  constructor({ grid, selection, focus, paint, settle }) {
    Object.assign(this, { grid, selection, focus, paint, settle });
    const { table } = grid;
    table.addEventListener("pointerdown", (event) => this.#down(event));
    table.addEventListener("click", (event) => this.#header(event));
    table.addEventListener("contextmenu", (event) => {
      if (this.#drag || event.ctrlKey) event.preventDefault();
    });
    // Once a long press has begun to select, the finger no longer scrolls.
    table.addEventListener("touchmove", (event) => this.#drag && event.preventDefault(), { passive: false });
    document.addEventListener("pointermove", (event) => this.#move(event));
    document.addEventListener("pointerup", () => this.#up());
    document.addEventListener("pointercancel", () => this.#cancel());
  }

  get isDragging() {
    return this.#drag !== null;
  }

  #spot(target) {
    return this.grid.spots.get(target.closest?.("td, th")) ?? {};
  }

  #down(event) {
    if (event.button !== 0 || !event.isPrimary) return;
    const { index } = this.#spot(event.target);
    if (index === undefined) return;
    if (event.pointerType === "touch") return this.#touch(event, index);
    const adds = event.ctrlKey || event.metaKey;
    if (event.shiftKey) {
      this.selection.extendTo(index, { adds });
      this.paint();
      return this.settle();
    }
    this.#point = { x: event.clientX, y: event.clientY };
    this.#begin(index, { isFrame: adds, isTouch: false }, { adds });
  }

  #begin(index, drag, options) {
    this.#drag = drag;
    this.selection.begin(index, options);
    this.paint();
  }

  #touch(event, index) {
    const { clientX: x, clientY: y } = event;
    const timer = setTimeout(() => {
      this.#press = null;
      this.#point = { x, y };
      navigator.vibrate?.(10);
      this.#begin(index, { isFrame: false, isTouch: true }, { adds: true, mayClear: false });
    }, LONG_PRESS_MS);
    this.#press = { timer, x, y, index };
  }

  #move(event) {
    const press = this.#press;
    if (press && Math.hypot(event.clientX - press.x, event.clientY - press.y) > SLACK_PX) this.#dropPress();
    if (!this.#drag) return;
    this.#point = { x: event.clientX, y: event.clientY };
    this.#frame ||= requestAnimationFrame(() => this.#reach());
  }

  // Once a frame: scroll at an edge, and select up to the cell under the pointer.
  #reach() {
    this.#frame = 0;
    if (!this.#drag) return;
    const box = this.grid.scroller.getBoundingClientRect();
    const head = this.grid.table.tHead.getBoundingClientRect().height;
    const foot = this.grid.table.tFoot.getBoundingClientRect().height;
    const name = this.grid.table.tHead.rows[0].cells[0].offsetWidth;
    // What of the days can be seen: the table's frame may reach out of the window.
    const inside = {
      left: box.left + name,
      right: Math.min(box.right, innerWidth),
      top: Math.max(box.top + head, 0),
      bottom: Math.min(box.bottom - foot, innerHeight),
    };
    const scrolled = this.#scroll(inside);
    const x = Math.min(Math.max(this.#point.x, inside.left + 2), inside.right - 18);
    const y = Math.min(Math.max(this.#point.y, inside.top + 2), inside.bottom - 18);
    const { index } = this.#spot(document.elementFromPoint(x, y) ?? document.body);
    if (index !== undefined) {
      this.selection.reach(index, this.#drag.isFrame);
      this.paint();
    }
    if (scrolled) this.#frame = requestAnimationFrame(() => this.#reach());
  }

  #scroll({ left, right, top, bottom }) {
    const { scroller } = this.grid;
    const { x, y } = this.#point;
    const before = [scroller.scrollLeft, scroller.scrollTop];
    if (x < left) scroller.scrollLeft -= SPEED_PX;
    else if (x > right - EDGE_PX) scroller.scrollLeft += SPEED_PX;
    if (y < top) scroller.scrollTop -= SPEED_PX;
    else if (y > bottom - EDGE_PX) scroller.scrollTop += SPEED_PX;
    return scroller.scrollLeft !== before[0] || scroller.scrollTop !== before[1];
  }

  #up() {
    if (this.#press) {
      const { index } = this.#press;
      this.#dropPress();
      this.selection.toggle(index);
      this.focus.to(this.grid.cells[index]);
      this.paint();
      this.settle();
    } else if (this.#drag) {
      if (this.#frame) {
        cancelAnimationFrame(this.#frame);
        this.#reach();
      }
      this.#drag = null;
      this.selection.end();
      this.paint();
      this.settle();
    }
  }

  #cancel() {
    this.#dropPress();
    if (!this.#drag) return;
    this.#drag = null;
    this.selection.giveUp();
    this.paint();
    this.settle();
  }

  #dropPress() {
    clearTimeout(this.#press?.timer);
    this.#press = null;
  }

  #header(event) {
    const { column, row, all } = this.#spot(event.target);
    const adds = event.ctrlKey || event.metaKey || event.pointerType === "touch";
    const { width, anchor } = { width: this.grid.month.width, anchor: this.selection.anchor };
    if (column !== undefined) {
      const first = event.shiftKey && anchor >= 0 ? anchor % width : column;
      this.selection.columns(first, column, { adds });
    } else if (row !== undefined) {
      const first = event.shiftKey && anchor >= 0 ? Math.floor(anchor / width) : row;
      this.selection.rows(first, row, { adds });
    } else if (all) this.selection.all();
    else return;
    this.paint();
    this.settle();
  }
}
