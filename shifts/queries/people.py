"""Whom the schedule's forms offer: managers by group, and the present members of a group."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from accounts.models import Account, Group, Manager


@dataclass(frozen=True, slots=True)
class Choice:
    """A group with its present members who take part; None: those in no group."""

    group: Group | None
    managers: tuple[Manager, ...]


def present_managers(account: Account) -> list[Manager]:
    """Return who can have a schedule: active in Kommo and taking part, by group and name."""
    rows = Manager.objects.for_account(account).filter(is_active_in_kommo=True, is_licensed=True)
    return list(rows.select_related("group").order_by("group__name", "name", "pk"))


def people_to_choose(account: Account) -> list[Choice]:
    """Return the groups with their present members, and at last those who are in none."""
    found: dict[int | None, list[Manager]] = {}
    for row in present_managers(account):
        found.setdefault(row.group_id, []).append(row)
    without = found.pop(None, [])
    choices = [Choice(rows[0].group, tuple(rows)) for rows in found.values()]
    return [*choices, Choice(None, tuple(without))] if without else choices


def chosen_managers(
    account: Account, users: Collection[int], groups: Collection[int]
) -> list[Manager]:
    """Return the managers with these Kommo ids and the present members of these groups (F70)."""
    return [
        row
        for row in present_managers(account)
        if row.kommo_id in users or (row.group is not None and row.group.kommo_id in groups)
    ]
