// The board's menus of statuses: one that was used closes, and the focus stays with it.

document.addEventListener("htmx:beforeRequest", (event) => {
  const menu = event.target.closest("details.status-menu");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
