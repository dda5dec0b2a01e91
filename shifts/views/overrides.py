"""The page of absences and other hours: for several people at once, ended early, deleted ahead."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.identity import Role, console_page
from accounts.models import Manager
from accounts.viewer import account_of, viewer_of
from peresmenka.lib.clock import read_clock
from peresmenka.lib.moments import day_text
from shifts.core.hours import format_hours
from shifts.forms.fields import PeopleChoice, mark_errors
from shifts.forms.overrides import OverrideForm
from shifts.labels.refusals import refusal_text
from shifts.models import Override
from shifts.operations import overrides as operations
from shifts.operations.period import (
    EndsBeforeStart,
    NobodyChosen,
    NotInAccount,
    ScheduleError,
)
from shifts.queries.overrides import Period, gaps_in, periods_of, swapped_in
from shifts.queries.schedule import account_today

DAYS_NAMED = 5


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def absences(request: HttpRequest) -> HttpResponse:
    """Show absences and other hours; POST adds one for the ticked people."""
    now = read_clock()
    if request.method == "GET":
        return _show(request, now)
    account = account_of(request)
    form = OverrideForm(request.POST, today=account_today(account, now))
    people = PeopleChoice(account, request.POST)
    if form.is_valid():
        try:
            _add(request, form, people.managers, now)
        except ScheduleError as error:
            _add_error(form, people, error)
        else:
            return redirect("shifts:absences")
    return _show(request, now, form, people, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _add(request: HttpRequest, form: OverrideForm, managers: list[Manager], now: datetime) -> None:
    """Write the rows and say what they lead to."""
    account, wish = account_of(request), form.cleaned_data
    first, last = wish["starts_on"], wish["ends_on"]
    known = gaps_in(account, first, last, now)
    rows = operations.add_override(
        account,
        managers,
        kind=Override.Kind(wish["kind"]),
        starts_on=first,
        ends_on=last,
        cause=wish["cause"],
        hours=wish["hours"],
        note=wish["note"],
        actor=viewer_of(request),
        now=now,
    )
    text = ngettext("Saved for %(people)s person.", "Saved for %(people)s people.", len(rows))
    messages.success(request, text % {"people": len(rows)})
    _warn_of_gaps(request, sorted(gaps_in(account, first, last, now) - known))
    swapped = swapped_in(managers, first, last)
    if swapped:
        text = _(
            "%(names)s: a swapped day lies in it. This goes over the swap; the colleague’s part stays."
        )
        names = ", ".join(manager.name for manager in swapped)
        messages.warning(request, text % {"names": names})


def _warn_of_gaps(request: HttpRequest, days: list[date]) -> None:
    if not days:
        return
    named = ", ".join(day_text(on) for on in days[:DAYS_NAMED])
    text = ngettext(
        "This leaves too few people on %(days)s day: %(named)s. Find somebody to cover.",
        "This leaves too few people on %(days)s days: %(named)s. Find somebody to cover.",
        len(days),
    )
    more = " …" if len(days) > DAYS_NAMED else ""
    messages.warning(request, text % {"days": len(days), "named": named + more})


def _add_error(form: OverrideForm, people: PeopleChoice, error: ScheduleError) -> None:
    if isinstance(error, NobodyChosen | NotInAccount):
        people.error = refusal_text(error)
    elif isinstance(error, operations.AlreadyThere):
        form.add_error(None, refusal_text(error))
    else:
        field = "ends_on" if isinstance(error, EndsBeforeStart) else "starts_on"
        form.add_error(field, refusal_text(error))


def _show(
    request: HttpRequest,
    now: datetime,
    form: OverrideForm | None = None,
    people: PeopleChoice | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    account = account_of(request)
    form = form or OverrideForm(today=account_today(account, now))
    mark_errors(form)
    found = periods_of(account, now)
    context = {
        "form": form,
        "people": people or PeopleChoice(account),
        "current": [_line(one) for one in found.current],
        "upcoming": [_line(one) for one in found.upcoming],
        "past": [_line(one) for one in found.past],
    }
    return render(request, "shifts/absences.html", context, status=status)


def _line(one: Period) -> dict[str, Any]:
    row = one.override
    is_hours = row.kind == Override.Kind.HOURS
    return {
        "row": row,
        "name": row.manager.name,
        "what": format_hours(row.hours) if is_hours else str(row.get_cause_display()).capitalize(),
        "is_hours": is_hours,
        "can_delete": not one.has_begun,
        "yesterday": one.today - timedelta(days=1),
        "last_allowed": row.ends_on - timedelta(days=1),
    }


@require_POST
@console_page(Role.SUPERVISOR)
def absence_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End an absence or other hours early, with the last day that still counts."""
    row, now = _override(request, pk), read_clock()
    try:
        last_on = forms.DateField().clean(request.POST.get("last_on", ""))
        operations.end_override(row, last_on=last_on, actor=viewer_of(request), now=now)
    except forms.ValidationError:
        messages.error(request, _("Not a day of the calendar. Choose one."))
    except ScheduleError as error:
        messages.error(request, refusal_text(error))
    else:
        values = {"name": row.manager.name, "day": day_text(last_on + timedelta(days=1))}
        messages.success(request, _("%(name)s is planned as usual from %(day)s on.") % values)
        return redirect("shifts:absences")
    return _show(request, now, status=HTTPStatus.UNPROCESSABLE_ENTITY)


@require_POST
@console_page(Role.SUPERVISOR)
def absence_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete an absence or other hours that have not begun."""
    row, now = _override(request, pk), read_clock()
    try:
        operations.delete_override(row, actor=viewer_of(request), now=now)
    except ScheduleError as error:
        messages.error(request, refusal_text(error))
        return _show(request, now, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    text = _("Deleted: %(name)s is planned as usual.")
    messages.success(request, text % {"name": row.manager.name})
    return redirect("shifts:absences")


def _override(request: HttpRequest, pk: int) -> Override:
    rows = Override.objects.for_account(account_of(request)).select_related("manager", "account")
    row: Override = get_object_or_404(rows, pk=pk)
    return row
