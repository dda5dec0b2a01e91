// A form with a bar for saving: what is unsaved, the question before leaving, the live explanation.

const PREVIEW_DELAY_MS = 300;

// Watches the form as it stands now; `show` looks at it again, `preview` asks for the explanation.
export function watchUnsaved(form) {
  const state = document.getElementById("save-state");
  const bar = document.getElementById("save-bar");
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

  function leave() {
    isLeaving = true;
  }

  function show() {
    if (!bar) return;
    const dirty = isDirty();
    bar.classList.toggle("is-dirty", dirty);
    state.textContent = dirty ? form.dataset.unsaved : form.dataset.saved;
  }

  function preview() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      document.getElementById("preview-trigger").dispatchEvent(new CustomEvent("preview"));
    }, PREVIEW_DELAY_MS);
  }

  form.addEventListener("submit", leave);
  for (const link of document.querySelectorAll(".save-bar a")) link.addEventListener("click", leave);
  window.addEventListener("beforeunload", (event) => {
    if (!isLeaving && bar && isDirty()) event.preventDefault();
  });
  show();
  return { show, preview };
}
