"""The month grid's JSON, both ways: what a browser asks for, and a month as it paints it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import date_format, get_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Account, Manager
from peresmenka.lib.moments import clock
from peresmenka.lib.zones import known_zone
from shifts.core.clock import ZoneClock
from shifts.core.grid import Key
from shifts.core.hours import Hours, check_hours, format_hours, parse_hours
from shifts.core.layers import Day, Kind, MonthCell
from shifts.labels.schedule import cause_text, change_text, short_hours, state_text, until_text
from shifts.models import PatternPreset, SchedulePattern
from shifts.operations.grid import CELL_KINDS, OPERATIONS, Step
from shifts.queries.availability import schedules_of
from shifts.queries.month import DayCoverage, HistoryEntry, Month, Person

Json = dict[str, Any]
MOST_STEPS = 50
_CODE = re.compile(r"[\w-]{0,32}", re.ASCII)


class BadRequest(ValueError):
    """The body is not what this address takes; reload the page."""


def month_from(text: str) -> date:
    """Return the first day of "2026-11", a month with neighbours. Raises BadRequest."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise BadRequest(text) from error
    if not date.min.year < first.year < date.max.year:
        raise BadRequest(text)
    return first


def steps_from(body: Any) -> list[Step]:
    """Return the operations of a request's body. Raises BadRequest, BadHours."""
    operations = body.get("operations")
    if not isinstance(operations, list) or not 1 <= len(operations) <= MOST_STEPS:
        raise BadRequest("operations")
    try:
        return [_step(one, month_from(str(body.get("month")))) for one in operations]
    except (TypeError, KeyError, AttributeError, IndexError, OverflowError) as error:
        raise BadRequest(str(error)) from error


def _step(one: Mapping[str, Any], month: date) -> Step:
    op = one["op"]
    if op not in OPERATIONS:
        raise BadRequest(str(op))
    given: Json = {"op": op}
    if op == "paste":
        given["values"] = {(int(u), _day(d)): _value(v) for u, d, v in one["cells"]}
    elif op == "copy_month":
        given["managers"] = tuple(dict.fromkeys(int(user) for user in one["managers"]))
        given["source"], given["target"] = month_from(str(one["from"])), month
    elif op == "undo":
        given["version"] = int(one["version"])
    else:
        given["cells"] = tuple((int(user), _day(on)) for user, on in one["cells"])
    if op == "set_hours":
        given["hours"] = parse_hours(one["hours"])
    if op == "day_off":
        given["off"] = one["off"] is not False
    if op == "paint":
        given["pattern_id"] = int(one["pattern"]) if one.get("pattern") else None
        given["preset"] = _preset(str(one.get("preset") or ""))
        given["anchor_on"] = _day(one["anchor"]) if one.get("anchor") else None
    return Step(**given)


def _preset(code: str) -> str:
    if not _CODE.fullmatch(code):
        raise BadRequest("preset")
    return code


def _day(text: Any) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError as error:
        raise BadRequest(str(text)) from error


def _value(value: Any) -> MonthCell | None:
    if value is None:
        return None
    hours = value.get("hours")
    day_off = value.get("day_off")
    if day_off not in (None, True, False):
        raise BadRequest("day_off")
    return MonthCell(None if hours is None else check_hours(hours), day_off)


def month_json(account: Account, month: Month, *, group: str, now: datetime) -> Json:
    """Return everything that the grid paints."""
    clock_of_account = ZoneClock(month.zone)
    return {
        "version": month.settings.version,
        "stamp": month.stamp,
        "month": f"{month.first:%Y-%m}",
        "previous": f"{_month_before(month.first):%Y-%m}",
        "next": f"{_month_after(month.first):%Y-%m}",
        "title": date_format(month.first, "F Y"),
        "today": month.today.isoformat(),
        "zone": str(month.zone),
        "group": group,
        "days": [_day_json(month, clock_of_account, on) for on in month.days],
        "first_weekday": (int(get_format("FIRST_DAY_OF_WEEK")) - 1) % 7,
        "managers": [_person_json(person, month, now) for person in month.people],
        "cells": {
            str(person.manager.kommo_id): _row_json(month, person) for person in month.people
        },
        "coverage": [coverage_json(one) for one in month.coverage],
        "patterns": [
            {"id": row.pk, "name": row.name, "anchor_on": row.anchor_on.isoformat()}
            for row in SchedulePattern.objects.for_account(account).order_by("name")
        ],
        "presets": [{"code": row.code, "name": row.name} for row in PatternPreset.objects.all()],
        "history": history_json(month, now),
    }


def _month_before(first: date) -> date:
    return (
        first.replace(year=first.year - 1, month=12)
        if first.month == 1
        else first.replace(month=first.month - 1)
    )


