"""Gaps of the coverage in words, for the page and the mail; in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta, tzinfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from peresmenka.lib.moments import short_day
from shifts.core.coverage import Gap

_MOMENT = timedelta(microseconds=1)


def gap_time(gap: Gap, zone: tzinfo) -> str:
    """Return when a gap is: Tue 24 Nov, 13:00–15:00; with both days where it passes midnight."""
    start, end = gap.starts_at.astimezone(zone), gap.ends_at.astimezone(zone)
    last = (gap.ends_at - _MOMENT).astimezone(zone).date()
    until = "24:00" if end.date() != last else f"{end:%H:%M}"
    day = short_day(start.date())
    if last == start.date():
        return f"{day}, {start:%H:%M}–{until}"
    return f"{day}, {start:%H:%M} – {short_day(last)}, {until}"


def gap_people(gap: Gap) -> str:
    """Return how many there are and are needed: 1 person, 2 needed."""
    if gap.people == gap.most:
        people = ngettext("%(number)s person", "%(number)s people", gap.people)
        people %= {"number": gap.people}
    else:
        people = ngettext("%(few)s–%(number)s person", "%(few)s–%(number)s people", gap.most)
        people %= {"few": gap.people, "number": gap.most}
    needed = ngettext("%(number)s needed", "%(number)s needed", gap.needed)
    return _("%(people)s, %(needed)s") % {
        "people": people,
        "needed": needed % {"number": gap.needed},
    }


def gap_lines(gaps: Iterable[Gap], zone: tzinfo) -> list[str]:
    """Return each gap as a line: Tue 24 Nov, 13:00–15:00: 1 person, 2 needed."""
    return [f"{gap_time(gap, zone)}: {gap_people(gap)}" for gap in gaps]
