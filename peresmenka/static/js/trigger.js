// A trigger's form: shows only what its kind needs, the name of a register that is to be made, folds stages.

const form = document.getElementById("trigger-form");

function show() {
  const kind = form.querySelector("[name=kind]:checked")?.value ?? "";
  for (const part of form.querySelectorAll("[data-of]")) {
    part.hidden = !part.dataset.of.split(" ").includes(kind);
  }
  const register = form.querySelector("[name=register]").value;
  form.querySelector("[data-new-register]").hidden = register !== "new";
  const changed = form.querySelector("[data-register-changed]");
  if (changed) changed.hidden = register === changed.dataset.saved;
  for (const pipeline of form.querySelectorAll("[data-pipeline]")) {
    const stages = pipeline.querySelector(".stages");
    if (stages) stages.hidden = pipeline.querySelector("input").checked;
  }
}

if (form) {
  form.addEventListener("change", show);
  show();
}
