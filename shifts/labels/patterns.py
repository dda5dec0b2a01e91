"""Patterns in words: a cycle in one line, who follows it since when, what a new one replaces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from peresmenka.lib.moments import day_text
from shifts.core.hours import Hours, format_hours
from shifts.operations.patterns import Replaced, is_weekly


def hours_text(hours: Iterable[Sequence[int]]) -> str:
    """Return the hours of a day, or that it is one of rest."""
    return format_hours(hours) or _("rest")


def cycle_text(cycle: Sequence[Hours], anchor_on: date) -> str:
    """Return a cycle in one line: "Mon–Fri 09:00–18:00", "2 days 09:00–21:00, 2 days rest"."""
    runs = [(list(places), text) for text, places in _runs(cycle)]
    if is_weekly(cycle, anchor_on):
        return "; ".join(f"{_weekdays(places)} {text}" for places, text in runs if cycle[places[0]])
    parts = []
    for places, text in runs:
        count = ngettext("%(days)s day", "%(days)s days", len(places)) % {"days": len(places)}
        parts.append(f"{count} {text}")
    return ", ".join(parts)


def _runs(cycle: Sequence[Hours]) -> Iterable[tuple[str, Iterable[int]]]:
    return groupby(range(len(cycle)), key=lambda place: hours_text(cycle[place]))


def _weekdays(places: Sequence[int]) -> str:
    first, last = str(WEEKDAYS_ABBR[places[0]]), str(WEEKDAYS_ABBR[places[-1]])
    return first if len(places) == 1 else f"{first}–{last}"


def period_text(starts_on: date, ends_on: date | None, today: date) -> str:
    """Return since or from when, until when."""
    start = _("since %(date)s") if starts_on <= today else _("from %(date)s")
    text = start % {"date": day_text(starts_on)}
    if ends_on is None:
        return text
    return _("%(since)s until %(date)s") % {"since": text, "date": day_text(ends_on)}


def replaced_lines(replaced: Iterable[Replaced], names: Mapping[int, str]) -> list[str]:
    """Return what a new pattern takes from earlier ones: "replaces 5/2 of 3 people from 1 Dec 2026"."""
    lines = []
    ordered = sorted(replaced, key=lambda row: (names[row.pattern_id], row.from_on, _tail(row)))
    for (pattern_id, from_on, tail), rows in groupby(
        ordered, key=lambda row: (row.pattern_id, row.from_on, _tail(row))
    ):
        count = len(list(rows))
        values = {"name": names[pattern_id], "people": count, "date": day_text(from_on)}
        text = (
            ngettext(
                "replaces “%(name)s” of %(people)s person from %(date)s",
                "replaces “%(name)s” of %(people)s people from %(date)s",
                count,
            )
            % values
        )
        if tail != date.max:
            text += _("; it goes on from %(date)s") % {"date": day_text(tail)}
        lines.append(text)
    return lines


def _tail(row: Replaced) -> date:
    return row.goes_on_on or date.max
