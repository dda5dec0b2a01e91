// Changes on their way to the server: one at a time, painted at once, put right by the answer; undo and redo.

import { wordsFor } from "./messages.js";
import { Refusal } from "./server.js";
import { say } from "./texts.js";

export class Changes {
  #tail = Promise.resolve();
  #pending = 0;
  #undo = []; // versions of what was done here
  #redo = [];

  // `conflicts.ask(detail, rows)` resolves to "overwrite" or "keep".
  constructor({ month, grid, server, messages, conflicts, onChange }) {
    Object.assign(this, { month, grid, server, messages, conflicts, onChange });
  }

  get isIdle() {
    return this.#pending === 0;
  }

  get canUndo() {
    return this.#undo.length > 0;
  }

  get canRedo() {
    return this.#redo.length > 0;
  }

  // Do operations; resolves to true when all is settled. `paints` are pairs [index, cell] to show
  // until the answer is there. Refusals go to `onRefusal`, or to the page's banner with another try.
  run(operations, { done, paints = [], onRefusal = null }) {
    const step = async () => {
      const body = await this.#send(operations, paints);
      if (!body) return;
      const own = body.written ?? undefined;
      if (own) {
        this.#undo.push(own);
        this.#redo = [];
      }
      this.#take(body, operations, done);
    };
    return this.#queue(step, onRefusal ?? ((refusal) => this.#complain(refusal, () => this.run(operations, { done, paints }))));
  }

  undo() {
    return this.#turn(this.#undo, this.#redo, say("undone"));
  }

  redo() {
    return this.#turn(this.#redo, this.#undo, say("redone"));
  }

  // Undo a change of the history, whoever made it.
  undoVersion(version, onRefusal) {
    return this.run([{ op: "undo", version }], { done: say("undone"), onRefusal });
  }

  // What operations would change, as pairs [index, cell]. Raises a Refusal.
  async preview(operations) {
    const body = await this.server.send({ ...this.#envelope(operations), dry_run: true });
    return body.cells
      .map(([id, date, cell]) => [this.month.indexOf(id, date), cell])
      .filter(([index]) => index >= 0);
  }

  // --- on the way ---

  #envelope(operations) {
    const { month, group, version } = this.month;
    return { month, group, base: version, dry_run: false, operations };
  }

  #queue(step, onRefusal) {
    this.#pending += 1;
    this.onChange();
    const result = this.#tail
      .then(step)
      .then(() => true)
      .catch((problem) => {
        const refusal = problem instanceof Refusal ? problem : new Refusal("failed");
        if (!(problem instanceof Refusal)) console.error(problem);
        onRefusal(refusal);
        return false;
      })
      .finally(() => {
        this.#pending -= 1;
        this.onChange();
      });
    this.#tail = result;
    return result;
  }

  #turn(from, to, done) {
    const step = async () => {
      const version = from.at(-1);
      if (version === undefined) return;
      const operations = [{ op: "undo", version }];
      const body = await this.#send(operations, []);
      from.pop();
      const own = body?.written ?? undefined;
      if (own) to.push(own);
      if (!body) return;
      this.#take(body, operations, done);
    };
    return this.#queue(step, (refusal) => {
      // What cannot be undone any more must not stand in the way of what can.
      if (refusal.kind === "refused") from.pop();
      this.#complain(refusal, refusal.kind === "refused" ? null : () => this.#turn(from, to, done));
    });
  }

  // Send, and where others were quicker ask what shall hold; null when theirs was kept.
  async #send(operations, paints) {
    const touched = paints.map(([index]) => index);
    this.messages.settle();
    this.grid.markWrong([]);
    this.grid.paintAs(paints, "is-coming");
    this.grid.setBusy(touched);
    this.grid.table.setAttribute("aria-busy", "true");
    try {
      return await this.server.send(this.#envelope(operations));
    } catch (problem) {
      if (problem.kind === "refused") this.grid.markWrong(this.#indexes(problem.body.cells));
      if (problem.kind !== "conflict") throw problem;
      this.grid.paint(touched);
      this.grid.setBusy([]);
      return await this.#settle(operations, paints, problem.body);
    } finally {
      this.grid.table.removeAttribute("aria-busy");
      this.grid.setBusy([]);
      this.grid.paint(touched);
    }
  }

  async #settle(operations, paints, theirs) {
    const fresh = await this.server.read(this.month);
    const changed = this.month.answer({ ...fresh, cells: this.month.differences(fresh), states: {} });
    this.grid.paint(changed);
    this.grid.paintCoverage();
    this.grid.highlight(changed);
    if (operations.some(({ op }) => op === "undo")) {
      throw new Refusal("refused", { detail: say("undoBlocked"), cells: theirs.cells });
    }
    const mine = new Map(await this.preview(operations).catch(() => []));
    const rows = this.#indexes(theirs.cells).map((index) => [index, this.month.cellAt(index), mine.get(index)]);
    if ((await this.conflicts.ask(theirs.detail, rows)) === "overwrite") {
      return this.#send(operations, paints);
    }
    const rest = without(operations, theirs.cells);
    if (rest.length > 0) {
      const kept = new Set(rows.map(([index]) => index));
      return this.#send(rest, paints.filter(([index]) => !kept.has(index)));
    }
    this.messages.announce(say("keptTheirs"));
    return null;
  }

  #indexes(cells = []) {
    return cells.map(([id, date]) => this.month.indexOf(id, date)).filter((index) => index >= 0);
  }

  #take(body, operations, done) {
    const changed = this.month.answer(body);
    this.grid.paint(changed);
    this.grid.paintCoverage();
    for (const id of Object.keys(body.states ?? {})) {
      const row = this.month.rowById.get(id);
      if (row !== undefined) this.grid.paintName(row);
    }
    const others = body.others ?? [];
    if (others.length > 0) {
      const own = new Set(operations.flatMap(({ cells }) => this.#indexes(cells)));
      this.grid.highlight(changed.filter((index) => !own.has(index)));
      this.messages.announce([done, say("changedBy", { names: others.join(", ") })].join(" "));
    } else this.messages.announce(done);
  }

  #complain(refusal, again) {
    this.messages.complain(wordsFor(refusal), refusal.kind === "refused" ? null : again);
  }
}

// The operations without the cells that somebody else has changed; those that name none are left out.
function without(operations, cells) {
  const theirs = new Set(cells.map(([id, date]) => `${id} ${date}`));
  return operations
    .filter((operation) => operation.cells)
    .map((one) => ({ ...one, cells: one.cells.filter(([id, date]) => !theirs.has(`${id} ${date}`)) }))
    .filter((operation) => operation.cells.length > 0);
}
