// Others' changes: the month is asked for again while the page is looked at and nothing is under way.

import { say } from "./texts.js";

const EVERY_MS = 30000;

export class Poll {
  // `isQuiet` says whether the grid may be touched now; `rebuild` is called when rows or days differ.
  constructor({ month, grid, server, messages, isQuiet, rebuild, refresh }) {
    Object.assign(this, { month, grid, server, messages, isQuiet, rebuild, refresh });
    setInterval(() => this.ask(), EVERY_MS);
    document.addEventListener("visibilitychange", () => this.ask());
  }

  async ask() {
    if (document.hidden || !this.isQuiet()) return;
    const before = this.month.version;
    try {
      const fresh = await this.server.read(this.month, { seen: this.month.stamp });
      this.#showConnection(true);
      if (!this.isQuiet() || this.month.version !== before) return;
      if (fresh.days) this.#take(fresh);
      else this.#takeStates(fresh.states);
    } catch (refusal) {
      this.#showConnection(refusal.kind !== "offline");
    }
  }

  #take(fresh) {
    const differences = fresh.version === this.month.version ? [] : this.month.differences(fresh);
    const names = this.#names(fresh);
    if (this.month.hasShapeOf(fresh)) {
      this.month.load(fresh);
      this.month.managers.forEach((_, row) => this.grid.paintName(row));
      this.grid.paintCoverage();
    } else this.rebuild(fresh);
    this.#show(differences, names);
  }

  // Nothing was changed, but time goes on.
  #takeStates(states) {
    this.month.managers.forEach((manager, row) => {
      Object.assign(manager, states[manager.id]);
      this.grid.paintName(row);
    });
  }

  #show(differences, names) {
    const indexes = differences
      .map(([id, date]) => this.month.indexOf(id, date))
      .filter((index) => index >= 0);
    this.grid.paint(indexes);
    this.grid.highlight(indexes);
    if (indexes.length > 0) this.messages.announce(say("changedBy", { names }));
    this.refresh();
  }

  // Who is behind the versions that are new here.
  #names(fresh) {
    const later = fresh.history.filter(({ version, by }) => version > this.month.version && by);
    return [...new Set(later.map(({ by }) => by))].join(", ");
  }

  #showConnection(isThere) {
    const banner = document.getElementById("offline");
    if (banner) banner.hidden = isThere;
  }
}
