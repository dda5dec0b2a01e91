// The page Team: "select all" of a group, and the bar for the ticked rows.

function picks(scope = document) {
  return [...scope.querySelectorAll("input[name=managers][type=checkbox]")];
}

function show() {
  const bar = document.getElementById("bulk");
  if (!bar) return;
  const ticked = picks().filter((box) => box.checked).length;
  bar.hidden = ticked === 0;
  const count = document.getElementById("bulk-count");
  count.textContent = count.dataset.count.replace("%s", ticked);
  for (const all of document.querySelectorAll("[data-all]")) {
    const boxes = picks(all.closest("table"));
    const some = boxes.filter((box) => box.checked).length;
    all.hidden = false;
    all.checked = some > 0 && some === boxes.length;
    all.indeterminate = some > 0 && some < boxes.length;
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-all]")) {
    for (const box of picks(event.target.closest("table"))) box.checked = event.target.checked;
  }
  if (event.target.closest("#team")) show();
});

// What was to be done with the ticked rows is done.
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.detail.elt.form?.id === "bulk-form") {
    for (const box of picks()) box.checked = false;
    show();
  }
});
document.addEventListener("htmx:afterSettle", show);
show();
