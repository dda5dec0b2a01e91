"""Triggers and bots in Kommo that send leads to templates, set up as an admin sets them up."""

from __future__ import annotations

from typing import Any

from accounts.models import Manager
from distribution.models import DistributionSettings, Register, Template, Trigger
from distribution.operations.policies.triggers import create_trigger, trigger_key
from shifts.models import ShiftSettings
from tests import policies
from tests.functional.main_job.conftest import Team

PIPELINE_HOOK = "http://testserver/hooks/kommo/pipeline"
BOT_CALL = "http://testserver/hooks/kommo/bot"
MINUTE = 60


def switch_on(team: Team) -> None:
    """Switch dealing on, with nothing that would send leads."""
    DistributionSettings.objects.create(
        account=team.account, is_enabled=True, enabled_at=team.world.now
    )
    ShiftSettings.objects.create(account=team.account)


def template(team: Team, name: str, *managers: Manager, **body: Any) -> Template:
    """Return a template of these managers, open all day, without a gate."""
    body.setdefault("hours", policies.ALL_DAY)
    members = [{"kind": "manager", "id": manager.kommo_id} for manager in managers]
    return policies.template(team.account, name, members=members, **body)


def sender(
    team: Team,
    row: Template,
    kind: str = "pipeline",
    *,
    register: Register | None = None,
    **fields: Any,
) -> Trigger:
    """Return a trigger of a template, made as the console makes it."""
    made = create_trigger(
        row, kind=kind, register=register, actor=None, now=team.world.now, **fields
    )
    team.world.run()
    return made


def put_card(
    team: Team,
    trigger: Trigger,
    stage: int,
    *,
    settings: dict[str, str] | None = None,
    **form: Any,
) -> int:
    """Put the widget's action on a stage in Kommo; return the action's id."""
    echoed = {"key": trigger_key(trigger), **(settings or {})}
    made = team.world.crm("trigger", url=PIPELINE_HOOK, status_id=stage, settings=echoed, **form)
    number: int = made["id"]
    return number


def fired(team: Team, card: int) -> list[dict[str, Any]]:
    """Return a row a firing of an action in Kommo, with what it was answered."""
    rows = team.world.ask("triggers")["triggers"]
    found: list[dict[str, Any]] = next(row["fired"] for row in rows if row["id"] == card)
    return found


def put_bot(team: Team, steps: list[dict[str, Any]]) -> int:
    """Make a bot in Kommo; return its id."""
    made: int = team.world.crm("bot", steps=steps)["bot_id"]
    return made


def ask_us(trigger: Trigger | None = None, **data: str) -> dict[str, Any]:
    """Return the widget's step of a bot."""
    named = {"key": trigger_key(trigger)} if trigger else {}
    return {
        "do": "widget_request",
        "url": BOT_CALL,
        "data": {"lead": "{{lead.id}}", **named, **data},
    }


def run_bot(team: Team, bot: int, *leads: int) -> None:
    """Run a bot on leads and let everything happen."""
    team.world.crm("run_bot", bot_id=bot, lead_ids=list(leads))
    team.world.run()


def runs(team: Team, lead: int | None = None) -> list[dict[str, Any]]:
    """Return the runs of all bots, or of those on one lead."""
    found = team.world.ask("bots")["runs"]
    return [row for row in found if lead is None or row["lead_id"] == lead]


def told(team: Team, lead: int) -> list[dict[str, Any]]:
    """Return what the bots on a lead were told, in order."""
    waits = team.world.ask("bots")["bots"]
    return [row["answer"]["data"] for row in waits if row["lead_id"] == lead and row["answer"]]


def hanging(team: Team) -> list[Any]:
    """Return the bots that nobody has let go on."""
    found: list[Any] = team.world.ask("bots")["hanging"]
    return found
