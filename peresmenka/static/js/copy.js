// Copies the text of a read-only field: [data-copy] holds an input, a button and a place for the answer.

function prepare(root) {
  for (const button of root.querySelectorAll("[data-copy] button[hidden]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy] button");
  if (!button) return;
  const line = button.closest("[data-copy]");
  const field = line.querySelector("input");
  const answer = line.querySelector("[role=status]");
  field.focus();
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    answer.textContent = line.dataset.copied;
  } catch {
    answer.textContent = line.dataset.select; // no secure connection, or the browser refuses
  }
});

document.addEventListener("htmx:afterSwap", () => prepare(document));
prepare(document);
