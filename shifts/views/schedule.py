"""The month grid: the page, the month as JSON, and the address that takes operations on cells."""

from __future__ import annotations

import json
from datetime import date, datetime
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.identity import Role, console_page
from accounts.models import Account, Group, Manager
from accounts.viewer import account_of, viewer_of, zone_of
from peresmenka.lib.clock import read_clock
from peresmenka.lib.moments import clock
from peresmenka.lib.numbers import number_from
from shifts.core.grid import BadOperation, Key
from shifts.core.hours import BadHours
from shifts.labels.schedule import grid_problem, hours_problem
from shifts.models import ScheduleChange
from shifts.operations.grid import (
    CELL_KINDS,
    Edit,
    EditConflict,
    Step,
    UnknownChange,
    UnknownPattern,
    cells_of,
    edit_month,
)
from shifts.queries.month import Month, month_of, stamp_of
from shifts.queries.schedule import local_day
from shifts.views.grid_json import (
    BadRequest,
    cell_json,
    coverage_json,
    day_json,
    history_json,
    keys_json,
    month_from,
    month_json,
    names_of,
    state_json,
    states_json,
    steps_from,
)

Json = dict[str, Any]
FURTHEST_YEARS = 10


@require_GET
@console_page(Role.SUPERVISOR)
def schedule(request: HttpRequest) -> HttpResponse:
    """Show a month of everybody."""
    now = read_clock()
    group = request.GET.get("group", "")
    groups = Group.objects.for_account(account_of(request)).filter(is_gone=False).order_by("name")
    context = {
        "month_data": _month(request, now),
        "groups": [
            {"kommo_id": row.kommo_id, "name": row.name, "is_chosen": group == str(row.kommo_id)}
            for row in groups
        ],
    }
    return render(request, "shifts/schedule.html", context)


@require_GET
@console_page(Role.SUPERVISOR)
def month(request: HttpRequest) -> HttpResponse:
    """Return a month as JSON; only what time alone has changed where the page has seen its stamp."""
    now = read_clock()
    account, seen = account_of(request), request.GET.get("seen")
    if seen and seen == stamp_of(account, _wanted_month(request, now), now):
        return JsonResponse({"states": states_json(account, now)})
    return JsonResponse(_month(request, now))


def _month(request: HttpRequest, now: datetime) -> Json:
    account, group = account_of(request), request.GET.get("group", "")
    found = month_of(account, _wanted_month(request, now), now, group=number_from(group))
    return month_json(account, found, group=group, now=now)


def _wanted_month(request: HttpRequest, now: datetime) -> date:
    """Return the first day of the month that is asked for; this month for anything that is none."""
    today = local_day(now, zone_of(request))
    try:
        first = month_from(request.GET.get("month", ""))
    except BadRequest:
        return today.replace(day=1)
    return first if abs(first.year - today.year) <= FURTHEST_YEARS else today.replace(day=1)


@require_POST
@console_page(Role.SUPERVISOR)
def operations(request: HttpRequest) -> HttpResponse:
    """Carry out operations on cells, all or none; answer with all that has changed since the base."""
    now = read_clock()
    try:
        body = json.loads(request.body)
        if not isinstance(body, dict):
            raise BadRequest("body")
        base, dry_run = int(body["base"]), bool(body.get("dry_run"))
        first, steps = month_from(str(body.get("month"))), steps_from(body)
    except BadHours as error:
        return _refusal(error.problem.value, hours_problem(error))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        text = _("The page sent something that Peresmenka does not understand. Reload it.")
        return _refusal("bad_request", text, status=HTTPStatus.BAD_REQUEST)
    group = number_from(str(body.get("group") or ""))
    return _answer(request, first, group, base, steps, now, dry_run)


def _answer(
    request: HttpRequest,
    first: date,
    group: int | None,
    base: int,
    steps: list[Step],
    now: datetime,
    dry_run: bool,
) -> HttpResponse:
    account, actor = account_of(request), viewer_of(request)
    try:
        edit = edit_month(account, actor=actor, base=base, steps=steps, now=now, dry_run=dry_run)
    except BadOperation as error:
        return _refusal(error.problem.value, grid_problem(error.problem), error.cells)
    except UnknownPattern:
        return _refusal("unknown_pattern", _("This pattern is not there any more. Choose another."))
    except UnknownChange:
        text = _("This change cannot be undone any more. Reload the page to see the history.")
        return _refusal("unknown_change", text)
    except EditConflict as conflict:
        return _conflict(account, month_of(account, first, now), conflict, base, now)
    found = month_of(account, first, now, group=group)
    if dry_run:
        return JsonResponse(_preview(edit, found))
    return JsonResponse(_done(account, actor, edit, found, base, now))


def _preview(edit: Edit, found: Month) -> Json:
    people = {person.manager.kommo_id: person.manager for person in found.people}
    cells = [
        [user, on.isoformat(), day_json(day, found, people[user], on)]
        for (user, on), day in sorted(edit.changed.items(), key=lambda item: item[0])
        if user in people
    ]
    return {"version": edit.version, "cells": cells, "skipped": edit.skipped, "dry_run": True}


def _done(
    account: Account, actor: Manager, edit: Edit, found: Month, base: int, now: datetime
) -> Json:
    later = list(
        ScheduleChange.objects.for_account(account).filter(version__gt=base).order_by("version")
    )
    keys = None if any(row.kind not in CELL_KINDS for row in later) else _keys_of(later)
    others = {row.actor_id for row in later} - {actor.kommo_id}
    return {
        "version": found.settings.version,
        "written": edit.version if edit.changed else None,
        "cells": _cells(found, keys),
        "coverage": [coverage_json(one) for one in found.coverage],
        "history": history_json(found, now),
        "states": {
            str(person.manager.kommo_id): state_json(person, found, now) for person in found.people
        },
        "skipped": edit.skipped,
        "others": sorted(names_of(account, others).values()),
    }


def _keys_of(changes: list[ScheduleChange]) -> set[Key]:
    return {key for change in changes for key in cells_of(change)}


def _cells(found: Month, keys: set[Key] | None) -> list[list[Any]]:
    """Return these cells of the month, or all of them: other layers reach everywhere."""
    return [
        [person.manager.kommo_id, on.isoformat(), cell_json(found, person, on)]
        for person in found.people
        for on in found.days
        if keys is None or (person.manager.kommo_id, on) in keys
    ]


def _conflict(
    account: Account, found: Month, conflict: EditConflict, base: int, now: datetime
) -> HttpResponse:
    later = ScheduleChange.objects.for_account(account).filter(version__gt=base)
    last = later.order_by("version").last()
    names = names_of(account, conflict.actor_ids).values()
    text = _(
        "Some of these days were changed at %(time)s by %(who)s. Look at both and decide: overwrite"
        " them with yours, or keep what is there."
    ) % {
        "who": ", ".join(names) or _("Somebody"),
        "time": clock(last.at if last else now, found.zone, now),
    }
    body = {
        "error": "conflict",
        "detail": text,
        "version": conflict.version,
        "cells": _cells(found, set(conflict.cells)),
    }
    return JsonResponse(body, status=HTTPStatus.CONFLICT)


def _refusal(
    code: str,
    detail: str,
    cells: list[Key] | None = None,
    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY,
) -> HttpResponse:
    body = {"error": code, "detail": detail, "cells": keys_json(cells or ())}
    return JsonResponse(body, status=status)
