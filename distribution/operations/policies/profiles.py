"""Writes of a manager's profile (the personal limit, the skills), and of a whole person on the page Team."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Account, AuditEntry, InboxEvent, Manager
from accounts.operations.inbox import append_event
from accounts.operations.team import set_language, set_zone
from distribution.models import ManagerProfile
from peresmenka.lib.enqueue import ring
from shifts.operations.plan import zone_changed

LARGEST_LIMIT = 100_000
MOST_SKILLS = 20
LONGEST_SKILL = 40


class ProfileError(Exception):
    """The profile cannot be saved; read the error's own text."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class BadLimit(ProfileError):
    """Not a limit. Write a whole number from 0 to 100000, or leave it empty for no limit."""


class BadSkills(ProfileError):
    """Too many or too long skills. Write at most 20 words or phrases of at most 40 characters each."""


@dataclass(frozen=True, slots=True)
class Person:
    """What the page Team edits of one manager at a time."""

    limit: int | None  # None = no limit, 0 = receives nothing
    skills: tuple[str, ...]
    zone: str  # "" = the account's
    language: str  # "" = the account's
    tasks: int | None = None  # most open tasks; None = the template's limit


def tidy_skills(words: Iterable[str]) -> list[str]:
    """Return the skills as they are stored: trimmed, once each whatever their case, sorted.

    Raises BadSkills.
    """
    found: dict[str, str] = {}
    for word in words:
        plain = " ".join(word.split())
        if plain:
            found.setdefault(plain.casefold(), plain)
    if len(found) > MOST_SKILLS or any(len(word) > LONGEST_SKILL for word in found.values()):
        raise BadSkills
    return [found[key] for key in sorted(found)]


@transaction.atomic
def set_limit(
    account: Account,
    managers: Collection[Manager],
    *,
    limit: int | None,
    actor: Manager | None,
    now: datetime,
) -> list[Manager]:
    """Give managers a limit of open leads, None for no limit; return those for whom that is a change.

    Locks the managers' rows; writes their profiles, one audit entry, and one inbox event by which
    waiting leads are looked at anew. Raises BadLimit.
    """
    return _set_limit(account, managers, "leads", limit, "limit", actor, now)


@transaction.atomic
def set_task_limit(
    account: Account,
    managers: Collection[Manager],
    *,
    limit: int | None,
    actor: Manager | None,
    now: datetime,
) -> list[Manager]:
    """Give managers a limit of open tasks, None for their template's; as `set_limit` (F122)."""
    return _set_limit(account, managers, "tasks", limit, "task_limit", actor, now)


def _set_limit(
    account: Account,
    managers: Collection[Manager],
    field: str,
    limit: int | None,
    action: str,
    actor: Manager | None,
    now: datetime,
) -> list[Manager]:
    if limit is not None and not 0 <= limit <= LARGEST_LIMIT:
        raise BadLimit
    changed = _write_profiles(account, managers, field, limit, action, actor, now)
    if changed:
        append_event(account, InboxEvent.Kind.AVAILABILITY, {"of": "participation"}, now)
        transaction.on_commit(ring)
    return changed


@transaction.atomic
def set_skills(
    account: Account,
    managers: Collection[Manager],
    *,
    skills: Iterable[str],
    actor: Manager | None,
    now: datetime,
) -> list[Manager]:
    """Give managers these skills; return those for whom that is a change. Raises BadSkills.

    Locks the managers' rows; writes their profiles, one audit entry, and one inbox event by which
    waiting leads are looked at anew.
    """
    tidy = tidy_skills(skills)
    changed = _write_profiles(account, managers, "skills", tidy, "skills", actor, now)
    if changed:
        append_event(account, InboxEvent.Kind.AVAILABILITY, {"of": "skills"}, now)
        transaction.on_commit(ring)
    return changed


@transaction.atomic
def save_person(manager: Manager, person: Person, *, actor: Manager | None, now: datetime) -> bool:
    """Save what the page Team edits of one manager; return whether anything differs.

    A new clock has the schedule planned anew. Raises BadLimit, BadSkills,
    accounts.operations.team.UnknownZone and UnknownLanguage; then nothing is written.
    """
    account, who = manager.account, [manager]
    moved = set_zone(account, who, zone=person.zone, actor=actor, now=now)
    if moved:
        zone_changed(account, moved, now=now, actor=actor)
    changes = [
        moved,
        set_language(account, who, language=person.language, actor=actor, now=now),
        set_limit(account, who, limit=person.limit, actor=actor, now=now),
        set_task_limit(account, who, limit=person.tasks, actor=actor, now=now),
        set_skills(account, who, skills=person.skills, actor=actor, now=now),
    ]
    return any(changes)


def _write_profiles(
    account: Account,
    managers: Collection[Manager],
    field: str,
    value: Any,
    action: str,
    actor: Manager | None,
    now: datetime,
) -> list[Manager]:
    """Write one column of the managers' profiles under their locks, with one audit entry of what was."""
    chosen = Manager.objects.for_account(account).filter(pk__in=[one.pk for one in managers])
    locked = list(chosen.select_for_update(no_key=True).order_by("pk"))
    profiles = ManagerProfile.objects.for_account(account).filter(manager__in=locked)
    former = {row.manager_id: getattr(row, field) for row in profiles}
    default = getattr(ManagerProfile(), field)
    changed = [one for one in locked if former.get(one.pk, default) != value]
    if not changed:
        return []
    ManagerProfile.objects.bulk_create(
        [ManagerProfile(account=account, manager=one, **{field: value}) for one in changed],
        update_conflicts=True,
        unique_fields=["manager"],
        update_fields=[field],
    )
    was = [{"manager": one.kommo_id, field: former.get(one.pk, default)} for one in changed]
    AuditEntry.objects.create(
        account=account,
        at=now,
        actor_id=actor.kommo_id if actor else None,
        action=action,
        before={"managers": was},
        after={"managers": [{"manager": one.kommo_id, field: value} for one in changed]},
    )
    return changed
