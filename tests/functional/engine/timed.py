"""A team whose only template redistributes by time, as the tests of its clock set it up."""

from __future__ import annotations

from typing import Any

from accounts.models import InboxEvent
from accounts.operations.inbox import append_event
from distribution.models import ManagerLoad
from tests import policies
from tests.functional.main_job.conftest import Team

MINUTES = 10
JUST_BEFORE = MINUTES * 60 - 1


def timed(team: Team, *, notes_enabled: bool = False, **acceptance: Any) -> None:
    """Switch dealing on; a lead that is not accepted within ten minutes moves on."""
    team.deal_with(notes_enabled=notes_enabled)
    change(team, acceptance={"minutes": MINUTES, **acceptance})


def change(team: Team, **sections: Any) -> None:
    """Change sections of the template and let them take effect."""
    policies.change_simple(team.account, **sections)
    append_event(
        team.account, InboxEvent.Kind.SETTINGS, {"at": team.world.clock.now()}, team.world.now
    )
    team.world.run()


def owners(team: Team, lead: int) -> list[int | None]:
    """Return who has been given the lead, in order."""
    rows = team.world.decisions(team.account, lead)
    return [row.chosen_id for row in rows if row.chosen_id and row.kind != "manual"]


def reasons(team: Team, lead: int) -> list[str]:
    """Return why the lead has moved, in order, its first dealing left out."""
    return [row.reason for row in team.world.decisions(team.account, lead)[1:]]


def misses(team: Team, user_id: int) -> int:
    """Return how many leads in a row a manager has let pass."""
    rows = ManagerLoad.objects.for_account(team.account).filter(scope=ManagerLoad.MISSES)
    return sum(rows.filter(user_id=user_id).values_list("number", flat=True))
