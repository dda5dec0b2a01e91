"""First touches in words: a line of the list, a line of the totals, a row of the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from math import ceil

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from distribution.models import FirstTouch
from peresmenka.lib.moments import clock
from reports.touches import MOVED_ON, Totals, state_of

_STATES: dict[str, tuple[str, str]] = {
    "touched_in_time": ("good", gettext_noop("in time")),
    "touched_late": ("bad", gettext_noop("breached: touched late")),
    "breached": ("bad", gettext_noop("breached: not touched")),
    "warned": ("warn", gettext_noop("time is running out")),
    "open": ("accent", gettext_noop("not touched yet")),
    MOVED_ON: ("off", gettext_noop("moved on before")),
}
_KINDS: dict[str, str] = {
    "message": gettext_noop("message"),
    "call": gettext_noop("call"),
    "note": gettext_noop("note"),
    "task": gettext_noop("task done"),
    "stage": gettext_noop("stage changed"),
}


@dataclass(frozen=True, slots=True)
class TouchLine:
    """A clock as the list shows it."""

    lead_id: int
    lead_name: str
    manager: str
    given: str
    pill: str  # class of its state
    state: str
    minutes: str  # used of the allowed ones
    kind: str  # what the touch was; empty without one


def touch_line(row: FirstTouch, names: Mapping[int, str], zone: tzinfo, now: datetime) -> TouchLine:
    """Return a line of the list."""
    pill, state = _STATES[state_of(row, now)]
    return TouchLine(
        row.lead_id,
        _lead(row),
        names.get(row.user_id, str(row.user_id)),
        clock(row.started_at, zone, now),
        pill,
        _(state),
        _minutes(row),
        _kind(row),
    )


def file_head() -> list[str]:
    """Return the heads of the file's columns."""
    return [
        _("Given"),
        _("Lead number"),
        _("Lead"),
        _("Manager"),
        _("Allowed, min"),
        _("Used, min"),
        _("Result"),
        _("First touch"),
    ]


def file_row(row: FirstTouch, names: Mapping[int, str], zone: tzinfo, now: datetime) -> list[str]:
    """Return a row of the file."""
    return [
        f"{timezone.localtime(row.started_at, zone):%Y-%m-%d %H:%M}",
        str(row.lead_id),
        _lead(row),
        names.get(row.user_id, str(row.user_id)),
        str(row.allowed_minutes),
        "" if row.used_seconds is None else str(ceil(row.used_seconds / 60)),
        _(_STATES[state_of(row, now)][1]),
        _kind(row),
    ]


@dataclass(frozen=True, slots=True)
class TotalsLine:
    """A manager's totals as the table shows them."""

    name: str
    totals: Totals
    share: str  # in time, percent of those that are decided
    median: str  # minutes


def totals_line(totals: Totals, names: Mapping[int, str]) -> TotalsLine:
    """Return a line of the totals."""
    decided = totals.in_time + totals.breached
    median = totals.median_seconds
    return TotalsLine(
        names.get(totals.user_id, str(totals.user_id)),
        totals,
        _("%(percent)s %%") % {"percent": round(100 * totals.in_time / decided)}
        if decided
        else "–",
        "–" if median is None else number_format(median / 60, 1, force_grouping=False),
    )


def _lead(row: FirstTouch) -> str:
    return getattr(row, "lead_name", "") or str(row.lead_id)


def _kind(row: FirstTouch) -> str:
    return _(_KINDS[row.touched_by]) if row.touched_by in _KINDS else row.touched_by


def _minutes(row: FirstTouch) -> str:
    if row.used_seconds is None:
        return _("allowed: %(allowed)s min") % {"allowed": row.allowed_minutes}
    used = ceil(row.used_seconds / 60)  # a started minute counts: 10:20 is more than ten
    return _("%(used)s of %(allowed)s min") % {"used": used, "allowed": row.allowed_minutes}
