"""The month grid over HTTP: operations on cells, all or none, conflicts told, the past frozen."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import InboxEvent, Manager
from peresmenka.lib.clock import read_clock
from shifts.models import Holiday, Override, PlannedDay, ScheduleChange, Workday, WorkSpan
from shifts.operations.plan import changing
from shifts.tasks import plan_ahead
from tests.functional.schedule.cast import (
    ANA,
    MALLORY,
    MONDAY,
    NOON,
    OLEG,
    SONIA,
    VERA,
    World,
    in_service,
    planned,
    stand,
    week,
)
from tests.functional.schedule.conftest import ClientOf, MovableClock

Json = dict[str, Any]
TUESDAY, FRIDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=4)


class Grid:
    """A supervisor's page: it knows the version that it has seen last."""

    def __init__(self, client: Client, month: str = "2026-03") -> None:
        self.client = client
        self.month = month
        self.version = self.read()["version"]

    def read(self, month: str = "") -> Json:
        answer = self.client.get("/schedule/month", {"month": month or self.month})
        assert answer.status_code == 200
        body: Json = answer.json()
        return body

    def post(self, *operations: Json, status: int = 200, **more: Any) -> Json:
        body = {"month": self.month, "base": self.version, "operations": operations, **more}
        answer = self.client.post(
            "/schedule/operations", json.dumps(body), content_type="application/json"
        )
        assert answer.status_code == status, answer.content
        found: Json = answer.json()
        if status == 200:
            self.version = found["version"]
        return found

    def cell(self, user: int, on: date) -> Json | None:
        cells = self.read(f"{on:%Y-%m}")["cells"].get(str(user), {})
        found: Json | None = cells.get(on.isoformat())
        return found

    def set(self, user: int, *days: date, hours: str = "09:00-18:00", **more: Any) -> Json:
        return self.post(op("set_hours", user, *days, hours=hours), **more)


def op(name: str, user: int, *days: date, **more: Any) -> Json:
    return {"op": name, "cells": [[user, on.isoformat()] for on in days], **more}


@pytest.fixture
def grid(acme: World, client_of: ClientOf) -> Grid:
    return Grid(client_of(acme[SONIA]))


@pytest.mark.feature("F60", "F69")
def test_hours_that_are_set_are_saved_and_worked(grid: Grid, acme: World) -> None:
    answer = grid.set(OLEG, MONDAY, TUESDAY, hours="09:00-13:00, 14:00-18:00")
    assert [cell[:2] for cell in answer["cells"]] == [[OLEG, "2026-03-02"], [OLEG, "2026-03-03"]]
    assert grid.cell(OLEG, TUESDAY)["text"] == "09:00–13:00, 14:00–18:00"
    assert grid.cell(OLEG, TUESDAY)["layer"] == "month"
    assert in_service(acme, read_clock()) == {OLEG}  # it is noon in Madrid
    assert answer["states"][str(OLEG)]["state_text"] == "In service until 13:00"


