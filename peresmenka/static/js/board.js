// The board's menus of statuses: one that was used closes, and the focus stays with it.

document.addEventListener("submit", (event) => {
  const menu = event.submitter?.closest("details.status-menu");
  if (!menu) return;
  menu.querySelector("summary").focus();
  menu.open = false;
});
