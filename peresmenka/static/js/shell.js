// What every page needs: menus that close, the dialog of htmx answers, refreshing of live parts.

const REFRESH_MS = 5000;

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  if (event.target.closest("[data-close]")) {
    event.preventDefault();
    document.getElementById("dialog")?.close();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// After it has settled: before, a fast Enter would send its form past htmx, as a page of its own.
document.addEventListener("htmx:afterSettle", (event) => {
  const dialog = document.getElementById("dialog");
  if (event.detail.target !== dialog || dialog.childElementCount === 0) return;
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("[aria-invalid=true]")?.focus();
});

// A form inside the dialog has done its work when its answer has come; one with errors (422) stays.
document.addEventListener("htmx:afterRequest", (event) => {
  const dialog = document.getElementById("dialog");
  const isDone = event.detail.successful && event.detail.xhr.status < 400;
  if (isDone && dialog?.open && dialog.contains(event.detail.elt)) dialog.close();
});

// A page that cannot ask must not pass for a live one.
function showConnection(isLost) {
  const banner = document.getElementById("offline");
  if (banner) banner.hidden = !isLost;
}
document.addEventListener("htmx:sendError", () => showConnection(true));
document.addEventListener("htmx:responseError", () => showConnection(true));
document.addEventListener("htmx:afterOnLoad", (event) => {
  if (event.detail.successful) showConnection(false);
});

// Live parts ask again every few seconds; a hidden tab asks nobody and catches up when it is shown.
function refresh() {
  if (document.hidden || document.getElementById("dialog")?.open) return;
  for (const part of document.querySelectorAll("[data-live]")) {
    if (!part.querySelector("details[open]")) part.dispatchEvent(new CustomEvent("refresh"));
  }
}
setInterval(refresh, REFRESH_MS);
document.addEventListener("visibilitychange", refresh);

// On a narrow screen the menu scrolls sideways: the present page's entry is in sight.
// (scrollIntoView would also move the place from which Tab goes on.)
for (const here of document.querySelectorAll(".nav [aria-current], .tabs [aria-current]")) {
  here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - 16;
}
