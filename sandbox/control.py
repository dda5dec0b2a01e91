"""The control API: what the demo, the tests and the bench tell the sandbox to do. Not part of Kommo."""

import dataclasses
import json
from collections.abc import Callable
from random import Random
from typing import Any

from sandbox import outbound, views
from sandbox.account import Account
from sandbox.api.context import Context, Faults
from sandbox.api.leads import checked_change
from sandbox.clock import VirtualClock
from sandbox.faults import Armed, Fault
from sandbox.leads import Actor, change_leads, delete_leads, restore_leads
from sandbox.lookups import Form, Lookups, Refused
from sandbox.model import Integration, Trigger
from sandbox.seed import DEMO_HOST, Plan, open_account
from sandbox.stream import Stream, new_leads
from sandbox.wire import Call, Query
from sandbox.world import World

SHIFT_ACTIONS = ("start", "pause", "resume", "end")


class Control(Lookups):
    """One method a command; each takes a JSON object and returns one. Locks by itself."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        names = ("accounts", "integrations", "install", "leads", "stream", "edit", "delete_lead",
                 "restore_lead", "shift", "token", "faults", "weather", "limits", "account", "user",
                 "revoke", "trigger", "salesbot", "clock", "reset")  # fmt: skip
        self._writes: dict[str, Callable[[Form], Form]] = {n: getattr(self, n) for n in names}
        shows = ("state", "calls", "webhooks", "board", "streams", "armed", "overview", "bots")
        self._reads: dict[str, Callable[[Form], Form]] = {n: getattr(self, n) for n in shows}
        self._reads |= {"stream": self.streams, "faults": self.armed, "accounts": self.overview}

    def run(self, method: str, name: str, form: Form) -> tuple[int, Form]:
        """Run a command; return (status, JSON object)."""
        command = (self._reads if method == "GET" else self._writes).get(name)
        if command is None:
            return 404, {"error": f"there is no {method} /_sandbox/{name}"}
        try:
            return 200, command(form)
        except Refused as refused:
            return refused.status, {"error": str(refused)}
        except (KeyError, TypeError, ValueError) as wrong:
            return 400, {"error": f"{type(wrong).__name__}: {wrong}"}

    def accounts(self, form: Form) -> Form:
        """Create accounts: Plan's fields, and `count` with {n} in the host for many."""
        count, fields = int(form.pop("count", 1)), dict(form)
        for name in ("pipelines", "groups"):
            if name in fields:
                fields[name] = tuple(fields[name])
        host, first = fields.pop("host", DEMO_HOST), fields.pop("id", None)
        if count > 1 and "{n}" not in host:
            raise Refused(400, "the host of many accounts needs {n}")
        with self.world.lock:
            made = [
                open_account(
                    self.world.crm,
                    Plan(host=host.replace("{n}", str(index + 1)),
                         id=None if first is None else first + index, **fields),
                )
                for index in range(count)
            ]  # fmt: skip
            return {"accounts": [views.account_card(account) for account in made]}

    def integrations(self, form: Form) -> Form:
        """Register an integration, or change one."""
        with self.world.lock:
            self.world.crm.integrations[form["client_id"]] = Integration(**form)
        return {"client_id": form["client_id"]}

    def install(self, form: Form) -> Form:
        """Install the widget: GET redirect_uri from server to server, once."""
        with self.world.lock:
            account, integration = self.account_of(form), self.integration_of(form)
            user = self.user_of(account, form)
            outgoing = outbound.install(self.world.crm, account, user, integration)
        status, text = self.world.send(outgoing)
        return {"url": outgoing.url, "status": status, "answer": text[:2_000]}

    def leads(self, form: Form) -> Form:
        """Create leads at once, from nobody."""
        with self.world.lock:
            account, crm = self.account_of(form), self.world.crm
            made = new_leads(
                crm,
                account,
                self.place_of(account, form),
                int(form.get("count", 1)),
                Random(form["seed"]) if "seed" in form else crm.random,
                contacts=form.get("contacts"),
                is_bulk=bool(form.get("bulk", False)),
                names=[str(name) for name in form.get("names") or ()],
            )
            return {"lead_ids": [lead.id for lead in made]}

    def stream(self, form: Form) -> Form:
        """Start a background stream of leads."""
        with self.world.lock:
            account, streams = self.account_of(form), self.world.streams
            number = len(streams.running) + 1
            streams.running[number] = Stream(
                number,
                account.id,
                self.place_of(account, form),
                int(form.get("count", 100)),
                float(form.get("per_second", 1)),
                self.world.crm.now(),
                Random(form.get("seed", number)),
            )
        return {"id": number}

    def streams(self, form: Form) -> Form:
        """Show the progress of streams, of one account if a host is named."""
        with self.world.lock:
            only = self.account_of(form).id if form.get("host") else None
            rows = [s for s in self.world.streams.running.values() if only in (None, s.account_id)]
            return {
                "streams": [
                    {"id": s.id, "account_id": s.account_id, "count": s.count, "made": s.made,
                     "is_done": s.made >= s.count}
                    for s in rows
                ]
            }  # fmt: skip

    def edit(self, form: Form) -> Form:
        """Let a human change leads: `changes` is a body of PATCH /leads/{id}."""
        with self.world.lock:
            account, faults = self.account_of(form), Faults()
            actor = Actor(self.user_of(account, form).id)
            changes = []
            for lead in self.leads_of(account, form):
                key = str(lead.id)
                changes.append(
                    checked_change(self._context(account), lead, form["changes"], faults, key)
                )
            if faults.found:
                raise Refused(400, json.dumps(faults.found))
            change_leads(self.world.crm, account, changes, actor)
            return {"lead_ids": [change.lead.id for change in changes]}

    def _context(self, account: Account) -> Context:
        admin = next(user for user in account.users.values() if user.is_admin)
        return Context(
            self.world.crm, account, admin, Call("PATCH", account.host, "/"), Query(""), ""
        )

    def delete_lead(self, form: Form) -> Form:
        """Let a human delete leads."""
        with self.world.lock:
            account = self.account_of(form)
            leads = [lead for lead in self.leads_of(account, form) if not lead.is_deleted]
            delete_leads(self.world.crm, account, leads, Actor(self.user_of(account, form).id))
            return {"lead_ids": [lead.id for lead in leads]}

    def restore_lead(self, form: Form) -> Form:
        """Let a human restore leads."""
        with self.world.lock:
            account = self.account_of(form)
            leads = [lead for lead in self.leads_of(account, form) if lead.is_deleted]
            restore_leads(self.world.crm, account, leads, Actor(self.user_of(account, form).id))
            return {"lead_ids": [lead.id for lead in leads]}

    def shift(self, form: Form) -> Form:
        """Press a user's shift button in the widget; return the service's answer."""
        if form.get("action") not in SHIFT_ACTIONS:
            raise Refused(400, f"action is one of {', '.join(SHIFT_ACTIONS)}")
        with self.world.lock:
            account, integration = self.account_of(form), self.integration_of(form)
            user, action = self.user_of(account, form), form["action"]
            outgoing = outbound.shift(self.world.crm, account, user, integration, action)
        if not integration.widget_api:
            raise Refused(400, "the integration has no widget_api")
        status, text = self.world.send(outgoing)
        return {"url": outgoing.url, "status": status, "answer": parsed(text)}

    def token(self, form: Form) -> Form:
        """Mint a one-time token."""
        with self.world.lock:
            account, integration = self.account_of(form), self.integration_of(form)
            user = self.user_of(account, form)
            return {"token": outbound.widget_token(self.world.crm, account, user, integration)}

    def faults(self, form: Form) -> Form:
        """Arm a fault; host "*" means all accounts; {"clear": true} disarms."""
        with self.world.lock:
            account_id = 0 if form.get("host", "*") == "*" else self.account_of(form).id
            if form.get("clear"):
                self.world.crm.faults.clear(account_id or None)
                self.world.crm.meter.blocked_ips.clear()
                return {"armed": len(self.world.crm.faults.armed)}
            values = {k: v for k, v in form.items() if k not in ("host", "kind", "clear")}
            self.world.crm.faults.arm(Armed(account_id, Fault(form["kind"]), **values))
            return {"armed": len(self.world.crm.faults.armed)}

    def armed(self, form: Form) -> Form:
        """Show the armed faults and their hits."""
        with self.world.lock:
            return {"faults": [dataclasses.asdict(f) for f in self.world.crm.faults.armed]}

    def weather(self, form: Form) -> Form:
        """Change how webhooks of an account travel: HookWeather's fields."""
        with self.world.lock:
            return _changed(self.account_of(form).weather, form)

    def limits(self, form: Form) -> Form:
        """Change an account's limits: Limits' fields."""
        with self.world.lock:
            return _changed(self.account_of(form).limits, form)

    def account(self, form: Form) -> Form:
        """Change an account: rename (a host), is_paid, accepts_unconfirmed_hooks, has_grace (all)."""
        with self.world.lock:
            account = self.account_of(form)
            account.is_paid = bool(form.get("is_paid", account.is_paid))
            is_lenient = form.get("accepts_unconfirmed_hooks", account.accepts_unconfirmed_hooks)
            account.accepts_unconfirmed_hooks = bool(is_lenient)
            if "has_grace" in form:
                self.world.crm.grants.has_grace = bool(form["has_grace"])
            if "rename" in form:
                self.world.crm.rename(account, str(form["rename"]))
            return views.account_card(account)

    def user(self, form: Form) -> Form:
        """Change a user: User's fields."""
        with self.world.lock:
            account = self.account_of(form)
            user = self.user_of(account, form)
            return _changed(user, {k: v for k, v in form.items() if k != "user_id"})

    def revoke(self, form: Form) -> Form:
        """Uninstall, or revoke one user's grant (user_id), and send the access-revoked hook."""
        with self.world.lock:
            account, integration = self.account_of(form), self.integration_of(form)
            outgoing = outbound.revoke(
                self.world.crm, account, integration, form.get("user_id"),
                str(form.get("spelling", "client_uuid")),
            )  # fmt: skip
        if outgoing is None or form.get("silent"):
            return {"status": None}
        status, text = self.world.send(outgoing)
        return {"url": outgoing.url, "status": status, "answer": text[:2_000]}

    def trigger(self, form: Form) -> Form:
        """Put the widget's action on a stage of the digital pipeline."""
        with self.world.lock:
            account = self.account_of(form)
            number = self.world.crm.next_id("trigger", 5_001)
            settings = {str(key): str(value) for key, value in form.get("settings", {}).items()}
            place = self.place_of(account, form)
            account.triggers[number] = Trigger(
                number, place.pipeline_id, place.status_id, form["url"], settings
            )
            return {"id": number}

    def salesbot(self, form: Form) -> Form:
        """Let a bot reach the widget's step for a lead."""
        with self.world.lock:
            account, integration = self.account_of(form), self.integration_of(form)
            lead = self.leads_of(account, form)[0]
            values = form.get("data", {})
            wait, outgoing = outbound.run_bot(
                self.world.crm, account, lead, integration, form["url"], values
            )
        status, text = self.world.send(outgoing)
        return {"continue_id": wait.continue_id, "status": status, "answer": parsed(text)}

    def bots(self, form: Form) -> Form:
        """Show which bots wait and what continued the others."""
        with self.world.lock:
            return {
                "bots": [dataclasses.asdict(bot) for bot in self.account_of(form).bots.values()]
            }

    def clock(self, form: Form) -> Form:
        """Move a virtual clock: {"advance": seconds} or {"to": unix seconds}."""
        clock = self.world.clock
        if form and not isinstance(clock, VirtualClock):
            raise Refused(400, "the clock is real: start with --virtual-clock")
        if isinstance(clock, VirtualClock) and "advance" in form:
            clock.advance(float(form["advance"]))
        if isinstance(clock, VirtualClock) and "to" in form:
            clock.move_to(float(form["to"]))
        return {"now": clock.now()}

    def reset(self, form: Form) -> Form:
        """Forget everything, integrations too."""
        with self.world.lock:
            self.world.reset()
        return {}

    def state(self, form: Form) -> Form:
        """Show leads with owner histories and notes; `from_id` and `limit` narrow it."""
        with self.world.lock:
            limit = int(form["limit"]) if form.get("limit") else None
            return views.state(self.account_of(form), int(form.get("from_id") or 0), limit)

    def calls(self, form: Form) -> Form:
        """Show the log of API calls; `last` (1,000) says how many are listed."""
        with self.world.lock:
            return views.calls(self.account_of(form), int(form.get("last") or 1_000))

    def webhooks(self, form: Form) -> Form:
        """Show delivery statistics."""
        with self.world.lock:
            return views.webhooks(self.world.crm, self.account_of(form))

    def board(self, form: Form) -> Form:
        """Show what the account's page shows."""
        with self.world.lock:
            return views.board(self.world.crm, self.account_of(form))

    def overview(self, form: Form) -> Form:
        """List the accounts."""
        with self.world.lock:
            crm = self.world.crm
            return {
                "now": crm.now(),
                "integrations": [
                    {"client_id": i.client_id, "name": i.name} for i in crm.integrations.values()
                ],
                "accounts": [
                    {"id": a.id, "host": a.host, "name": a.name, **views.counts(a)}
                    for a in crm.each_account()
                ],
            }


def parsed(text: str) -> Any:
    """Return a JSON answer as a value, any other as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text[:2_000]


def _changed(row: Any, form: Form) -> Form:
    """Set the named fields of a record; an unknown name raises ValueError."""
    known = {field.name for field in dataclasses.fields(row)}
    for name, value in form.items():
        if name == "host":
            continue
        if name not in known:
            raise ValueError(f"no setting {name}; there are {', '.join(sorted(known))}")
        setattr(row, name, value)
    return dataclasses.asdict(row)
