"""Writes of the page Team that belong to the account: licences, supervisors, zones, languages, groups."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.db import transaction

from accounts.models import Account, AuditEntry, Group, InboxEvent, Manager
from accounts.operations.inbox import append_event
from peresmenka.lib.enqueue import ring


class TeamError(Exception):
    """The team cannot be changed so; read the error's own text."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class UnknownZone(TeamError):
    """There is no such time zone; choose one from the list, such as Europe/Madrid."""


class UnknownLanguage(TeamError):
    """The service does not speak this language; choose one from the list."""


def set_licence(
    account: Account,
    managers: Collection[Manager],
    *,
    is_licensed: bool,
    actor: Manager | None,
    now: datetime,
) -> list[Manager]:
    """Let managers take part, or no longer; return those for whom that is a change.

    Locks their rows; writes them, one audit entry, and one inbox event by which the next turn ends
    the shifts of those who no longer take part.
    """
    with transaction.atomic():
        changed = _set(account, managers, {"is_licensed": is_licensed}, "licence", actor, now)
        if changed:
            append_event(account, InboxEvent.Kind.SYNCED, {}, now)
            transaction.on_commit(ring)
    return changed


def set_supervisor(
    account: Account,
    managers: Collection[Manager],
    *,
    is_supervisor: bool,
    actor: Manager | None,
    now: datetime,
) -> list[Manager]:
    """Name supervisors, or take the role away; admins are Kommo's own and keep theirs anyway."""
    return _set(account, managers, {"is_supervisor": is_supervisor}, "supervisor", actor, now)


def set_zone(
    account: Account,
    managers: Collection[Manager],
    *,
    zone: str,
    actor: Manager | None,
    now: datetime,
) -> list[Manager]:
    """Give managers a clock of their own, an IANA name; blank = the account's.

    Returns those for whom that is a change: the caller has their schedules planned anew.
    Raises UnknownZone.
    """
    if zone and zone not in available_timezones():
        raise UnknownZone
    return _set(account, managers, {"zone": zone}, "zone", actor, now)


def set_language(
    account: Account,
    managers: Collection[Manager],
    *,
    language: str,
    actor: Manager | None,
    now: datetime,
) -> list[Manager]:
    """Choose the language in which managers are addressed; blank = the account's.

    Raises UnknownLanguage.
    """
    if language and language not in dict(settings.LANGUAGES):
        raise UnknownLanguage
    return _set(account, managers, {"language": language}, "language", actor, now)


@transaction.atomic
def set_newcomers(
    group: Group, *, licenses_newcomers: bool, actor: Manager | None, now: datetime
) -> bool:
    """Say whether who joins the group in Kommo takes part at once; return whether that is a change."""
    locked = Group.objects.for_account(group.account_id).select_for_update().get(pk=group.pk)
    if locked.licenses_newcomers == licenses_newcomers:
        return False
    locked.licenses_newcomers = licenses_newcomers
    locked.save(update_fields=["licenses_newcomers"])
    AuditEntry.objects.create(
        account_id=group.account_id,
        at=now,
        actor_id=actor.kommo_id if actor else None,
        action="newcomers",
        before={"group": group.kommo_id, "licenses_newcomers": not licenses_newcomers},
        after={"group": group.kommo_id, "licenses_newcomers": licenses_newcomers},
    )
    return True


def confirm_team(account: Account, *, now: datetime) -> bool:
    """Note that an admin has chosen who takes part; the first time counts."""
    open_question = Account.objects.filter(pk=account.pk, team_chosen_at=None)
    return bool(open_question.update(team_chosen_at=now))


@transaction.atomic
def _set(
    account: Account,
    managers: Collection[Manager],
    values: dict[str, Any],
    action: str,
    actor: Manager | None,
    now: datetime,
) -> list[Manager]:
    """Write the values to those who differ, under their locks, with one audit entry of what was."""
    rows = Manager.objects.for_account(account).filter(pk__in=[one.pk for one in managers])
    locked = list(rows.select_for_update(no_key=True).order_by("pk"))
    before = [(row, {name: getattr(row, name) for name in values}) for row in locked]
    changed = [(row, former) for row, former in before if former != values]
    if not changed:
        return []
    Manager.objects.for_account(account).filter(pk__in=[row.pk for row, _ in changed]).update(
        **values
    )
    AuditEntry.objects.create(
        account=account,
        at=now,
        actor_id=actor.kommo_id if actor else None,
        action=action,
        before={"managers": [{"manager": row.kommo_id, **former} for row, former in changed]},
        after={"managers": [{"manager": row.kommo_id, **values} for row, _ in changed]},
    )
    return [row for row, _ in changed]
