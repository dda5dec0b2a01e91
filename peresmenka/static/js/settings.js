// The settings page: unsaved changes, groups that fold and move, the live explanation.

const form = document.getElementById("settings-form");
const state = document.getElementById("save-state");
const bar = document.getElementById("save-bar");
const groups = document.getElementById("groups");
const PREVIEW_DELAY_MS = 250;
const opening = serialize();
let isLeaving = false;
let timer = 0;

function serialize() {
  const fields = new FormData(form);
  fields.delete("csrfmiddlewaretoken");
  return new URLSearchParams(fields).toString();
}

function isDirty() {
  return "dirty" in form.dataset || serialize() !== opening;
}

function show() {
  if (!bar) return;
  const dirty = isDirty();
  bar.classList.toggle("is-dirty", dirty);
  state.textContent = dirty ? form.dataset.unsaved : form.dataset.saved;
}

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

function preview() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    document.getElementById("preview-trigger").dispatchEvent(new CustomEvent("preview"));
  }, PREVIEW_DELAY_MS);
}

function changed() {
  fold();
  show();
  preview();
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

form.addEventListener("submit", () => {
  isLeaving = true;
});

for (const link of document.querySelectorAll(".save-bar a")) {
  link.addEventListener("click", () => {
    isLeaving = true;
  });
}

window.addEventListener("beforeunload", (event) => {
  if (!isLeaving && bar && isDirty()) event.preventDefault();
});

show();
// What came back unsaved is explained as it stands in the form.
if ("dirty" in form.dataset) document.addEventListener("htmx:load", preview, { once: true });
