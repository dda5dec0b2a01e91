"""Swaps as the pages show them: whose hours go where, where it stands, what can be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from accounts.models import Manager
from peresmenka.lib.moments import clock, full_day
from peresmenka.lib.zones import known_zone
from shifts.core.hours import format_hours
from shifts.labels.refusals import obstacle_text
from shifts.models import Override, Swap
from shifts.queries.swaps import SwapLine, can_be_cancelled

_TONES = {
    Swap.State.ASKED: "accent",
    Swap.State.AGREED: "warn",
    Swap.State.APPROVED: "good",
    Swap.State.DECLINED: "off",
    Swap.State.REFUSED: "bad",
    Swap.State.CANCELLED: "off",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A swap as the templates show it."""

    swap: Swap
    title: str
    days: tuple[str, ...]
    state: str
    tone: str
    asked: str
    problem: str  # why it cannot be carried out now; "" where nothing stands in its way
    is_open: bool
    can_answer: bool
    can_withdraw: bool
    can_approve: bool
    can_cancel: bool


def swap_line(line: SwapLine, viewer: Manager, now: datetime) -> Line:
    """Return a swap with what the viewer may do, were they a supervisor too."""
    swap = line.swap
    state = Swap.State(swap.state)
    zone = known_zone(viewer.account.zone)
    days = _moved(line.moved) if line.moved else _asked_for(line)
    return Line(
        swap=swap,
        title=_title(swap, viewer),
        days=tuple(days),
        state=str(state.label).capitalize(),
        tone=_TONES[state],
        asked=clock(swap.asked_at, zone, now),
        problem=obstacle_text(line.plan.problem) if line.plan.problem else "",
        is_open=line.is_open,
        can_answer=state is Swap.State.ASKED and swap.colleague_id == viewer.pk,
        can_withdraw=line.is_open and swap.asker_id == viewer.pk,
        can_approve=state is Swap.State.AGREED,
        can_cancel=state is Swap.State.APPROVED
        and bool(line.moved)
        and can_be_cancelled(line.moved, viewer.account, now),
    )


def _title(swap: Swap, viewer: Manager) -> str:
    names = {"asker": swap.asker.name, "colleague": swap.colleague.name}
    if swap.asker_id == viewer.pk:
        return _("You asked %(colleague)s") % names
    if swap.colleague_id == viewer.pk:
        return _("%(asker)s asks you") % names
    return _("%(asker)s asks %(colleague)s") % names


def _asked_for(line: SwapLine) -> list[str]:
    swap = line.swap
    days = [_gives(swap.asker, swap.colleague, swap.asker_on, format_hours(line.plan.given))]
    if swap.colleague_on:
        returned = format_hours(line.plan.returned)
        days.append(_gives(swap.colleague, swap.asker, swap.colleague_on, returned))
    return days


def _gives(giver: Manager, taker: Manager, on: date, hours: str) -> str:
    values = {
        "giver": giver.name,
        "taker": taker.name,
        "date": full_day(on),
        "hours": f" ({hours})" if hours else "",
    }
    return _("%(date)s%(hours)s: from %(giver)s to %(taker)s") % values


def _moved(rows: tuple[Override, ...]) -> list[str]:
    return [
        _("%(date)s: %(name)s works %(hours)s")
        % {
            "date": full_day(row.starts_on),
            "name": row.manager.name,
            "hours": format_hours(row.hours),
        }
        if row.hours
        else _("%(date)s: %(name)s is off")
        % {"date": full_day(row.starts_on), "name": row.manager.name}
        for row in rows
    ]
