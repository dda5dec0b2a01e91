import { ask, fill, node, poll, say, tell } from "./control.js";

const host = location.pathname.split("/").filter(Boolean)[0] || location.hostname;
const integer = new Intl.NumberFormat();
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const shifts = [["start", "Start shift"], ["pause", "Pause"], ["resume", "Resume"], ["end", "End shift"]];
const $ = (id) => document.getElementById(id);
let known = "";

async function pressed(button, work) {
  button.disabled = true;
  try { say(await work()); } catch (error) { say(error.message, "fault"); }
  button.disabled = false;
}

async function shift(user, action) {
  const found = await tell("shift", { host, user_id: user.id, action });
  const detail = typeof found.answer === "string" ? found.answer.slice(0, 200) : JSON.stringify(found.answer);
  return `${user.name}: ${action} was answered ${found.status ?? "not at all"}. ${detail}`;
}

function person(user) {
  const made = node("li");
  const who = node("div", "", { class: "who" });
  who.append(node("b", user.name), node("span", "", { "data-load": user.id }));
  const buttons = node("p", "", { class: "buttons" });
  for (const [action, label] of shifts) {
    const button = node("button", label, { type: "button", "aria-label": `${label}: ${user.name}` });
    if (action !== "start") button.className = "quiet";
    button.addEventListener("click", () => pressed(button, () => shift(user, action)));
    buttons.append(button);
  }
  made.append(who, buttons);
  return made;
}

function structure(account) {
  const print = JSON.stringify([account.users, account.pipelines]);
  if (print === known) return;
  known = print;
  document.title = `${account.name} in the CRM sandbox`;
  $("name").textContent = `${account.name} (${account.host})`;
  fill($("people"), account.users.map(person));
  const form = $("new-lead");
  form.elements.owner.replaceChildren(...account.users.map((u) => node("option", u.name, { value: u.id })));
  form.elements.stage.replaceChildren(...account.pipelines.flatMap((p) =>
    p.stages.map((s) => node("option", `${p.name}: ${s.name}`, { value: `${p.id}/${s.id}` }))));
  form.elements.stage.selectedIndex = 1;
}

function column(stage, held, names) {
  const made = node("section", "", { class: "column" });
  const title = node("h4");
  title.append(node("span", stage.name), node("span", integer.format(held.count)));
  made.append(title, ...held.leads.map((lead) => card(lead, names)));
  if (held.count > held.leads.length) {
    made.append(node("p", `and ${integer.format(held.count - held.leads.length)} more`, { class: "more" }));
  }
  return made;
}

function card(lead, names) {
  const made = node("div", "", { class: "card" });
  made.append(node("b", lead.name || `Lead ${lead.id}`), node("span", names.get(lead.owner) || String(lead.owner)));
  return made;
}

function pipelines(found, names) {
  const held = new Map(found.columns.map((c) => [`${c.pipeline_id}/${c.status_id}`, c]));
  const drawn = found.account.pipelines.flatMap((pipeline) => {
    const columns = node("div", "", { class: "columns", tabindex: "0", role: "group", "aria-label": pipeline.name });
    columns.append(...pipeline.stages.map((s) => column(s, held.get(`${pipeline.id}/${s.id}`), names)));
    return [node("h3", pipeline.name), columns];
  });
  const left = [...$("pipelines").querySelectorAll(".columns")].map((c) => c.scrollLeft);
  $("pipelines").replaceChildren(...drawn);
  $("pipelines").querySelectorAll(".columns").forEach((c, index) => { c.scrollLeft = left[index] || 0; });
}

function figures(found) {
  const shown = [["Leads", found.counts.leads], ["Owner changes", found.counts.owner_changes],
    ["API calls", found.counts.calls], ["in the last minute", found.calls_last_minute],
    ["Webhooks waiting", found.webhooks.waiting + found.webhooks.in_flight]];
  $("figures").replaceChildren(...shown.map(([name, value]) => {
    const pair = node("div");
    pair.append(node("dt", name), node("dd", integer.format(value)));
    return pair;
  }));
}

function entry(at, text) {
  const made = node("li", `${text} `);
  made.append(node("time", clock.format(at * 1000), { datetime: new Date(at * 1000).toISOString() }));
  return made;
}

function hook(one) {
  const answers = Object.entries(one.statuses).map(([status, count]) => `${status}: ${integer.format(count)}`);
  const health = one.disabled ? "disabled" : "enabled";
  const url = one.destination.replace(/^(https?:\/\/[^/]+\/.{0,12}).*/, "$1…");
  return node("li", `${url} ${health}; ${one.settings.join(", ")}; answers ${answers.join(", ") || "none yet"}`);
}

poll(async () => {
  const found = await ask("board", { host });
  structure(found.account);
  const names = new Map(found.account.users.map((u) => [u.id, u.name]));
  const name = (id) => (id === 0 ? "a robot" : names.get(id) || String(id));
  figures(found);
  for (const place of document.querySelectorAll("[data-load]")) {
    const user = found.account.users.find((u) => String(u.id) === place.dataset.load);
    place.textContent = `${user.title}, ${integer.format(found.loads[user.id] || 0)} leads`;
  }
  pipelines(found, names);
  fill($("moves"), found.moves.map((m) => entry(m.at, `${m.name || m.lead_id}: ${name(m.from)} → ${name(m.to)}`)));
  fill($("notes"), found.notes.map((n) => entry(n.created_at, `${n.entity_id}: ${n.text}`)));
  fill($("hooks"), found.webhooks.subscriptions.map(hook), "No subscription");
});

$("new-lead").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const [pipeline_id, status_id] = form.elements.stage.value.split("/").map(Number);
  const names = form.elements.name.value ? [form.elements.name.value] : [];
  const body = { host, count: Number(form.elements.count.value), names, pipeline_id, status_id,
    responsible_user_id: Number(form.elements.owner.value) };
  pressed(form.querySelector("button"), async () => {
    const made = await tell("leads", body);
    form.elements.name.value = "";
    return made.lead_ids.length === 1 ? `Lead ${made.lead_ids[0]} was created` : `${made.lead_ids.length} leads were created`;
  });
});
