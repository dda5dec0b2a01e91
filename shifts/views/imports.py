"""The import page, and the import of a month from a table: upload, preview, confirmation."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from http import HTTPStatus
from itertools import groupby, islice
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.identity import Role, console_page
from accounts.models import Manager
from accounts.viewer import account_of, viewer_of, zone_of
from peresmenka.lib.clock import read_clock
from shifts.core import hours
from shifts.core.grid import BadOperation, Problem, days_of
from shifts.core.layers import MonthCell
from shifts.core.table_import import (
    NoTable,
    TooManyRows,
    interpret,
)
from shifts.core.table_import import Problem as PartProblem
from shifts.core.table_import import Trouble as PartTrouble
from shifts.exchange.table import TableFile, Trouble, UnreadableTable
from shifts.exchange.template import write_csv
from shifts.exchange.upload import MOST_BYTES, read_table
from shifts.exchange.workbook import write_workbook
from shifts.labels.imports import month_names, part_text, planned_text, table_trouble
from shifts.labels.schedule import grid_problem
from shifts.models import Override
from shifts.operations.grid import EditConflict
from shifts.operations.imports import Difference, MonthPreview, import_month, preview_month
from shifts.queries.imports import people_of
from shifts.queries.people import present_managers
from shifts.queries.schedule import local_day
from shifts.views.sealed import StalePlan, seal, unseal

KIND = "month"
MONTHS_AHEAD = 12
DIFFERENCES_SHOWN = 200
TROUBLES_SHOWN = 100
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Key = tuple[int, date]


@require_GET
@console_page(Role.SUPERVISOR)
def import_page(request: HttpRequest) -> HttpResponse:
    """Offer both imports, with what their files look like."""
    return show_page(request)


def show_page(request: HttpRequest, *, status: int = HTTPStatus.OK, **errors: str) -> HttpResponse:
    """Render the page; `table_error` or `calendar_error` say why a file was not taken."""
    managers = Manager.objects.for_account(account_of(request)).filter(is_active_in_kommo=True)
    context = {
        "months": _months(request),
        "chosen_month": request.POST.get("month", ""),
        "managers": managers.order_by("name", "pk"),
        "chosen_manager": request.POST.get("manager", ""),
        "causes": causes(),
        **errors,
    }
    return render(request, "shifts/import.html", context, status=status)


def causes() -> list[tuple[str, str]]:
    """Return the causes of an absence with their names."""
    return [(value, str(label).capitalize()) for value, label in Override.Cause.choices]


def uploaded(request: HttpRequest) -> tuple[bytes, str] | None:
    """Return the uploaded file and its name; None for none or one of more than 2 MB."""
    file = request.FILES.get("file")
    if file is None or (file.size or 0) > MOST_BYTES:
        return None
    return file.read(), str(file.name or "")[:100]


def _months(request: HttpRequest) -> list[tuple[str, str]]:
    month = local_day(read_clock(), zone_of(request)).replace(day=1)
    found = []
    for _number in range(MONTHS_AHEAD + 1):
        found.append((f"{month:%Y-%m}", date_format(month, "YEAR_MONTH_FORMAT")))
        month = (month + timedelta(days=31)).replace(day=1)
    return found


def _month(request: HttpRequest, wish: str) -> date | None:
    """Return the first day of a month that can be imported."""
    known = [value for value, _name in _months(request)]
    return date.fromisoformat(f"{wish}-01") if wish in known else None


@require_GET
@console_page(Role.SUPERVISOR)
def template(request: HttpRequest) -> HttpResponse:
    """Return the empty table of a month with the account's people, as CSV or XLSX."""
    month = _month(request, request.GET.get("month", "") or _months(request)[0][0])
    if month is None:
        raise Http404
    head: list[str | int] = [_("Manager"), *[on.day for on in days_of(month)]]
    names = _template_names(request)
    if request.GET.get("format") == "xlsx":
        body, kind, ending = write_workbook(f"{month:%Y-%m}", head, names), _XLSX, "xlsx"
    else:
        body, kind, ending = write_csv(head, names), "text/csv; charset=utf-8", "csv"
    name = f'attachment; filename="schedule-{month:%Y-%m}.{ending}"'
    return HttpResponse(body, content_type=kind, headers={"Content-Disposition": name})


def _template_names(request: HttpRequest) -> list[str]:
    """Return the people by name; by Kommo id where two have the same name."""
    people = present_managers(account_of(request))
    known = Counter(row.name for row in people)
    return [row.name if known[row.name] == 1 else str(row.kommo_id) for row in people]


