// A template's editor: members inside groups, sliders and shares, settings that hang on others.

import { watchUnsaved } from "./unsaved.js";

const form = document.getElementById("template-form");
const members = document.getElementById("members");
const details = document.getElementById("show-details");
const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });

// Settings that another one makes matter are shown only then; what stands in them is kept and sent.
function showNeeded() {
  for (const setting of form.querySelectorAll("[data-needs]")) {
    const wanted = setting.dataset.needsValues.split(" ");
    const chosen = [...form.querySelectorAll(`[name="${setting.dataset.needs}"]:checked`)];
    setting.hidden = !chosen.some((input) => wanted.includes(input.value)) && !setting.querySelector(".errors");
  }
  // A setting that hangs on a hidden one is hidden, too.
  for (const setting of form.querySelectorAll("[data-needs]")) {
    const base = form.querySelector(`[name="${setting.dataset.needs}"]`)?.closest("[data-needs]");
    if (base?.hidden) setting.hidden = true;
  }
  for (const pipeline of form.querySelectorAll("[data-pipeline]")) {
    const stages = pipeline.querySelector(".stages");
    if (stages) stages.hidden = pipeline.querySelector("input").checked;
  }
}

// --- members ------------------------------------------------------------------------------------

function tickOf(row) {
  return row.querySelector("[name=members]");
}

function blocks() {
  return members ? [...members.querySelectorAll(".member-block")] : [];
}

// Whoever takes part through a ticked group cannot be ticked once more.
function lockChildren(block) {
  const [head, ...children] = block.querySelectorAll("[data-member]");
  const isGroupOn = tickOf(head).checked;
  for (const child of children) {
    const tick = tickOf(child);
    if (isGroupOn && !tick.dataset.own) {
      tick.dataset.own = tick.checked && !tick.disabled ? "yes" : "no";
      tick.checked = true;
    } else if (!isGroupOn && tick.dataset.own) {
      tick.checked = tick.dataset.own === "yes";
      delete tick.dataset.own;
    }
    tick.disabled = isGroupOn;
    tick.closest("label").title = isGroupOn ? form.dataset.through : "";
  }
  for (const row of [head, ...children]) row.classList.toggle("is-on", tickOf(row).checked);
}

function weightOf(row) {
  const number = Number(row.querySelector("[name^=weight-]").value);
  return tickOf(row).checked && Number.isInteger(number) && number >= 0 ? number : 0;
}

function tierOf(row) {
  return row.querySelector("[name^=tier-]").value || "1";
}

// Only people of one tier share leads with each other.
function writeShares(rows, whole, tier) {
  const sums = {};
  for (const row of rows) sums[tier(row)] = (sums[tier(row)] ?? 0) + weightOf(row);
  for (const row of rows) {
    const sum = sums[tier(row)];
    const share = sum ? (whole * weightOf(row)) / sum : 0;
    row.dataset.part = share;
    row.querySelector("[data-share]").textContent = tickOf(row).checked && sum ? percent.format(share) : "";
  }
}

function showShares() {
  const outer = [];
  for (const block of blocks()) {
    const [head, ...children] = block.querySelectorAll("[data-member]");
    const isOn = tickOf(head).checked;
    outer.push(head, ...(isOn ? [] : children));
  }
  writeShares(outer, 1, tierOf);
  for (const block of blocks()) {
    const [head, ...children] = block.querySelectorAll("[data-member]");
    if (tickOf(head).checked) writeShares(children, Number(head.dataset.part), () => "");
  }
}

function showColumns() {
  if (!members) return;
  const strategy = form.querySelector("[name=strategy]:checked")?.value;
  form.classList.toggle("is-weighted", strategy === "weighted");
  if (details) form.classList.toggle("is-detailed", details.checked);
}

function showMembers() {
  for (const block of blocks()) lockChildren(block);
  showColumns();
  showShares();
}

function linkSliders() {
  for (const slider of form.querySelectorAll("[data-slider]")) {
    const number = slider.parentElement.querySelector("[type=number]");
    slider.hidden = false;
    slider.addEventListener("input", () => {
      number.value = slider.value;
    });
    number.addEventListener("input", () => {
      slider.value = number.value;
    });
  }
}

function changed() {
  showMembers();
  showNeeded();
  unsaved.show();
  unsaved.preview();
}

for (const button of form.querySelectorAll("[data-preset-for]")) {
  button.parentElement.hidden = false;
  button.addEventListener("click", () => {
    document.getElementById(button.dataset.presetFor).value = button.dataset.preset;
    changed();
  });
}

form.addEventListener("input", changed);
form.addEventListener("change", changed);

// What a link of the list of errors points to may lie in a folded section.
function unfoldTarget() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  const section = target && target.closest("details");
  if (section) section.open = true;
}
window.addEventListener("hashchange", unfoldTarget);

if (details) {
  details.closest("label").hidden = false;
  details.checked = [...form.querySelectorAll(".for-details input")].some((input) => input.value !== "");
  details.removeAttribute("name");
}
linkSliders();
showMembers();
showNeeded();
const unsaved = watchUnsaved(form);
unfoldTarget();
