"""The table of members in a template's editor: from a request to the body's rows, and back to cells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from distribution.forms.template_fields import number
from distribution.queries.templates import Choices

Json = dict[str, Any]
CELLS = ("weight", "tier", "leads", "tasks")
MOST_SLIDER = 100
_KEY = re.compile(r"(group|manager)-[0-9]{1,18}")


@dataclass(slots=True)
class MemberRow:
    """A group or a manager with the cells as they stand in the form."""

    key: str  # "group-5", "manager-13"
    name: str
    is_on: bool
    cells: dict[str, str]
    is_inside: bool = False  # takes part through the selected group above
    is_locked: bool = False  # and so cannot be ticked by themselves (F98)
    takes_part: bool = True
    children: list[MemberRow] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)  # by cell

    @property
    def slider_most(self) -> int:
        """Return the end of the slider: beyond it only the number is written."""
        weight = number(self.cells["weight"])
        return max(MOST_SLIDER, weight) if isinstance(weight, int) else MOST_SLIDER

    @property
    def people(self) -> int:
        """Return how many of the group take part."""
        return sum(child.takes_part for child in self.children)


def key_of(row: Mapping[str, Any]) -> str:
    """Return the form's key of a row of the body."""
    return f"{row['kind']}-{row['id']}"


def read_members(data: QueryDict, saved: Sequence[Json], choices: Choices) -> list[Json]:
    """Return the body's rows that the form stands for; those that are saved keep their order.

    A person inside a ticked group has a row only with something of their own, or a tick of their own.
    """
    ticked = [key for key in dict.fromkeys(data.getlist("members")) if _KEY.fullmatch(key)]
    groups = {key.removeprefix("group-") for key in ticked if key.startswith("group-")}
    rows = [_row(key, data, "1") for key in ticked if not _group_of(key, choices) & groups]
    tiers = {str(row["id"]): row["tier"] for row in rows if row["kind"] == "group"}
    for person in choices.people:
        key, group = f"manager-{person.kommo_id}", str(person.group)
        if group not in groups:
            continue
        row = _row(key, data, tiers[group])
        if key in ticked or _carries(row, tiers[group]):
            rows.append(row)
    places = {key_of(row): place for place, row in enumerate(saved)}
    return sorted(rows, key=lambda row: places.get(key_of(row), len(places)))


def member_rows(
    data: QueryDict | None, members: Sequence[Json], choices: Choices
) -> list[MemberRow]:
    """Return the groups with their people, those in no group, and chosen ones that are gone."""
    saved = {key_of(row): row for row in members}
    ticked = set(saved) if data is None else set(data.getlist("members"))
    made = _Maker(data, saved, ticked)
    rows = []
    for group in choices.catalogue.groups:
        row = made.row(f"group-{group.kommo_id}", group.name)
        own_tier = saved.get(row.key, {}).get("tier", 1)
        for person in choices.people:
            key = f"manager-{person.kommo_id}"
            if person.group == group.kommo_id and (person.takes_part or key in ticked):
                row.children.append(made.row(key, person.name, row.is_on, own_tier))
                row.children[-1].takes_part = person.takes_part
        rows.append(row)
    return rows + list(_loose(made, rows, ticked, choices))


@dataclass(frozen=True)
class _Maker:
    data: QueryDict | None
    saved: Mapping[str, Json]
    ticked: set[str]

    def row(self, key: str, name: str, is_inside: bool = False, usual_tier: int = 1) -> MemberRow:
        is_on = key in self.ticked
        is_locked = is_inside and (self.data is None or not is_on)
        return MemberRow(key, name, is_on, self._cells(key, usual_tier), is_inside, is_locked)

    def _cells(self, key: str, usual_tier: int) -> dict[str, str]:
        saved = self.saved.get(key, {"weight": 1})
        tier = saved.get("tier")
        found = {
            "weight": str(saved["weight"]),
            "tier": "" if tier in (None, usual_tier) else str(tier),
            "leads": _text(saved.get("leads")),
            "tasks": _text(saved.get("tasks")),
        }
        if self.data is None:
            return found
        return {cell: self.data.get(f"{cell}-{key}", found[cell]) for cell in CELLS}


def _loose(
    made: _Maker, rows: Sequence[MemberRow], ticked: set[str], choices: Choices
) -> Iterator[MemberRow]:
    """Yield those whom no group of the table has: in none, or chosen once and gone since."""
    placed = {row.key for row in rows} | {child.key for row in rows for child in row.children}
    for person in choices.people:
        key = f"manager-{person.kommo_id}"
        if key not in placed and (person.takes_part or key in ticked):
            placed.add(key)
            row = made.row(key, person.name)
            row.takes_part = person.takes_part
            yield row
    for key in sorted(ticked - placed):
        kind, _sep, text = key.partition("-")
        found = number(text)
        if kind in ("group", "manager") and isinstance(found, int):
            naming = choices.group_name if kind == "group" else choices.person_name
            row = made.row(key, naming(found))
            row.takes_part = False
            yield row


def _row(key: str, data: QueryDict, usual_tier: Any) -> Json:
    kind, _sep, found = key.partition("-")
    cells = {cell: data.get(f"{cell}-{key}", "").strip() for cell in CELLS}
    return {
        "kind": kind,
        "id": number(found),
        "weight": number(cells["weight"]) if f"weight-{key}" in data else 1,
        "tier": number(cells["tier"] or str(usual_tier)),
        "leads": number(cells["leads"]) if cells["leads"] else None,
        "tasks": number(cells["tasks"]) if cells["tasks"] else None,
    }


def _group_of(key: str, choices: Choices) -> set[str]:
    kind, _sep, text = key.partition("-")
    found = number(text)
    if kind != "manager" or not isinstance(found, int) or found not in choices.by_id:
        return set()
    return {str(choices.by_id[found].group)}


def _carries(row: Json, group_tier: Any) -> bool:
    """Say whether a row inside a selected group says anything of its own."""
    own = (row["weight"], row["tier"], row["leads"], row["tasks"])
    return own != (1, group_tier, None, None)


def _text(value: Any) -> str:
    return "" if value is None else str(value)
