"""Schedules of a large team: who works now, the month grid, an operation on many of its cells.

A month of 200 people, and three years behind them: what is asked for each lead must not grow with it.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.identity import SESSION_KEY
from accounts.models import Account, Group, Manager
from peresmenka.lib.clock import set_clock
from shifts.core.grid import days_of
from shifts.core.hours import parse_hours
from shifts.operations.grid import Step, edit_month
from shifts.operations.patterns import assign_pattern, create_pattern
from shifts.queries.availability import availability_of, schedules_of
from shifts.queries.schedule import settings_of

NOW = datetime.fromisoformat("2026-09-23T08:00:00+00:00")  # a Wednesday
MONTH = date(2026, 10, 1)
OFFICE = parse_hours("09:00-13:00, 14:00-18:00")
CELLS = 1000
_DAY = timedelta(days=1)
# The days before today as they would have been planned and frozen: five of seven are worked.
_PAST_DAYS = """
INSERT INTO shifts_plannedday (account_id, manager_id, "on", kind, cause, hours, begins_at, closes_at)
SELECT m.account_id, m.id, d::date, 'work', '', '[[540, 780], [840, 1080]]', d, d + interval '1 day'
FROM accounts_manager m, generate_series(%(first)s::timestamptz, %(last)s, '1 day') d
WHERE m.account_id = %(account)s AND extract(isodow FROM d) < 6
ON CONFLICT DO NOTHING
"""
_PAST_SPANS = """
INSERT INTO shifts_workspan (account_id, manager_id, "on", starts_at, ends_at)
SELECT p.account_id, p.manager_id, p."on", p.begins_at + make_interval(hours => h.start),
       p.begins_at + make_interval(hours => h.start + 4)
FROM shifts_plannedday p, (VALUES (9), (14)) h(start)
WHERE p.account_id = %(account)s AND p.closes_at <= %(last)s
ON CONFLICT DO NOTHING
"""


def make_team(number: int, managers: int) -> Account:
    """Create an account of one group, all of whom follow a pattern of two intervals a day."""
    account = Account.objects.create(
        kommo_id=900_000 + number,
        host=f"schedules{number}.kommo.com",
        name="Schedules",
        zone="UTC",
        installed_at=NOW,
        hook_digest=f"schedules {number}".encode(),
    )
    group = Group.objects.create(account=account, kommo_id=0, name="Sales")
    people = Manager.objects.bulk_create(
        Manager(account=account, group=group, kommo_id=1000 + user, name=f"Manager {user}")
        for user in range(managers)
    )
    people[0].is_admin = True
    people[0].save(update_fields=["is_admin"])
    week = [OFFICE] * 5 + [()] * 2
    monday = NOW.date() - NOW.weekday() * _DAY
    pattern = create_pattern(account, name="5/2", cycle=week, anchor_on=monday, actor=None, now=NOW)
    assign_pattern(pattern, people, starts_on=NOW.date(), actor=None, now=NOW)
    return account


def remember(account: Account, days: int) -> None:
    """Give everybody a past of so many days, and let PostgreSQL know of it."""
    last = NOW.replace(hour=0)
    values: dict[str, Any] = {
        "account": account.pk,
        "first": last - days * _DAY,
        "last": last - _DAY,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PAST_DAYS, values)
        cursor.execute(_PAST_SPANS, {**values, "last": last})
        cursor.execute("ANALYZE shifts_plannedday, shifts_workspan")


def reads(account: Account) -> dict[str, Any]:
    """Return what the questions of each lead and of the board cost, in milliseconds."""
    return {
        "availability_ms": milliseconds(
            lambda: availability_of(account, NOW, with_schedule=True), 50
        ),
        "without_schedule_ms": milliseconds(
            lambda: availability_of(account, NOW, with_schedule=False), 50
        ),
        "who_works_ms": milliseconds(lambda: schedules_of(account, NOW), 50),
        "rows_touched": rows_touched(account),
    }


def rows_touched(account: Account) -> dict[str, int]:
    """Return how often the two indexes are probed by "who works now", and the rows each probe reads."""
    with CaptureQueriesContext(connection) as captured:
        schedules_of(account, NOW)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {captured[0]['sql']}")
        (plan,) = cursor.fetchone()[0]
    found: dict[str, int] = {"buffers": plan["Plan"]["Shared Hit Blocks"]}
    _walk(plan["Plan"], found)
    return found


def _walk(node: dict[str, Any], found: dict[str, int]) -> None:
    name = node.get("Index Name", "")
    if node.get("Relation Name") in ("shifts_plannedday", "shifts_workspan"):
        found[f"probes {name or node['Node Type']}"] = node["Actual Loops"]
        found[f"rows a probe {name or node['Node Type']}"] = round(node["Actual Rows"])
    for child in node.get("Plans", ()):
        _walk(child, found)


def grid(account: Account) -> dict[str, Any]:
    """Return what a month as a page, as JSON and an operation on many cells cost."""
    set_clock(NOW)
    try:
        return _grid(account)
    finally:
        set_clock(None)


def _grid(account: Account) -> dict[str, Any]:
    client = Client(headers={"host": "127.0.0.1"})
    session = client.session
    session[SESSION_KEY] = Manager.objects.get(account=account, is_admin=True).pk
    session.save()
    page, month = "/schedule?month=2026-10", "/schedule/month?month=2026-10"
    client.get(page)  # what is read once a process is read
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(month)
    asked = len(captured)  # the next request forgets them
    operation, statements = operations(account, client)
    return {
        "page_ms": milliseconds(lambda: client.get(page), 7),
        "month_ms": milliseconds(lambda: client.get(month), 7),
        "month_queries": asked,
        "month_kilobytes": round(len(answer.content) / 1024),
        "operation_ms": operation,
        "operation_without_answer_ms": milliseconds(lambda: edit(account), 7),
        "operation_queries": statements,
    }


def operations(account: Account, client: Client) -> tuple[float, int]:
    """Return the milliseconds and statements of an operation on 1,000 cells, answer included."""
    people = Manager.objects.for_account(account).order_by("pk")
    users = people.values_list("kommo_id", flat=True)[: CELLS // 20]
    cells = [[user, on.isoformat()] for user in users for on in days_of(MONTH)[:20]]
    texts = iter(f"{8 + number}:00-20:00" for number in range(9))

    def operate() -> None:
        body = {
            "base": settings_of(account).version,
            "month": "2026-10",
            "operations": [{"op": "set_hours", "cells": cells, "hours": next(texts)}],
        }
        answer = client.post(
            "/schedule/operations", json.dumps(body), content_type="application/json"
        )
        assert answer.status_code == 200, answer.content

    with CaptureQueriesContext(connection) as captured:
        operate()
    statements = len(captured)
    return milliseconds(operate, 7), statements


_minutes = iter(range(100))


def edit(account: Account) -> None:
    """Give 1,000 cells other hours, without an answer."""
    users = Manager.objects.for_account(account).order_by("pk").values_list("kommo_id", flat=True)
    cells = tuple((user, on) for user in users[: CELLS // 20] for on in days_of(MONTH)[:20])
    hours = ((360 + next(_minutes), 1200),)
    base = settings_of(account).version
    step = Step("set_hours", cells=cells, hours=hours)
    edit_month(account, actor=None, base=base, steps=[step], now=NOW)


def milliseconds(work: Callable[[], Any], times: int) -> float:
    """Return the median of several runs."""
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        spent.append(1000 * (time.perf_counter() - began))
    return round(statistics.median(spent), 1)
