// Talks to the control API and builds DOM from text only: names of leads are anything at all.

export async function ask(name, query = {}) {
  return unpack(await fetch(`/_sandbox/${name}?${new URLSearchParams(query)}`));
}

export async function tell(name, body) {
  const headers = { "Content-Type": "application/json" };
  return unpack(await fetch(`/_sandbox/${name}`, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function unpack(answer) {
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error || `The sandbox answered ${answer.status}`);
  return value;
}

export function node(tag, text = "", attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

export function fill(parent, children, empty = "Nothing yet") {
  const shown = children.length || !empty ? children : [node("li", empty, { class: "empty" })];
  parent.replaceChildren(...shown);
}

export function say(text, kind = "") {
  const place = document.getElementById("message");
  place.textContent = text;
  place.dataset.kind = kind;
}

export function poll(refresh, every = 1000) {
  const turn = async () => {
    if (!document.hidden) {
      try { await refresh(); } catch (error) { say(error.message, "fault"); }
    }
    setTimeout(turn, every);
  };
  turn();
}