def _month_after(first: date) -> date:
    return (
        first.replace(year=first.year + 1, month=1)
        if first.month == 12
        else first.replace(month=first.month + 1)
    )


def _day_json(month: Month, own: ZoneClock, on: date) -> Json:
    begins, closes = own.bounds(on)
    hours = (closes - begins).total_seconds() / 3600
    return {
        "date": on.isoformat(),
        "day": on.day,
        "weekday": on.weekday(),
        "short": str(WEEKDAYS_ABBR[on.weekday()]),
        "name": str(WEEKDAYS[on.weekday()]),
        "is_weekend": on.weekday() >= 5,
        "holiday": month.layers.holidays.get(on),
        "dst": None if hours == 24 else "forward" if hours < 24 else "back",
    }


def _person_json(person: Person, month: Month, now: datetime) -> Json:
    row = person.manager
    why_not = ""
    if not row.is_active_in_kommo:
        why_not = _("deactivated in Kommo")
    elif not row.is_licensed:
        why_not = _("does not take part")
    return {
        "id": row.kommo_id,
        "name": row.name,
        "group": row.group.name if row.group else "",
        "zone": row.zone,
        "can_edit": row.is_active_in_kommo,
        "why_not": why_not,
        "frozen_before": person.frozen_before.isoformat(),
        "pattern": person.pattern,
        **state_json(person, month, now),
    }


def state_json(person: Person, month: Month, now: datetime) -> Json:
    """Return the state of a person's schedule, by the account's clock."""
    return {
        "state": person.state.state.value,
        "state_text": state_text(person.state, month.zone, now),
        "set_until": until_text(person.set_until, person.is_endless),
    }


def states_json(account: Account, now: datetime) -> Json:
    """Return the states of everybody's schedule alone, by Kommo user id: they change with time."""
    zone = known_zone(account.zone)
    return {
        str(user): {"state": found.state.value, "state_text": state_text(found, zone, now)}
        for user, found in schedules_of(account, now).items()
    }


def _row_json(month: Month, person: Person) -> Json:
    cells = {on.isoformat(): cell_json(month, person, on) for on in month.days}
    return {on: cell for on, cell in cells.items() if cell is not None}


def cell_json(month: Month, person: Person, on: date) -> Json | None:
    """Return a cell as the grid paints it; None for an empty one."""
    return day_json(month.day(person, on), month, person.manager, on)


def day_json(day: Day, month: Month, manager: Manager, on: date) -> Json | None:
    """Return a day as the grid paints it; None for an empty one."""
    if day.kind is Kind.EMPTY:
        return None
    text, short = _texts(day.hours)
    return {
        "kind": day.kind.value,
        "hours": day.hours,
        "text": text,
        "short": short,
        "cause": day.cause.value if day.cause else None,
        "cause_text": _cause_text(day, month, manager, on) if day.cause else "",
        "layer": day.layer.value,
    }


@lru_cache(maxsize=2048)
def _texts(hours: Hours) -> tuple[str, str]:
    """Return hours in full and short, in figures alone: the same in every language."""
    return format_hours(hours), short_hours(hours)


def _cause_text(day: Day, month: Month, manager: Manager, on: date) -> str:
    return cause_text(
        day,
        holiday=month.layers.holidays.get(on, ""),
        absence=month.layers.absence_on(manager.pk, on),
    )


def coverage_json(one: DayCoverage) -> Json:
    """Return a day of the coverage row."""
    people = ngettext("%(number)s person", "%(number)s people", one.people) % {"number": one.people}
    text = _("%(people)s; fewest at a needed hour: %(least)s") % {
        "people": people,
        "least": one.least,
    }
    return {
        "date": one.on.isoformat(),
        "people": one.people,
        "least": one.least,
        "gap": one.is_gap,
        "text": text,
    }


def history_json(month: Month, now: datetime) -> list[Json]:
    """Return the latest changes, newest first."""
    return [
        {
            "version": change.version,
            "at": clock(change.at, month.zone, now),
            "by": change.actor or _("Peresmenka"),
            "text": change_text(change.kind, change.summary),
            "can_undo": can_undo(change),
        }
        for change in month.history
    ]


def can_undo(change: HistoryEntry) -> bool:
    """Say whether the history can take a change back; those of the grid always have cells."""
    return change.undone_by is None and change.kind in CELL_KINDS


def names_of(account: Account, users: Iterable[int | None]) -> dict[int, str]:
    """Return the names of managers by Kommo user id."""
    wanted = [user for user in users if user is not None]
    rows = Manager.objects.for_account(account).filter(kommo_id__in=wanted)
    return dict(rows.values_list("kommo_id", "name"))


def keys_json(keys: Iterable[Key]) -> list[list[Any]]:
    """Return cells as the browser names them; those without a day are left out."""
    return [[user, on.isoformat()] for user, on in keys if on != date.min]
