"""The whole service in one process and in virtual time, with the sandbox as its Kommo.

Everything goes through the doors that production uses: the redirect that installs, webhooks over
HTTP, the widget's buttons with Kommo's one-time tokens, turns and deliveries. Only the wire between
`requests` and the sandbox is in-process, and the clock moves when it is told to.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.db.models import F
from django.test import Client

from accounts.kommo.connection import sessions, tokens
from accounts.models import Account, CallBudget, Group, InboxEvent, Manager
from accounts.operations.hooks import hook_key
from accounts.operations.housekeeping import do_housekeeping
from accounts.operations.inbox import append_event
from distribution.models import Decision, DistributionSettings, Template
from distribution.operations.deciding.turn import take_turn
from distribution.operations.delivering.deliver import deliver
from distribution.operations.policies.settings import save_settings
from distribution.operations.reconcile import reconcile_due
from peresmenka.lib.clock import set_clock
from sandbox.adapter import SandboxAdapter
from sandbox.clock import VirtualClock
from sandbox.control import Control
from sandbox.model import Stage
from sandbox.outbound import Outgoing
from sandbox.world import World as Sandbox
from shifts.models import ShiftSettings
from shifts.operations.plan import keep_plans
from tests import policies

HOST = "acme.kommo.com"
# Wednesday 2026-09-23, 10:00 in Madrid.
START = datetime(2026, 9, 23, 8, 0, tzinfo=UTC).timestamp()
ALL_DAY = (time(0), time(0))
MOST_STEPS = 5000
AN_INSTANT = 0.125  # seconds, exact in binary

_current: list[SandboxAdapter] = []


def plug_in(session: requests.Session) -> None:
    """Send a session's requests to the sandbox of the running test (settings.KOMMO_SESSION_SETUP)."""
    session.mount("https://", _current[-1])


class Refused(AssertionError):
    """A command that a test gave to the sandbox was refused."""