@require_POST
@console_page(Role.SUPERVISOR)
def table(request: HttpRequest) -> HttpResponse:
    """Show what an uploaded table would change; nothing is written."""
    month = _month(request, request.POST.get("month", ""))
    file = uploaded(request)
    if month is None:
        return _refused(request, _("Choose the month of the table."))
    if file is None:
        return _refused(request, _no_file(request))
    people = people_of(account_of(request))
    try:
        found = read_table(
            file[0], people=[person.name for person in people], month_names=month_names(month)
        )
        wishes = interpret(found.sheet, month, people)
    except UnreadableTable as error:
        return _refused(request, table_trouble(error))
    except NoTable:
        return _refused(request, table_trouble(UnreadableTable(Trouble.NO_DAYS)))
    except TooManyRows:
        return _refused(request, table_trouble(UnreadableTable(Trouble.TOO_MANY_ROWS)))
    plan = {"month": f"{month:%Y-%m}", "file": file[1], "troubles": _packed(wishes.troubles)}
    return _preview(request, plan, wishes.cells, notes=_notes(found))


def _no_file(request: HttpRequest) -> str:
    if request.FILES.get("file") is None:
        return _("Choose a file first.")
    return table_trouble(UnreadableTable(Trouble.TOO_LARGE))


def _refused(request: HttpRequest, why: str) -> HttpResponse:
    return show_page(request, status=HTTPStatus.UNPROCESSABLE_ENTITY, table_error=why)


def _notes(found: TableFile) -> list[str]:
    """Return how the file was read, for the preview."""
    notes = []
    if found.encoding:
        separator = {",": _("comma"), ";": _("semicolon"), "\t": _("tab")}[found.separator]
        values = {"encoding": found.encoding, "separator": separator}
        notes.append(_("Read as %(encoding)s, columns apart by %(separator)s.") % values)
    if found.sheet_name:
        notes.append(_("Read from the sheet “%(name)s”.") % {"name": found.sheet_name})
    if found.other_sheets:
        notes.append(_("The other sheets were not read."))
    if found.has_merged_cells:
        notes.append(_("What stands in merged cells counts for each of them."))
    return notes


def _preview(
    request: HttpRequest,
    plan: dict[str, Any],
    wishes: dict[Key, MonthCell | None],
    *,
    notes: list[str],
    status: int = HTTPStatus.OK,
    **extra: Any,
) -> HttpResponse:
    """Show what the wishes would change now, and keep them in the page until they are confirmed."""
    account, now = account_of(request), read_clock()
    try:
        found = preview_month(account, wishes=wishes, now=now)
    except BadOperation as error:
        why = _("Import the table in parts.") if error.problem is Problem.TOO_MANY else ""
        return _refused(request, f"{grid_problem(error.problem)} {why}".strip())
    sealed = {**plan, "base": found.version, **_packed_wishes(found.wishes)}
    troubles = [_unpacked(row) for row in plan["troubles"]["rows"]]
    context = {
        "file": plan["file"],
        "month": date_format(date.fromisoformat(f"{plan['month']}-01"), "YEAR_MONTH_FORMAT"),
        "notes": notes,
        "found": found,
        "summary": _summary(found, plan["troubles"]["count"]),
        "people": _grouped(request, found),
        "more": max(len(found.differences) - DIFFERENCES_SHOWN, 0),
        "troubles": [{"place": row.place, "text": part_text(row)} for row in troubles],
        "trouble_count": plan["troubles"]["count"],
        "more_troubles": max(plan["troubles"]["count"] - TROUBLES_SHOWN, 0),
        "plan": seal(request, KIND, sealed),
        **extra,
    }
    return render(request, "shifts/import_table.html", context, status=status)


def _summary(found: MonthPreview, troubles: int) -> str:
    people = len({difference.user for difference in found.differences})
    days = len(found.differences)
    changes = ngettext("Will change %(days)s day", "Will change %(days)s days", days)
    of = ngettext("of %(people)s person", "of %(people)s people", people)
    text = f"{changes} {of}" % {"days": days, "people": people}
    if troubles:
        problems = ngettext("%(count)s problem", "%(count)s problems", troubles)
        text = f"{text}; {problems % {'count': troubles}}"
    return text


