"""What the page Team shows: everybody of an account by group, with licence, status, limit and skills."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from accounts.identity import Role, role_of
from accounts.models import Account, Group, Manager
from distribution.models import ManagerLoad, ManagerProfile
from shifts.core.participation import Standing
from shifts.queries.participation import standings


@dataclass(frozen=True, slots=True)
class Member:
    """A manager with what is chosen for them."""

    manager: Manager
    role: Role
    standing: Standing
    limit: int | None
    task_limit: int | None
    skills: tuple[str, ...]
    open_leads: int


@dataclass(frozen=True, slots=True)
class TeamGroup:
    """A Kommo group with its members; without `group`, those who are in none."""

    group: Group | None
    members: tuple[Member, ...]


def team_of(account: Account, now: datetime) -> list[TeamGroup]:
    """Return the groups by name and their members by name, the deactivated last; five queries."""
    found: dict[int | None, list[Member]] = defaultdict(list)
    for member in _members(account, now):
        found[member.manager.group_id].append(member)
    groups = Group.objects.for_account(account).order_by("name", "pk")
    shown = [row for row in groups if found[row.pk] or not row.is_gone]
    listed = [TeamGroup(row, tuple(found[row.pk])) for row in shown]
    return [*listed, TeamGroup(None, tuple(found[None]))] if found[None] else listed


def _members(account: Account, now: datetime) -> list[Member]:
    managers = Manager.objects.for_account(account).order_by("-is_active_in_kommo", "name", "pk")
    standing = standings(account, now)
    profiles = {row.manager_id: row for row in ManagerProfile.objects.for_account(account)}
    loads = ManagerLoad.objects.for_account(account).filter(scope=ManagerLoad.TRACKED)
    open_leads = dict(loads.values_list("user_id", "number"))
    return [
        Member(
            manager=row,
            role=role_of(row),
            standing=standing.get(row.kommo_id, Standing()),
            limit=profiles[row.pk].leads if row.pk in profiles else None,
            task_limit=profiles[row.pk].tasks if row.pk in profiles else None,
            skills=tuple(profiles[row.pk].skills) if row.pk in profiles else (),
            open_leads=open_leads.get(row.kommo_id, 0),
        )
        for row in managers
    ]


def member_of(manager: Manager, now: datetime) -> Member:
    """Return one manager as the page shows them; four queries."""
    return next(one for one in _members(manager.account, now) if one.manager.pk == manager.pk)