class World:
    """A running service and a Kommo, for one test."""

    def __init__(
        self, *, seed: int = 1, start: float = START, clock: VirtualClock | None = None
    ) -> None:
        self.clock = clock or VirtualClock(start)
        self.sandbox = Sandbox(self.clock, seed, self._send)
        self.control = Control(self.sandbox)
        self.client = Client()
        self.adapter = SandboxAdapter(self.sandbox.gateway)
        _current[:] = [self.adapter]
        sessions.close_sessions()
        tokens.forget_tokens()
        self.hook_answers: Counter[int] = Counter()
        self._tick()

    # -- time

    @property
    def now(self) -> datetime:
        """The virtual time."""
        return datetime.fromtimestamp(self.clock.now(), UTC)

    def _tick(self) -> None:
        set_clock(self.now)

    def advance(self, seconds: float, *, run: bool = True) -> None:
        """Let time pass; what became due is done unless `run` is off."""
        self.clock.advance(seconds)
        self._tick()
        self._age_budgets(seconds)
        if run:
            self.run()

    def _age_budgets(self, seconds: float) -> None:
        """Let the pauses of API calls pass, too: they are kept in real time."""
        span = timedelta(seconds=seconds)
        CallBudget.objects.update(
            blocked_until=F("blocked_until") - span,
            first_failure_at=F("first_failure_at") - span,
            blocked_at=F("blocked_at") - span,
        )

    def advance_to(self, clock: time, *, run: bool = True) -> None:
        """Let time pass until the account's clock (Madrid, summer: UTC+2) next shows `clock`."""
        seconds = (
            (clock.hour - 2) * 3600 + clock.minute * 60 + clock.second - self.clock.now() % 86400
        )
        self.advance(seconds % 86400, run=run)

    # -- the CRM

    def crm(self, name: str, host: str = HOST, **form: Any) -> dict[str, Any]:
        """Give the sandbox a command of its control API."""
        status, answer = self.control.run("POST", name, {"host": host, **form})
        if status != 200:
            raise Refused(f"{name}: {answer}")
        return answer

    def ask(self, name: str, host: str = HOST, **form: Any) -> dict[str, Any]:
        """Ask the sandbox for something."""
        status, answer = self.control.run("GET", name, {"host": host, **form})
        if status != 200:
            raise Refused(f"{name}: {answer}")
        return answer

    def _send(self, outgoing: Outgoing) -> tuple[int | None, str]:
        parts = urlsplit(outgoing.url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        headers = {
            name: value for name, value in outgoing.headers.items() if name != "Content-Type"
        }
        if outgoing.method == "GET":
            answer = self.client.get(path, headers=headers)
        else:
            answer = self.client.post(
                path, outgoing.json, content_type="application/json", headers=headers
            )
        return answer.status_code, answer.content.decode()

    # -- setting up

    def open(
        self,
        host: str = HOST,
        *,
        managers: int = 3,
        groups: tuple[str, ...] = ("Sales",),
        **plan: Any,
    ) -> Account:
        """Create a CRM account, install the widget and let the first sync run."""
        self.control.run(
            "POST", "accounts", {"host": host, "managers": managers, "groups": groups, **plan}
        )
        self.crm("limits", host, per_account=0)
        if not self.sandbox.crm.integrations:
            self.control.run(
                "POST",
                "integrations",
                {
                    "client_id": settings.KOMMO_CLIENT_ID,
                    "client_secret": settings.KOMMO_CLIENT_SECRET,
                    "redirect_uri": f"{settings.PUBLIC_URL}/oauth/kommo",
                    "widget_api": f"{settings.PUBLIC_URL}/widget/v1",
                    "revoked_hook_url": f"{settings.PUBLIC_URL}/oauth/kommo/revoked",
                },
            )
        installed = self.crm("install", host)
        assert installed["status"] == 200, installed
        self.run()
        account = Account.objects.get(host=host)
        assert account.sync_state == Account.SyncState.DONE, account.sync_progress
        return account

    def configure(self, account: Account, *, shift_mode: str = "manual", **values: Any) -> None:
        """Switch dealing on: every group tracks one pipeline, the first group the first one.

        Hours are all day unless given; `values` are fields of DistributionSettings or of the page.
        """
        page = {name: values.pop(name) for name in policies.PAGE if name in values}
        hours = {
            "redistribution_from": ALL_DAY[0],
            "redistribution_to": ALL_DAY[1],
        }
        DistributionSettings.objects.update_or_create(
            account=account,
            defaults={"is_enabled": True, "enabled_at": self.now, **hours, **values},
        )
        ShiftSettings.objects.update_or_create(account=account, defaults={"mode": shift_mode})
        pipelines = sorted(self.sandbox.crm.account_at(account.host).pipelines)  # type: ignore[union-attr]
        groups: dict[int, policies.Stages] = {}
        for place, group in enumerate(Group.objects.for_account(account).order_by("kommo_id")):
            groups[group.kommo_id] = [[pipelines[min(place, len(pipelines) - 1)], None]]
        if not Template.objects.for_account(account).filter(is_simple=True).exists():
            policies.simple(account, groups)
        policies.change_simple(account, **policies.sections(page))
        append_event(account, InboxEvent.Kind.SETTINGS, {"at": self.clock.now()}, self.now)
        self.run()

    def save(self, account: Account, **changes: Any) -> None:
        """Save changes of the page "Shift distribution" and let them take effect."""
        row = DistributionSettings.objects.for_account(account).get()
        save_settings(account, actor=None, changes=changes, version=row.version, now=self.now)
        self.run()

    # -- the service

    def post_hooks(self) -> int:
        """Deliver every webhook that is due to the service; return how many."""
        deliveries = self.sandbox.crm.due_deliveries(self.clock.now())
        for delivery in deliveries:
            parts = urlsplit(delivery.destination)
            headers = dict(delivery.headers)
            answer = self.client.post(
                f"{parts.path}?{parts.query}" if parts.query else parts.path,
                delivery.body,
                content_type=headers.pop("Content-Type"),
                headers=headers,
            )
            self.hook_answers[answer.status_code] += 1
            self.sandbox.crm.settle_delivery(delivery, answer.status_code)
        return len(deliveries)

    def step(self) -> bool:
        """Do one round of everything; return whether there was anything to do."""
        self._tick()
        found = self.post_hooks() > 0
        found = do_housekeeping(self.now) or found
        found = keep_plans(self.now) > 0 or found
        found = take_turn() is not None or found
        found = deliver() is not None or found
        return reconcile_due(self.now) or found

    def run(self) -> None:
        """Work until nothing is left to do at this moment."""
        for _ in range(MOST_STEPS):
            if not self.step():
                return
        raise AssertionError("the service does not come to rest")

    # -- people and leads

    def managers(self, account: Account) -> list[Manager]:
        """The account's managers without admin and supervisor, by Kommo id."""
        rows = Manager.objects.for_account(account).exclude(name__in=("Vera", "Sonia"))
        return list(rows.order_by("kommo_id"))

    def shift(self, manager: Manager, action: str, *, host: str = HOST) -> dict[str, Any]:
        """Press a manager's shift button in the widget; nobody presses two at the same instant."""
        self.advance(AN_INSTANT, run=False)
        answer = self.crm("shift", host, user_id=manager.kommo_id, action=action)
        assert answer["status"] == 200, answer
        return answer

    def start_shifts(self, managers: list[Manager], *, host: str = HOST) -> None:
        """Let managers start their shifts."""
        for manager in managers:
            self.shift(manager, "start", host=host)
        self.run()

    def leads(
        self, count: int = 1, host: str = HOST, *, run: bool = True, **form: Any
    ) -> list[int]:
        """Let new leads arrive."""
        made: list[int] = self.crm("leads", host, count=count, **form)["lead_ids"]
        if run:
            self.run()
        return made

    def owner(self, lead_id: int, host: str = HOST) -> int:
        """Whose the lead is in Kommo."""
        return self.sandbox.crm.account_at(host).leads[lead_id].responsible_user_id  # type: ignore[union-attr]

    def loads(self, lead_ids: list[int], host: str = HOST) -> Counter[int]:
        """How many of these leads each Kommo user holds."""
        return Counter(self.owner(lead_id, host) for lead_id in lead_ids)

    def notes(self, lead_id: int, host: str = HOST) -> list[str]:
        """The texts of the lead's notes."""
        rows = self.ask("state", host)["leads"]
        lead = next(row for row in rows if row["id"] == lead_id)
        return [note["text"] for note in lead["notes"]]

    def edit(
        self,
        *lead_ids: int,
        by: int | None = None,
        host: str = HOST,
        run: bool = True,
        **changes: Any,
    ) -> None:
        """Let a person (the admin unless `by` is given) change leads in Kommo."""
        who = {} if by is None else {"user_id": by}
        self.crm("edit", host, lead_ids=list(lead_ids), changes=changes, **who)
        if run:
            self.run()

    def delete(self, *lead_ids: int, host: str = HOST, run: bool = True) -> None:
        """Let a person delete leads in Kommo."""
        self.crm("delete_lead", host, lead_ids=list(lead_ids))
        if run:
            self.run()

    def existing_leads(
        self, owners: dict[int, int], host: str = HOST, **form: Any
    ) -> dict[int, list[int]]:
        """Make leads that are there before dealing is switched on; `owners`: user id -> how many."""
        made = {
            owner: self.leads(count, host, responsible_user_id=owner, **form) if count else []
            for owner, count in owners.items()
        }
        self.advance(60)
        return made

    def stages(self, place: int = 0, host: str = HOST) -> tuple[int, list[int]]:
        """Return a pipeline's id and its open stages' ids, Incoming leads left out."""
        pipelines = self.sandbox.crm.account_at(host).pipelines  # type: ignore[union-attr]
        pipeline = pipelines[sorted(pipelines)[place]]
        return pipeline.id, [one.id for one in pipeline.stages.values() if one.is_editable]

    def add_stage(self, name: str, place: int = 0, host: str = HOST) -> int:
        """Let an admin add a stage to a pipeline in Kommo; return its id."""
        crm = self.sandbox.crm
        pipelines = crm.account_at(host).pipelines  # type: ignore[union-attr]
        stages = pipelines[sorted(pipelines)[place]].stages
        made = Stage(crm.next_id("stage", 76_000_001), name, 100 + len(stages), "#99ccff")
        stages[made.id] = made
        return made.id

    def tick(self, lead_id: int, is_ticked: Any, field: str = "VIP", **how: Any) -> None:
        """Let a person fill a custom field of a lead."""
        values = None if is_ticked is None else [{"value": is_ticked}]
        changed = {"field_id": self.field_id(field), "values": values}
        self.edit(lead_id, custom_fields_values=[changed], **how)

    def field_id(self, name: str = "VIP", host: str = HOST) -> int:
        """Return the Kommo id of a lead field."""
        fields = self.sandbox.crm.account_at(host).fields["leads"].values()  # type: ignore[union-attr]
        return next(one.id for one in fields if one.name == name)

    def post_body(self, account: Account, body: bytes, *, key: str | None = None) -> int:
        """Post a body to the account's webhook address, as anybody could; return the status."""
        answer = self.client.post(
            f"/hooks/kommo/{hook_key(account) if key is None else key}",
            body,
            content_type="application/x-www-form-urlencoded",
        )
        return answer.status_code

    # -- the widget

    def ask_widget(
        self, manager: Manager, path: str, body: Any = None, *, host: str = HOST
    ) -> tuple[int, dict[str, Any]]:
        """Call the widget's API as a manager; with a body it is a POST."""
        token = self.crm("token", host, user_id=manager.kommo_id)["token"]
        headers = {"X-Auth-Token": token, "Origin": f"https://{host}"}
        url = f"/widget/v1/{path}"
        if body is None:
            answer = self.client.get(url, headers=headers)
        else:
            answer = self.client.post(url, body, content_type="application/json", headers=headers)
        return answer.status_code, answer.json()

    def heartbeat(self, manager: Manager, *, host: str = HOST) -> None:
        """Let an open page of Kommo tell that its manager is there."""
        status, answer = self.ask_widget(manager, "activity", {}, host=host)
        assert status == 200, answer
        self.run()

    def presence(self, manager: Manager, *, host: str = HOST) -> str:
        """Return what the manager's own button shows: online, paused or offline."""
        status, answer = self.ask_widget(manager, "me", host=host)
        assert status == 200, answer
        state: str = answer["state"]
        return state

    # -- the records

    def decisions(self, account: Account, lead_id: int | None = None) -> list[Decision]:
        """Return what was decided, in order; about one lead if it is named."""
        rows = Decision.objects.for_account(account).order_by("id")
        return list(rows if lead_id is None else rows.filter(lead_id=lead_id))

    def kinds(self, account: Account, lead_id: int) -> list[str]:
        """Return the kinds of a lead's decisions; with the reason where nobody got it."""
        return [
            row.kind if row.chosen_id or row.kind == "manual" else f"{row.kind}: {row.reason}"
            for row in self.decisions(account, lead_id)
        ]

    def api_calls(self, host: str = HOST) -> int:
        """How many API calls Kommo has had from the service."""
        return self.sandbox.crm.account_at(host).call_count  # type: ignore[union-attr]
