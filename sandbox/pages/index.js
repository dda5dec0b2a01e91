import { ask, fill, node, poll } from "./control.js";

const integer = new Intl.NumberFormat();

function row(account) {
  const made = node("tr");
  const name = node("td");
  name.append(node("a", account.name, { href: `/${account.host}/` }), node("div", account.host, { class: "more" }));
  made.append(name, ...["leads", "calls", "owner_changes"].map((key) => node("td", integer.format(account[key]))));
  return made;
}

function noRow() {
  const made = node("tr");
  made.append(node("td", "No account yet: start with --demo or POST /_sandbox/accounts", { colspan: 4 }));
  return made;
}

poll(async () => {
  const found = await ask("overview");
  const rows = found.accounts.map(row);
  document.getElementById("accounts").replaceChildren(...(rows.length ? rows : [noRow()]));
  fill(document.getElementById("integrations"), found.integrations.map(integration), "None registered");
}, 2000);

function integration(one) {
  const made = node("li");
  const query = new URLSearchParams({ client_id: one.client_id, state: "by-hand" });
  made.append(node("span", `${one.name} `), node("a", "consent page", { href: `/www.kommo.com/oauth?${query}` }));
  return made;
}
