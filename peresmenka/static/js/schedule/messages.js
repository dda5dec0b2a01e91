// What the page says about what happened: the live region, and the banner that stays until it is settled.

import { say } from "./texts.js";

export class Messages {
  constructor(root) {
    this.live = root.querySelector("#schedule-live");
    this.banner = root.querySelector("#schedule-message");
    this.text = this.banner.querySelector("[data-text]");
    this.retry = this.banner.querySelector("[data-retry]");
    this.banner.querySelector("[data-hide]").addEventListener("click", () => this.settle());
    this.retry.addEventListener("click", () => {
      const again = this.again;
      this.settle();
      again?.();
    });
  }

  // Said to those who listen; equal words twice are said twice.
  announce(text) {
    this.live.textContent = this.live.textContent === text ? `${text}\u00a0` : text;
  }

  complain(text, again = null) {
    this.again = again;
    this.text.textContent = text;
    this.retry.hidden = again === null;
    this.banner.hidden = false;
  }

  settle() {
    this.again = null;
    this.banner.hidden = true;
  }
}

// The words for a Refusal; the server's own where it gave some.
export function wordsFor(refusal) {
  return refusal.body?.detail || say(`error-${refusal.kind}`);
}
