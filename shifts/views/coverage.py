"""The page "Coverage": people able to take leads hour by hour, the gaps, and what the account needs."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.identity import Role, console_page
from accounts.models import Account, Group
from accounts.viewer import account_of, viewer_of, zone_of
from peresmenka.lib.clock import read_clock
from peresmenka.lib.moments import short_day
from shifts.core.coverage import Gap, Hour
from shifts.forms.coverage import CoverageForm
from shifts.labels.gaps import gap_people, gap_time
from shifts.operations.coverage import NoSchedules, save_coverage, sends_mail
from shifts.operations.plan import HORIZON_DAYS
from shifts.queries.coverage import Coverage, DayHours, coverage_of, to_be_told
from shifts.queries.schedule import local_day

DAYS = 28
TINTS = 4  # how many shades tell more people from fewer
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def coverage(request: HttpRequest) -> HttpResponse:
    """Show four weeks; POST saves which hours need people."""
    now = read_clock()
    if request.method == "GET":
        return _show(request, now, None)
    form = CoverageForm(request.POST)
    if not form.is_valid():
        return _show(request, now, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        save_coverage(account_of(request), actor=viewer_of(request), changes=form.values(), now=now)
    except NoSchedules:
        messages.error(request, _("Nobody has a schedule yet. Write one in the month grid first."))
        return redirect("shifts:coverage")
    messages.success(request, _("Saved. The gaps below are those of the new settings."))
    return redirect(request.get_full_path())


def _show(
    request: HttpRequest, now: datetime, form: CoverageForm | None, status: int = HTTPStatus.OK
) -> HttpResponse:
    account = account_of(request)
    groups = list(Group.objects.for_account(account).filter(is_gone=False).order_by("name"))
    group = next((row for row in groups if str(row.kommo_id) == request.GET.get("group")), None)
    today = local_day(now, zone_of(request))
    first = _wanted(request.GET.get("from", ""), today)
    found = coverage_of(account, first, DAYS, now, group=None if group is None else group.kommo_id)
    context = {"found": found, "groups": groups, "group": group, "first": first}
    if found.settings is not None:
        horizon = found.settings.planned_until or today
        context |= _days(found) | _pages(first, today, horizon, group)
        context |= _mail(account) | {"form": form or CoverageForm.of(found.settings)}
    return render(request, "shifts/coverage.html", context, status=status)


def _wanted(text: str, today: date) -> date:
    """Return the first day to show: today, or a later one that is asked for and can be planned."""
    try:
        first = date.fromisoformat(text)
    except ValueError:
        return today
    return first if today <= first <= today + HORIZON_DAYS * _DAY else today


def _days(found: Coverage) -> dict[str, Any]:
    most = found.most
    return {
        "hours": [f"{hour:02d}" for hour in range(24)],
        "rows": [_row(day, found, most) for day in found.days],
        "gaps": [_gap(gap, found) for gap in found.gaps],
        "from_day": short_day(found.days[0].on),
        "to_day": short_day(found.days[-1].on),
    }


def _row(day: DayHours, found: Coverage, most: int) -> dict[str, Any]:
    hours = day.length // timedelta(hours=1)
    return {
        "on": day.on,
        "name": short_day(day.on),
        "link": _grid(day.on),
        "is_today": day.on == found.today,
        "is_first": day.on.weekday() == 0,
        "has_gap": day.has_gap,
        "hours": hours if hours != 24 else None,
        "cells": [{"hour": hour, "tint": _tint(hour, most)} for hour in day.hours],
    }


def _tint(hour: Hour, most: int) -> str:
    """Return the class of a cell: what it means, and how dark it is."""
    if hour.people is None:
        return "none"
    if hour.is_gap:
        return "gap"
    if not hour.is_needed:
        return "free"
    return f"tint-{max(1, -(-hour.people * TINTS // most))}" if most else "free"


def _gap(gap: Gap, found: Coverage) -> dict[str, str]:
    on = gap.starts_at.astimezone(found.zone).date()
    return {"when": gap_time(gap, found.zone), "people": gap_people(gap), "link": _grid(on)}


def _grid(on: date) -> str:
    """Return the address of a day's month in the grid."""
    query = urlencode({"month": f"{on:%Y-%m}", "day": on.isoformat()})
    return f"{reverse('shifts:schedule')}?{query}"


def _pages(first: date, today: date, horizon: date, group: Group | None) -> dict[str, str]:
    """Return where a week earlier and a week later are shown, "" where there is nothing to show."""
    earlier, later = max(first - _WEEK, today), first + _WEEK
    last = later + (DAYS - 1) * _DAY
    return {
        "earlier": _address(earlier, group) if first > today else "",
        "later": _address(later, group) if last <= horizon else "",
    }


def _address(first: date, group: Group | None) -> str:
    chosen = {"from": first.isoformat()}
    if group is not None:
        chosen["group"] = str(group.kommo_id)
    return f"{reverse('shifts:coverage')}?{urlencode(chosen)}"


def _mail(account: Account) -> dict[str, Any]:
    return {"sends_mail": sends_mail(), "told": [row.name for row in to_be_told(account)]}