def _grouped(request: HttpRequest, found: MonthPreview) -> list[dict[str, Any]]:
    """Return the first 200 differences by manager."""
    names = {row.kommo_id: row.name for row in Manager.objects.for_account(account_of(request))}
    rows = sorted(found.differences, key=lambda row: (names[row.user], row.user, row.on))
    shown = islice(rows, DIFFERENCES_SHOWN)
    return [
        {"name": names[user], "lines": [_line(difference) for difference in lines]}
        for user, lines in groupby(shown, key=lambda row: row.user)
    ]


def _line(difference: Difference) -> dict[str, Any]:
    return {
        "on": difference.on,
        "before": planned_text(difference.before),
        "after": planned_text(difference.after),
    }


@require_POST
@console_page(Role.SUPERVISOR)
def table_confirm(request: HttpRequest) -> HttpResponse:
    """Import what the preview has shown; a conflict shows the preview again, as things are now."""
    try:
        plan = unseal(request, KIND)
    except StalePlan:
        return _refused(request, _("The preview is too old. Upload the file again."))
    wishes = _unpacked_wishes(plan)
    if plan["troubles"]["count"] and "leave_out" not in request.POST:
        text = _("Tick that the rest is imported, or correct the file and upload it again.")
        return _again(request, plan, wishes, HTTPStatus.UNPROCESSABLE_ENTITY, error=text)
    try:
        edit = import_month(
            account_of(request),
            actor=viewer_of(request),
            base=plan["base"],
            wishes=wishes,
            source=plan["file"],
            now=read_clock(),
        )
    except EditConflict as conflict:
        return _again(request, plan, wishes, HTTPStatus.CONFLICT, others=_others(request, conflict))
    except BadOperation as error:
        text = grid_problem(error.problem)
        return _again(request, plan, wishes, HTTPStatus.UNPROCESSABLE_ENTITY, error=text)
    days = len(edit.changed)
    text = ngettext("Imported: %(days)s day.", "Imported: %(days)s days.", days)
    undo = _("The history of the month can undo it.") if days else ""
    messages.success(request, f"{text % {'days': days}} {undo}".strip())
    return redirect(f"{reverse('shifts:schedule')}?month={plan['month']}")


def _again(
    request: HttpRequest,
    plan: dict[str, Any],
    wishes: dict[Key, MonthCell | None],
    status: int,
    **extra: Any,
) -> HttpResponse:
    kept = {name: plan[name] for name in ("month", "file", "troubles")}
    is_ticked = "leave_out" in request.POST
    return _preview(request, kept, wishes, notes=[], status=status, is_ticked=is_ticked, **extra)


def _others(request: HttpRequest, conflict: EditConflict) -> str:
    names = {row.kommo_id: row.name for row in Manager.objects.for_account(account_of(request))}
    people = [names.get(actor or 0, "") for actor in conflict.actor_ids]
    days = len(conflict.cells)
    text = ngettext(
        "%(days)s of these days was changed since your preview by %(names)s.",
        "%(days)s of these days were changed since your preview by %(names)s.",
        days,
    )
    return text % {"names": ", ".join(filter(None, people)) or _("Somebody"), "days": days}


# --- the plan as it is kept in the page ----------------------------------------------------------------


def _packed(troubles: list[PartTrouble]) -> dict[str, Any]:
    rows = [
        [
            row.problem.value,
            row.row,
            row.column,
            row.text,
            row.wrong_hours.value if row.wrong_hours else "",
        ]
        for row in troubles[:TROUBLES_SHOWN]
    ]
    return {"count": len(troubles), "rows": rows}


def _unpacked(row: list[Any]) -> PartTrouble:
    wrong_hours = hours.Problem(row[4]) if row[4] else None
    return PartTrouble(PartProblem(row[0]), row[1], row[2], row[3], wrong_hours)


def _packed_wishes(wishes: dict[Key, MonthCell | None]) -> dict[str, Any]:
    """Return the wishes with each different value once: {"values": […], "cells": {user: {day: place}}}."""
    values: dict[MonthCell | None, int] = {}
    cells: dict[str, dict[str, int]] = {}
    for (user, on), wish in wishes.items():
        place = values.setdefault(wish, len(values))
        cells.setdefault(str(user), {})[on.isoformat()] = place
    packed = [None if wish is None else [wish.hours, wish.day_off] for wish in values]
    return {"values": packed, "cells": cells}


def _unpacked_wishes(plan: dict[str, Any]) -> dict[Key, MonthCell | None]:
    values = [
        None if value is None else MonthCell(hours.check_hours(value[0]), value[1])
        for value in plan["values"]
    ]
    return {
        (int(user), date.fromisoformat(on)): values[place]
        for user, days in plan["cells"].items()
        for on, place in days.items()
    }
