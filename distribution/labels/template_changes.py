"""What differs between two states of a template, setting by setting, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from distribution.core.policy import Member, read_body, to_json
from distribution.labels.template_choices import choice_name
from distribution.labels.template_people import member_name
from distribution.labels.template_summary import days_text
from distribution.labels.template_words import SECTIONS, WORDS
from distribution.queries.templates import Choices

Json = dict[str, Any]
NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Change:
    """A setting with both its values in words."""

    path: str
    label: str
    before: str
    after: str


def changes_between(before: Json, after: Json, choices: Choices) -> list[Change]:
    """Return what differs between two documents of versions, in the editor's order."""
    return list(_changes(before, after, choices))


def paths_between(before: Json, after: Json) -> list[str]:
    """Return the paths that differ: "name", "members", those of the settings."""
    return [path for path in all_paths() if value_at(before, path) != value_at(after, path)]


def all_paths() -> list[str]:
    """Return every path of a version's document, in the editor's order."""
    settings = [path for _title, paths in SECTIONS.values() for path in paths]
    return ["name", "is_enabled", "is_shadow", *settings]


def value_at(document: Json, path: str) -> Any:
    """Return the value of a document of a version, with the default where it is not written."""
    if path in ("name", "is_enabled", "is_shadow"):
        return document[path]
    value: Any = to_json(read_body(document["body"])[0])
    for name in path.split("."):
        value = value[name]
    return value


def put_at(document: Json, path: str, value: Any) -> None:
    """Write a value into a version's document whose body is written out."""
    if path in ("name", "is_enabled", "is_shadow"):
        document[path] = value
        return
    place = document["body"]
    *sections, last = path.split(".")
    for name in sections:
        place = place[name]
    place[last] = value


def label_of(path: str) -> str:
    """Return a setting's name with its section: "Limits: Open leads at most"."""
    if path == "name":
        return _("Name")
    if path == "is_enabled":
        return _("On or off")
    if path == "is_shadow":
        return _("Shadow mode")
    section = next(str(title) for title, paths in SECTIONS.values() if path in paths)
    if path == "members":
        return section
    label = str(WORDS[path].label)
    return section if label == section else f"{section}: {label}"


def value_text(path: str, value: Any, choices: Choices) -> str:
    """Return a value in words."""
    if path == "name":
        return str(value)
    if path == "is_enabled":
        return pgettext("a template", "on") if value else pgettext("a template", "off")
    if path == "members":
        rows = [Member(**row) for row in value]
        return ", ".join(_member_text(row, choices) for row in rows) or NOTHING
    kind = "tick" if path == "is_shadow" else WORDS[path].kind
    if kind == "tick":
        return _("yes") if value else _("no")
    if value in (None, "", [], ()):
        return NOTHING
    return _chosen_text(path, kind, value, choices)


def _chosen_text(path: str, kind: str, value: Any, choices: Choices) -> str:
    if kind == "choice":
        return choice_name(path, value)
    if kind == "picks":
        return ", ".join(choice_name(path, one) for one in value)
    if kind == "weekdays":
        return days_text(value)
    if kind == "people":
        return ", ".join(choices.person_name(one) for one in value)
    if kind == "stages":
        return ", ".join(choices.place_name(*one) for one in value)
    naming = {"person": choices.person_name, "field": choices.field_name}
    if kind in naming:
        return naming[kind](value)
    if kind == "stage":
        return choices.place_name(*value)
    unit = WORDS[path].unit
    return f"{value} {unit}" if unit else str(value)


def _changes(before: Json, after: Json, choices: Choices) -> Iterator[Change]:
    for path in paths_between(before, after):
        was, now = value_at(before, path), value_at(after, path)
        if path == "members":
            yield from _member_changes(was, now, choices)
            continue
        yield Change(
            path, label_of(path), value_text(path, was, choices), value_text(path, now, choices)
        )


def _member_changes(was: list[Json], now: list[Json], choices: Choices) -> Iterator[Change]:
    """Yield a line for each member who came, went or has other values."""
    before = {(row["kind"], row["id"]): Member(**row) for row in was}
    after = {(row["kind"], row["id"]): Member(**row) for row in now}
    title = label_of("members")
    for key in dict.fromkeys([*before, *after]):
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        name = member_name((new or old), choices)  # type: ignore[arg-type]  # one of them is there
        yield Change(
            "members",
            f"{title}: {name}",
            _row_text(old) if old else _("not chosen"),
            _row_text(new) if new else _("not chosen"),
        )


def _member_text(row: Member, choices: Choices) -> str:
    own = _row_text(row)
    name = member_name(row, choices)
    return name if own == _row_text(Member()) else f"{name} ({own})"


def _row_text(row: Member) -> str:
    """Return "coefficient 40, tier 2, at most 8 leads"; the usual row is "chosen"."""
    parts = []
    if row.weight != 1:
        parts.append(_("coefficient %(number)s") % {"number": row.weight})
    if row.tier != 1:
        parts.append(_("tier %(number)s") % {"number": row.tier})
    if row.leads is not None:
        parts.append(_("leads at most: %(number)s") % {"number": row.leads})
    if row.tasks is not None:
        parts.append(_("tasks at most: %(number)s") % {"number": row.tasks})
    return ", ".join(parts) or _("chosen")
