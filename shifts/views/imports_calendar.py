"""The import of days off from a calendar: upload, preview, confirmation."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.identity import Role, console_page
from accounts.models import Manager
from accounts.viewer import account_of, viewer_of, zone_of
from peresmenka.lib.clock import read_clock
from peresmenka.lib.numbers import number_from
from shifts.exchange.ics import UnreadableCalendar, read_calendar
from shifts.labels.imports import calendar_trouble, reason_text, when_text
from shifts.models import Override
from shifts.operations.imports import AbsenceImport, NewAbsence, import_absences
from shifts.queries.imports import Absence, AbsencePreview, absences_in, window_of
from shifts.views.imports import causes, show_page, uploaded
from shifts.views.sealed import StalePlan, seal, unseal

KIND = "absences"
MOST_ABSENCES = 500  # each has its tick in the form
LEFT_OUT_SHOWN = 100


@require_POST
@console_page(Role.SUPERVISOR)
def calendar(request: HttpRequest) -> HttpResponse:
    """Show which absences an uploaded calendar would add; nothing is written."""
    account, now = account_of(request), read_clock()
    wish = request.POST.get("manager", "")
    of = _manager(request, wish)
    if wish and of is None:
        return _refused(request, _("This manager is not in the account any more. Choose again."))
    file = uploaded(request)
    if file is None:
        return _refused(request, _no_file(request))
    try:
        events = read_calendar(file[0], *window_of(account, now))
    except UnreadableCalendar as error:
        return _refused(request, calendar_trouble(error))
    found = absences_in(account, events.events, of=of, now=now)
    found.left_out += events.left_out
    if len(found.fresh) > MOST_ABSENCES:
        text = _("The calendar comes to more than 500 absences. Export a shorter period.")
        return _refused(request, text)
    return _preview(request, found, file[1])


def _manager(request: HttpRequest, wish: str) -> Manager | None:
    number = number_from(wish)
    if number is None:
        return None
    rows = Manager.objects.for_account(account_of(request)).filter(is_active_in_kommo=True)
    found: Manager | None = rows.filter(kommo_id=number).first()
    return found


def _no_file(request: HttpRequest) -> str:
    if request.FILES.get("file") is None:
        return _("Choose a file first.")
    return _("The file is larger than 2 MB. Export only the days off, or a shorter period.")


def _refused(request: HttpRequest, why: str) -> HttpResponse:
    return show_page(request, status=HTTPStatus.UNPROCESSABLE_ENTITY, calendar_error=why)


def _preview(request: HttpRequest, found: AbsencePreview, name: str) -> HttpResponse:
    lines = [_line(absence) for absence in found.fresh]
    plan = {
        "file": name,
        "absences": [
            [row.manager.kommo_id, f"{row.first}", f"{row.last}", "; ".join(row.titles)[:200]]
            for row in found.fresh
        ],
    }
    context = {
        "file": name,
        "lines": lines,
        "known": [_line(row) for row in found.absences if row.is_known],
        "begun": found.begun,
        "endless": found.endless,
        "left_out": [
            {
                "title": event.title,
                "when": when_text(event, zone_of(request)),
                "reason": reason_text(reason),
            }
            for event, reason in found.left_out[:LEFT_OUT_SHOWN]
        ],
        "left_out_count": len(found.left_out),
        "more_left_out": max(len(found.left_out) - LEFT_OUT_SHOWN, 0),
        "causes": causes(),
        "plan": seal(request, KIND, plan),
    }
    return render(request, "shifts/import_calendar.html", context)


def _line(absence: Absence) -> dict[str, Any]:
    return {
        "name": absence.manager.name,
        "first": absence.first,
        "last": absence.last,
        "days": absence.days,
        "titles": "; ".join(absence.titles)[:200],
    }


@require_POST
@console_page(Role.SUPERVISOR)
def calendar_confirm(request: HttpRequest) -> HttpResponse:
    """Add the ticked absences of the preview."""
    try:
        plan = unseal(request, KIND)
    except StalePlan:
        return _refused(request, _("The preview is too old. Upload the file again."))
    ticked = set(request.POST.getlist("absence"))
    cause = request.POST.get("cause", "")
    wanted = [
        NewAbsence(
            user,
            date.fromisoformat(first),
            date.fromisoformat(last),
            title if "notes" in request.POST else "",
        )
        for number, (user, first, last, title) in enumerate(plan["absences"])
        if str(number) in ticked
    ]
    result = import_absences(
        account_of(request),
        actor=viewer_of(request),
        absences=wanted,
        cause=Override.Cause(cause) if cause in Override.Cause.values else Override.Cause.VACATION,
        source=plan["file"],
        now=read_clock(),
    )
    _tell(request, result)
    return redirect("shifts:absences" if result.added else "shifts:import")


def _tell(request: HttpRequest, result: AbsenceImport) -> None:
    if not result.added:
        messages.warning(
            request, _("Nothing was imported: no absence is ticked, or all are known.")
        )
        return
    text = ngettext(
        "Imported: %(count)s absence.", "Imported: %(count)s absences.", result.added
    ) % {"count": result.added}
    if result.left_out:
        rest = ngettext(
            "%(days)s day was left out: over or known by now.",
            "%(days)s days were left out: over or known by now.",
            result.left_out,
        )
        text = f"{text} {rest % {'days': result.left_out}}"
    messages.success(request, text)
