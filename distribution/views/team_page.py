"""Shapes the page Team for its templates: the filter, the rows, the words; no writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from django.conf import settings
from django.http import QueryDict
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.identity import Role
from distribution.labels.standing import STATUS_TONES
from distribution.queries.team import Member, TeamGroup
from peresmenka.lib.moments import clock
from shifts.labels.participation import status_name

NAMES = ("q", "group", "status", "licence")
LICENCES = (
    ("yes", gettext_lazy("take part")),
    ("no", gettext_lazy("do not take part")),
    ("gone", gettext_lazy("deactivated in Kommo")),
)
_ROLES = {Role.ADMIN: gettext_lazy("Admin"), Role.SUPERVISOR: gettext_lazy("Supervisor")}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the page's filter asks for; "" asks for everybody."""

    q: str = ""
    group: str = ""  # Kommo id, or "none"
    status: str = ""
    licence: str = ""

    @property
    def query(self) -> str:
        """Return the filter as an address carries it."""
        return urlencode({name: getattr(self, name) for name in NAMES if getattr(self, name)})

    def admits(self, member: Member, group: TeamGroup) -> bool:
        """Say whether a member of a group is to be shown."""
        manager = member.manager
        words = f"{manager.name} {manager.email} {' '.join(member.skills)}".casefold()
        licence = "yes" if manager.is_licensed else "no"
        return (
            all(word in words for word in self.q.casefold().split())
            and self.group in ("", _key(group))
            and self.status in ("", member.standing.status.value)
            and self.licence in ("", licence if manager.is_active_in_kommo else "gone")
        )


@dataclass(frozen=True, slots=True)
class Row:
    """A manager as the templates show them."""

    member: Member
    role: str
    tone: str
    status: str
    until: str
    language: str


@dataclass(frozen=True, slots=True)
class Section:
    """A group with the rows that the filter admits."""

    key: str
    group: Any
    name: str
    members: int
    rows: tuple[Row, ...]


def wish_from(query: QueryDict) -> Wish:
    """Return the filter of an address; what it does not know is left out."""
    return Wish(**{name: query.get(name, "")[:100] for name in NAMES})


def sections_of(
    groups: list[TeamGroup], wish: Wish, zone: tzinfo, now: datetime
) -> Iterator[Section]:
    """Yield the groups in which the filter leaves somebody; without a filter all of them."""
    for entry in groups:
        shown = [member for member in entry.members if wish.admits(member, entry)]
        if shown or not wish.query:
            rows = tuple(row_of(member, zone, now) for member in shown)
            name = group_name(entry)
            yield Section(_key(entry), entry.group, name, len(entry.members), rows)


def row_of(member: Member, zone: tzinfo, now: datetime) -> Row:
    """Return one manager's row."""
    standing = member.standing
    return Row(
        member=member,
        role=str(_ROLES.get(member.role, "")),
        tone=STATUS_TONES[standing.status],
        status=status_name(standing.status),
        until=clock(standing.until, zone, now) if standing.until else "",
        language=str(dict(settings.LANGUAGES).get(member.manager.language, "")),
    )


def group_choices(groups: list[TeamGroup]) -> list[tuple[str, str]]:
    """Return the groups to choose from in the filter."""
    return [(_key(entry), group_name(entry)) for entry in groups]


def group_name(entry: TeamGroup) -> str:
    """Return the group's name, or a word for what has none."""
    if entry.group is None:
        return _("In no group")
    return entry.group.name or _("Group without a name")


def _key(entry: TeamGroup) -> str:
    return "none" if entry.group is None else str(entry.group.kommo_id)