def test_an_edit_tells_the_inbox_and_the_history(
    grid: Grid, acme: World, rings: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = grid.set(OLEG, MONDAY)
    event = InboxEvent.objects.for_account(acme.account).get()
    assert (event.kind, json.loads(bytes(event.body))) == ("availability", {"of": "schedule"})
    assert rings == ["schedule"]
    (line,) = answer["history"]
    assert (line["by"], line["text"], line["can_undo"]) == (
        "Sonia Marques",
        "Hours set on 1 day",
        True,
    )


@pytest.mark.feature("F75", "F66", "R35")
def test_clearing_deletes_hours_and_day_off(grid: Grid) -> None:
    grid.set(OLEG, MONDAY)
    grid.post(op("day_off", OLEG, MONDAY, off=True))
    answer = grid.post(op("clear", OLEG, MONDAY))
    assert grid.cell(OLEG, MONDAY) is None
    assert answer["states"][str(OLEG)]["state"] == "empty"
    assert not Workday.objects.exists()


@pytest.mark.feature("F76", "F77", "F65")
def test_a_day_off_keeps_the_hours_and_gives_them_back(grid: Grid, acme: World) -> None:
    grid.set(OLEG, MONDAY, hours="09:00-13:00, 14:00-18:00")
    before = grid.cell(OLEG, MONDAY)
    answer = grid.post(op("day_off", OLEG, MONDAY, off=True))
    off = grid.cell(OLEG, MONDAY)
    assert (off["kind"], off["cause"], off["hours"]) == ("day_off", "marked", before["hours"])
    assert answer["states"][str(OLEG)]["state"] == "day_off"
    assert in_service(acme, read_clock()) == set()
    grid.post(op("day_off", OLEG, MONDAY, off=False))
    assert grid.cell(OLEG, MONDAY) == before
    assert in_service(acme, read_clock()) == {OLEG}


@pytest.mark.feature("F78")
def test_a_day_off_without_hours_is_refused_and_nothing_is_written(grid: Grid) -> None:
    grid.set(OLEG, MONDAY)
    answer = grid.post(op("day_off", OLEG, MONDAY, TUESDAY, off=True), status=422)
    assert answer["error"] == "no_hours"
    assert answer["cells"] == [[OLEG, "2026-03-03"]]
    assert "set working hours" in answer["detail"]
    assert grid.cell(OLEG, MONDAY)["kind"] == "work"


@pytest.mark.parametrize(
    ("hours", "code"),
    [
        ("09:00-13:00, 12:00-15:00", "overlap"),
        ("09:00-09:00", "zero_length"),
        ("25:00-26:00", "not_a_time"),
        ("morning", "not_a_time"),
        ("1-2, 3-4, 5-6, 7-8, 9-10, 11-12, 13-14", "too_many"),
    ],
)
def test_hours_that_contradict_themselves_are_refused_with_the_cause(
    grid: Grid, hours: str, code: str
) -> None:
    answer = grid.set(OLEG, MONDAY, hours=hours, status=422)
    assert answer["error"] == code
    assert answer["detail"]
    assert not Workday.objects.exists()


def test_an_end_before_the_start_is_over_midnight(
    grid: Grid, acme: World, clock: MovableClock
) -> None:
    grid.set(OLEG, MONDAY, hours="22:00-06:00")
    assert grid.cell(OLEG, MONDAY)["hours"] == [[1320, 1800]]
    clock.tick(hours=17)  # Tuesday, 05:00 in Madrid
    assert in_service(acme, read_clock()) == {OLEG}


@pytest.mark.parametrize(
    ("on", "code"), [(date(2026, 3, 1), "past"), (date(2031, 3, 1), "far_away")]
)
def test_days_that_are_over_or_years_away_are_refused(grid: Grid, on: date, code: str) -> None:
    answer = grid.set(OLEG, MONDAY, on, status=422)
    assert (answer["error"], answer["cells"]) == (code, [[OLEG, on.isoformat()]])
    assert not Workday.objects.exists()


@pytest.mark.feature("B9")
def test_yesterday_stays_as_it_was_whatever_is_changed_today(
    grid: Grid, acme: World, clock: MovableClock
) -> None:
    pattern = week(acme)
    stand(acme, [OLEG], pattern)
    monday = (planned(acme, OLEG, MONDAY), list(WorkSpan.objects.filter(on=MONDAY).values()))
    clock.tick(days=1)
    with changing(acme.account, kind="pattern", actor=None, now=clock.now) as change:
        pattern.cycle = [[[600, 700]]] * 7
        pattern.save(update_fields=["cycle"])
        change.touch(None, MONDAY, None)
    Manager.objects.filter(kommo_id=OLEG).update(zone="Asia/Tokyo")
    Holiday.objects.create(account=acme.account, on=MONDAY, name="Late")
    assert (
        planned(acme, OLEG, MONDAY),
        list(WorkSpan.objects.filter(on=MONDAY).values()),
    ) == monday
    assert grid.cell(OLEG, MONDAY)["text"] == "09:00–18:00"
    assert grid.cell(OLEG, TUESDAY + timedelta(days=1))["text"] == "10:00–11:40"


def test_two_supervisors_on_different_days_do_not_disturb_each_other(
    grid: Grid, acme: World, client_of: ClientOf
) -> None:
    other = Grid(client_of(acme[VERA]))
    grid.set(OLEG, MONDAY)
    answer = other.set(OLEG, TUESDAY)
    assert answer["others"] == ["Sonia Marques"]
    assert {tuple(cell[:2]) for cell in answer["cells"]} == {
        (OLEG, "2026-03-02"),
        (OLEG, "2026-03-03"),
    }


def test_a_conflict_shows_the_others_change_and_loses_nothing(
    grid: Grid, acme: World, client_of: ClientOf
) -> None:
    other = Grid(client_of(acme[VERA]))
    grid.set(OLEG, MONDAY, hours="10:00-12:00")
    answer = other.set(OLEG, MONDAY, TUESDAY, status=409)
    assert answer["error"] == "conflict"
    assert "Sonia Marques" in answer["detail"]
    ((user, on, theirs),) = answer["cells"]
    assert (user, on, theirs["text"]) == (OLEG, "2026-03-02", "10:00–12:00")
    assert grid.cell(OLEG, TUESDAY) is None
    other.version = answer["version"]  # they have looked, and overwrite
    other.set(OLEG, MONDAY, TUESDAY)
    assert grid.cell(OLEG, MONDAY)["text"] == "09:00–18:00"


def test_a_change_is_undone_and_the_undoing_too(grid: Grid) -> None:
    grid.set(OLEG, MONDAY, hours="10:00-12:00")
    first = grid.version
    grid.set(OLEG, MONDAY)
    second = grid.version
    grid.post({"op": "undo", "version": second})
    assert grid.cell(OLEG, MONDAY)["text"] == "10:00–12:00"
    grid.post({"op": "undo", "version": grid.version})
    assert grid.cell(OLEG, MONDAY)["text"] == "09:00–18:00"
    answer = grid.post({"op": "undo", "version": first}, status=409)
    assert answer["error"] == "conflict"  # what it made has been changed since
    answer = grid.post({"op": "undo", "version": second}, status=422)
    assert answer["error"] == "unknown_change"  # it has been undone already


@pytest.mark.usefixtures("presets")
def test_a_dry_run_says_what_would_change_and_writes_nothing(grid: Grid) -> None:
    painted = op("paint", OLEG, *[MONDAY + timedelta(days=n) for n in range(4)], preset="2-2")
    answer = grid.post(painted, dry_run=True)
    assert [cell[2]["kind"] for cell in answer["cells"]] == ["work", "work", "day_off", "day_off"]
    assert not ScheduleChange.objects.exists()
    grid.post(painted)
    assert grid.cell(OLEG, TUESDAY)["text"] == "09:00–21:00"
    assert grid.cell(OLEG, MONDAY + timedelta(days=2))["cause"] == "rest"


@pytest.mark.feature("F55")
def test_a_pattern_of_the_account_is_painted_from_its_own_anchor(grid: Grid, acme: World) -> None:
    pattern = week(acme, text="08:00-12:00")
    days = [date(2026, 3, 28) + timedelta(days=number) for number in range(4)]  # Sat, Sun (DST)
    grid.post(op("paint", OLEG, *days, pattern=pattern.pk))
    cells = [grid.cell(OLEG, on) for on in days]
    assert [cell["kind"] for cell in cells] == ["day_off", "day_off", "work", "work"]
    spans = WorkSpan.objects.filter(on=days[2]).get()
    assert spans.starts_at.hour == 6  # 08:00 of summer time


def test_a_month_is_copied_by_weekday_and_only_into_days_to_come(grid: Grid) -> None:
    fridays = [FRIDAY + timedelta(weeks=number) for number in range(4)]
    grid.set(OLEG, *fridays, hours="12:00-20:00")
    april = Grid(grid.client, "2026-04")
    april.post({"op": "copy_month", "managers": [OLEG], "from": "2026-03"})
    cells = april.read()["cells"][str(OLEG)]
    assert sorted(cells) == ["2026-04-03", "2026-04-10", "2026-04-17", "2026-04-24"]
    answer = Grid(grid.client).post(
        {"op": "copy_month", "managers": [OLEG], "from": "2026-04"}, dry_run=True
    )
    assert answer["cells"] == []  # the same again


def test_cells_are_pasted_as_they_were_copied(grid: Grid) -> None:
    value = {"hours": [[540, 780]], "day_off": True}
    grid.post({"op": "paste", "cells": [[ANA, "2026-03-05", value], [ANA, "2026-03-06", None]]})
    found = grid.cell(ANA, date(2026, 3, 5))
    assert (found["kind"], found["text"]) == ("day_off", "09:00–13:00")


@pytest.mark.feature("B10")
def test_a_holiday_is_off_until_it_is_lifted_for_one_person(grid: Grid, acme: World) -> None:
    with changing(acme.account, kind="holiday", actor=None, now=NOON) as change:
        Holiday.objects.create(account=acme.account, on=MONDAY, name="Founders’ day")
        change.touch(None, MONDAY, MONDAY)
    grid = Grid(grid.client)
    grid.post(
        op("set_hours", OLEG, MONDAY, hours="9-18"), op("set_hours", ANA, MONDAY, hours="9-18")
    )
    assert grid.cell(OLEG, MONDAY)["cause_text"] == "Holiday: Founders’ day"
    grid.post(op("day_off", OLEG, MONDAY, off=False))
    assert in_service(acme, read_clock()) == {OLEG}
    assert grid.cell(ANA, MONDAY)["text"] == "09:00–18:00"  # kept underneath


def test_an_override_stands_over_the_grid(grid: Grid, acme: World, clock: MovableClock) -> None:
    grid.set(OLEG, MONDAY)
    with changing(acme.account, kind="override", actor=None, now=clock.now) as change:
        Override.objects.create(
            account=acme.account,
            manager=acme[OLEG],
            starts_on=MONDAY,
            ends_on=FRIDAY,
            kind="absence",
            cause="sick",
            note="flu",
            created_at=clock.now,
        )
        change.touch([acme[OLEG].pk], MONDAY, FRIDAY)
    found = grid.cell(OLEG, MONDAY)
    assert (found["layer"], found["cause_text"]) == ("override", "Sick: flu")
    assert in_service(acme, read_clock()) == set()


@pytest.mark.feature("F61")
def test_the_table_says_up_to_when_a_schedule_is_set(grid: Grid, acme: World) -> None:
    answer = grid.set(OLEG, date(2026, 3, 31))
    assert answer["states"][str(OLEG)]["set_until"] == "until 31 Mar 2026"
    stand(acme, [ANA], week(acme))
    rows = {row["id"]: row for row in grid.read()["managers"]}
    assert (rows[ANA]["set_until"], rows[ANA]["pattern"]) == ("until further notice", "5/2")
    assert rows[VERA]["set_until"] == "no schedule"


def test_somebody_deactivated_keeps_their_days_but_nobody_changes_them(
    grid: Grid, acme: World
) -> None:
    grid.set(OLEG, MONDAY, TUESDAY)
    Manager.objects.filter(kommo_id=OLEG).update(is_active_in_kommo=False)
    rows = {row["id"]: row for row in grid.read()["managers"]}
    assert (rows[OLEG]["can_edit"], rows[OLEG]["why_not"]) == (False, "deactivated in Kommo")
    assert grid.cell(OLEG, TUESDAY)["kind"] == "work"
    answer = grid.post(op("clear", OLEG, TUESDAY), status=422)
    assert answer["error"] == "manager_inactive"
    assert PlannedDay.objects.filter(on=TUESDAY).exists()


@pytest.mark.feature("F57")
def test_another_zone_of_the_account_moves_the_hours_to_come(
    grid: Grid, acme: World, clock: MovableClock
) -> None:
    grid.set(OLEG, MONDAY, TUESDAY, hours="09:00-13:00")
    assert in_service(acme, read_clock()) == {OLEG}
    type(acme.account).objects.update(zone="America/New_York")  # 06:00 there
    assert plan_ahead() == 1
    assert in_service(acme, read_clock()) == set()
    clock.tick(hours=4)
    assert in_service(acme, read_clock()) == {OLEG}


def test_days_come_within_the_horizon_by_themselves(
    grid: Grid, acme: World, clock: MovableClock
) -> None:
    stand(acme, [OLEG], week(acme))
    last = PlannedDay.objects.latest("on").on
    assert plan_ahead() == 0
    clock.tick(days=30)
    assert plan_ahead() == 1
    assert PlannedDay.objects.latest("on").on == last + timedelta(days=30)
    assert InboxEvent.objects.filter(kind="availability").exists()


def test_coverage_counts_people_and_finds_the_gap(grid: Grid) -> None:
    answer = grid.set(OLEG, MONDAY, hours="09:00-18:00")
    by_day = {row["date"]: row for row in answer["coverage"]}
    assert (by_day["2026-03-02"]["people"], by_day["2026-03-02"]["gap"]) == (1, False)
    assert (by_day["2026-03-03"]["people"], by_day["2026-03-03"]["gap"]) == (0, True)
    answer = grid.set(OLEG, MONDAY, hours="09:00-13:00, 14:00-18:00")
    assert answer["coverage"][1]["gap"] is True  # nobody at lunch


def test_a_page_that_has_seen_the_version_gets_only_what_time_has_changed(
    grid: Grid, clock: MovableClock
) -> None:
    grid.set(OLEG, MONDAY, hours="09:00-13:00")
    seen = {"month": grid.month, "seen": grid.read()["stamp"]}
    clock.tick(hours=3)
    light = grid.client.get("/schedule/month", seen).json()
    assert set(light) == {"states"}
    assert light["states"][str(OLEG)] == {"state": "completed", "state_text": "Completed"}
    clock.tick(hours=12)  # another day: other days are frozen
    fresh = grid.client.get("/schedule/month", seen).json()
    assert "days" in fresh
    seen["seen"] = fresh["stamp"]
    grid.set(OLEG, TUESDAY)
    fresh = grid.client.get("/schedule/month", seen).json()
    assert fresh["version"] == grid.version
    seen["seen"] = fresh["stamp"]
    Manager.objects.filter(kommo_id=OLEG).update(name="Oleg the Great")
    assert "days" in grid.client.get("/schedule/month", seen).json()


@pytest.mark.feature("F18", "R33")
def test_only_supervisors_reach_the_grid(acme: World, client_of: ClientOf) -> None:
    for path in ("/schedule", "/schedule/month"):
        assert client_of(acme[OLEG]).get(path).status_code == 403
        assert client_of(acme[SONIA]).get(path).status_code == 200
        assert client_of(acme[VERA]).get(path).status_code == 200
    answer = client_of(acme[OLEG]).post("/schedule/operations", "{}", "application/json")
    assert answer.status_code == 403
    assert client_of(None).post("/schedule/operations").status_code == 401


def test_a_strangers_people_and_patterns_do_not_exist(
    grid: Grid, acme: World, rival: World
) -> None:
    theirs = week(rival, name="theirs")
    answer = grid.set(MALLORY, MONDAY, status=422)
    assert answer["error"] == "unknown_manager"
    answer = grid.post(op("paint", OLEG, MONDAY, pattern=theirs.pk), status=422)
    assert answer["error"] == "unknown_pattern"
    assert str(MALLORY) not in grid.read()["cells"]
    assert theirs.pk not in [row["id"] for row in grid.read()["patterns"]]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"base": "x", "month": "2026-03", "operations": []}',
        '{"base": 0, "month": "2026-13", "operations": [{"op": "clear", "cells": []}]}',
        '{"base": 0, "month": "2026-03", "operations": [{"op": "nonsense"}]}',
        '{"base": 0, "month": "2026-03", "operations": [{"op": "clear", "cells": [[13]]}]}',
        '{"base": 0, "month": "2026-03", "operations": [{"op": "clear", "cells": [[13, "x"]]}]}',
        '{"base": 0, "month": "2026-03", "operations": [{"op": "set_hours", "cells": 5, "hours": 9}]}',
        '{"base": 0, "month": "2026-03", "operations": [{"op": "paste", "cells": [[13, "2026-03-05", 7]]}]}',
        '{"base": 0, "month": "2026-03", "operations": [{"op": "undo", "version": null}]}',
        '{"base": 9e99, "month": "2026-03", "operations": [{"op": "undo", "version": 1e99}]}',
    ],
)
def test_a_body_that_makes_no_sense_is_refused_with_a_next_step(grid: Grid, body: str) -> None:
    answer = grid.client.post("/schedule/operations", body, content_type="application/json")
    assert answer.status_code in (400, 422)
    assert answer.json()["detail"]


@pytest.mark.parametrize("month", ["", "2026-3", "9999-12", "0001-01", "x", "2026-13"])
def test_a_month_that_is_none_shows_this_one(grid: Grid, month: str) -> None:
    assert grid.client.get("/schedule/month", {"month": month}).json()["month"] == "2026-03"


def test_a_group_shows_its_own_people_and_everybodys_coverage(grid: Grid) -> None:
    grid.set(OLEG, MONDAY)
    found = grid.client.get("/schedule/month", {"month": "2026-03", "group": "5"}).json()
    assert [row["name"] for row in found["managers"]] == ["Irina Belova", "Mehmet Kaya"]
    assert found["coverage"][1]["people"] == 1
