"""The page of holidays: a country's days to tick, the account's own, removal with undo."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.identity import Role, console_page
from accounts.viewer import account_of, viewer_of
from peresmenka.lib.clock import read_clock
from peresmenka.lib.moments import day_text
from shifts.forms.fields import mark_errors
from shifts.forms.holidays import HolidayForm
from shifts.labels.refusals import refusal_text
from shifts.models import Holiday
from shifts.operations import holidays as operations
from shifts.operations.period import ScheduleError
from shifts.queries.holidays import NoCountryData, countries, country_days, holidays_of
from shifts.queries.schedule import account_today, settings_of

YEARS_AHEAD = 5


@require_GET
@console_page(Role.SUPERVISOR)
def holidays(request: HttpRequest) -> HttpResponse:
    """Show the account's holidays of a year, and those of a country to choose from."""
    return _show(request)


def _show(
    request: HttpRequest, form: HolidayForm | None = None, status: int = HTTPStatus.OK
) -> HttpResponse:
    account = account_of(request)
    today = account_today(account, read_clock())
    year, country = _year(request, today), _country(request)
    own = holidays_of(account, year)
    form = form or HolidayForm(today=today)
    mark_errors(form)
    offered = _offered(country, year, own, today)
    context = {
        "country": country,
        "countries": countries().items(),
        "is_known": country in countries(),
        "year": year,
        "years": range(today.year, today.year + YEARS_AHEAD + 1),
        "offered": offered,
        "to_add": sum(day["can_add"] for day in offered or ()),
        "own": [{"holiday": row, "is_over": row.on < today} for row in own],
        "form": form,
    }
    return render(request, "shifts/holidays.html", context, status=status)


def _offered(
    country: str, year: int, own: list[Holiday], today: date
) -> list[dict[str, Any]] | None:
    """Return the country's days with what can be done with each; None without a list."""
    try:
        days = country_days(country, year, get_language() or "en")
    except NoCountryData:
        return None
    known = {row.on for row in own}
    return [
        {
            "on": day.on,
            "name": day.name,
            "is_over": day.on < today,
            "is_there": day.on in known,
            "can_add": day.on >= today and day.on not in known,
        }
        for day in days
    ]


def _year(request: HttpRequest, today: date) -> int:
    wish = (request.POST or request.GET).get("year", "")
    years = {str(year): year for year in range(today.year, today.year + YEARS_AHEAD + 1)}
    return years.get(wish, today.year)


def _country(request: HttpRequest) -> str:
    """Return the country that is asked for, else the one last used, else the account's."""
    account = account_of(request)
    wish = (request.POST or request.GET).get("country", "")[:8].upper()
    return wish or settings_of(account).country or account.country.upper()


@require_POST
@console_page(Role.SUPERVISOR)
def holidays_add(request: HttpRequest) -> HttpResponse:
    """Make the ticked days of a country holidays, by the names that the reader has seen."""
    account = account_of(request)
    now = read_clock()
    year, country = _year(request, account_today(account, now)), _country(request)
    try:
        days = country_days(country, year, get_language() or "en")
        ticked = set(request.POST.getlist("days"))
        chosen = {day.on: day.name for day in days if day.on.isoformat() in ticked}
        added, version = operations.add_holidays(
            account, chosen, country=country, actor=viewer_of(request), now=now
        )
    except NoCountryData:
        return _show(request, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except ScheduleError as error:
        messages.error(request, refusal_text(error))
        return _show(request, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    text = ngettext(
        "%(days)s day is a holiday now; its hours stay underneath.",
        "%(days)s days are holidays now; their hours stay underneath.",
        len(added),
    )
    messages.success(request, text % {"days": len(added)}, extra_tags=_undo(version))
    return _back(country, year)


@require_POST
@console_page(Role.SUPERVISOR)
def holidays_add_own(request: HttpRequest) -> HttpResponse:
    """Make one day a holiday under a name of one's own."""
    account, now = account_of(request), read_clock()
    form = HolidayForm(request.POST, today=account_today(account, now))
    if form.is_valid():
        on, name = form.cleaned_data["on"], form.cleaned_data["name"]
        try:
            _added, version = operations.add_holidays(
                account, {on: name}, actor=viewer_of(request), now=now
            )
        except ScheduleError as error:
            form.add_error("on", refusal_text(error))
        else:
            text = _("%(day)s is a holiday now: %(name)s.") % {"day": day_text(on), "name": name}
            messages.success(request, text, extra_tags=_undo(version))
            return _back(_country(request), on.year)
    return _show(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


@require_POST
@console_page(Role.SUPERVISOR)
def holidays_remove(request: HttpRequest, day: str) -> HttpResponse:
    """Make a holiday an ordinary day again."""
    try:
        on = date.fromisoformat(day)
    except ValueError as error:
        raise Http404 from error
    try:
        name, version = operations.remove_holiday(
            account_of(request), on, actor=viewer_of(request), now=read_clock()
        )
    except ScheduleError as error:
        messages.error(request, refusal_text(error))
        return _show(request, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    text = _("%(day)s is an ordinary day again: %(name)s is removed.")
    messages.success(request, text % {"day": day_text(on), "name": name}, extra_tags=_undo(version))
    return _back(_country(request), on.year)


@require_POST
@console_page(Role.SUPERVISOR)
def holidays_undo(request: HttpRequest, version: int) -> HttpResponse:
    """Take back what one change did to the holidays."""
    try:
        days = operations.undo_holidays(
            account_of(request), version, actor=viewer_of(request), now=read_clock()
        )
    except ScheduleError as error:
        messages.error(request, refusal_text(error))
        return redirect("shifts:holidays")
    text = ngettext("Undone: %(days)s day.", "Undone: %(days)s days.", len(days))
    messages.success(request, text % {"days": len(days)})
    return _back("", min(days).year)


def _undo(version: int) -> str:
    return reverse("shifts:holidays_undo", args=[version])


def _back(country: str, year: int) -> HttpResponse:
    query = urlencode({"year": str(year), **({"country": country} if country else {})})
    return redirect(f"{reverse('shifts:holidays')}?{query}")
