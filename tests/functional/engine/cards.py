"""Cards of Kommo as tests set them up: contacts and companies with their owners and earlier leads."""

from __future__ import annotations

from typing import Any

from accounts.models import InboxEvent, Manager
from accounts.operations.inbox import append_event
from tests import policies
from tests.functional.main_job.conftest import Team
from tests.world import HOST, World


def lay(team: Team, **sections: Any) -> None:
    """Lay sections over the body of "Shift distribution" and let that take effect."""
    policies.change_simple(team.account, **sections)
    append_event(team.account, InboxEvent.Kind.SETTINGS, {}, team.world.now)
    team.world.run()


def contact(world: World, owner: Manager | int, **form: Any) -> int:
    """Return a new contact of somebody's; it has no lead yet."""
    return person(world, "contacts", owner, **form)


def company(world: World, owner: Manager | int, **form: Any) -> int:
    """Return a new company of somebody's; it has no lead yet."""
    return person(world, "companies", owner, **form)


def person(world: World, kind: str, owner: Manager | int, **form: Any) -> int:
    user = owner if isinstance(owner, int) else owner.kommo_id
    made = world.crm("people", kind=kind, responsible_user_id=user, **form)
    (number,) = made["ids"]
    return int(number)


def earlier_lead(world: World, *, place: int = 1, **links: Any) -> int:
    """Return a lead of a contact or company in another pipeline, where nobody deals."""
    pipeline, stages = world.stages(place)
    (lead,) = world.leads(pipeline_id=pipeline, status_id=stages[0], **links)
    return lead


def owner_of(world: World, kind: str, number: int) -> int:
    """Whose a contact, company, customer or task is in Kommo."""
    account = world.sandbox.crm.account_at(HOST)
    assert account is not None
    if kind == "tasks":
        return int(account.tasks[number].responsible_user_id)
    return int(account.people[kind][number].responsible_user_id)


def paths(world: World, since: int) -> list[str]:
    """Return "METHOD /path" of every API call after the first `since` ones."""
    shown = world.ask("calls", last=1000)
    skip = len(shown["calls"]) - (world.api_calls() - since)
    return [f"{call['method']} {call['path'].split('?')[0]}" for call in shown["calls"][skip:]]
