// The settings page: groups that fold and move.

import { watchUnsaved } from "./unsaved.js";

const form = document.getElementById("settings-form");
const groups = document.getElementById("groups");
const unsaved = watchUnsaved(form);

function fold() {
  for (const group of groups.querySelectorAll("[data-group]")) {
    const on = group.querySelector("[name=groups]").checked;
    group.classList.toggle("is-on", on);
    group.querySelector(".pipelines").hidden = !on;
    const order = group.querySelector(".group-order");
    if (order) order.hidden = !on;
    for (const pipeline of group.querySelectorAll("[data-pipeline]")) {
      pipeline.querySelector(".stages").hidden = pipeline.querySelector("input").checked;
    }
  }
}

function changed() {
  fold();
  unsaved.show();
  unsaved.preview();
}

form.addEventListener("input", changed);
form.addEventListener("change", changed);

groups.addEventListener("click", (event) => {
  const button = event.target.closest("button[name=move]");
  if (!button) return;
  event.preventDefault();
  const card = button.closest("[data-group]");
  const isOn = (other) => other?.classList.contains("is-on");
  if (button.value.startsWith("up:") && isOn(card.previousElementSibling)) {
    card.previousElementSibling.before(card);
  } else if (button.value.startsWith("down:") && isOn(card.nextElementSibling)) {
    card.nextElementSibling.after(card);
  }
  button.focus();
  changed();
});

// What came back unsaved is explained as it stands in the form.
if ("dirty" in form.dataset) document.addEventListener("htmx:load", unsaved.preview, { once: true });
