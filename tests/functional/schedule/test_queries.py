"""What the schedule's questions cost: a few statements whatever the number of people and days."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Manager
from distribution.queries.situation import situations_for
from shifts.models import Workday
from shifts.operations.grid import Step, edit_month
from shifts.operations.patterns import assign_pattern
from shifts.queries.availability import availability_of, schedules_of
from shifts.queries.schedule import settings_of
from tests.functional.schedule.cast import MONDAY, NOON, VERA, World, hours, week
from tests.functional.schedule.conftest import ClientOf

MOST_FOR_A_MONTH = 15
PEOPLE = 200
CELLS = 1000


@pytest.fixture
def crowd(acme: World) -> World:
    """Acme with 200 people more, half of whom follow a pattern and half of whom have their days set."""
    group = acme[VERA].group
    people = Manager.objects.bulk_create(
        Manager(account=acme.account, group=group, kommo_id=1000 + number, name=f"N{number}")
        for number in range(PEOPLE)
    )
    pattern = week(acme)
    assign_pattern(pattern, people[: PEOPLE // 2], starts_on=MONDAY, actor=None, now=NOON)
    give_hours(acme, people[PEOPLE // 2 :], "10:00-14:00, 15:00-19:00", days=CELLS // 100)
    return acme


def give_hours(world: World, people: list[Manager], text: str, *, days: int) -> None:
    cells = [
        (one.kommo_id, MONDAY + timedelta(days=number)) for one in people for number in range(days)
    ]
    edit_month(
        world.account,
        actor=None,
        base=settings_of(world.account).version,
        steps=[Step("set_hours", cells=tuple(cells), hours=hours(text))],
        now=NOON,
    )


def statements(captured: CaptureQueriesContext) -> list[str]:
    brackets = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
    return [
        query["sql"] for query in captured.captured_queries if not query["sql"].startswith(brackets)
    ]


@pytest.mark.feature("F54")
@pytest.mark.parametrize("path", ["/schedule?month=2026-03", "/schedule/month?month=2026-03"])
def test_a_month_of_two_hundred_people_costs_at_most_fifteen_statements(
    crowd: World, client_of: ClientOf, path: str
) -> None:
    client = client_of(crowd[VERA])
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
    asked = statements(captured)
    assert answer.status_code == 200
    assert len(asked) <= MOST_FOR_A_MONTH, "\n".join(asked)


def test_the_cells_of_old_changes_are_not_read_for_the_history(
    crowd: World, client_of: ClientOf
) -> None:
    with CaptureQueriesContext(connection) as captured:
        page = client_of(crowd[VERA]).get("/schedule/month?month=2026-03").json()
    (line,) = [row for row in page["history"] if row["can_undo"]]
    assert line["version"] == settings_of(crowd.account).version
    read = [sql for sql in statements(captured) if '"shifts_schedulechange"."cells"' in sql]
    assert not read


def test_an_operation_on_a_thousand_cells_costs_no_more_statements_than_one_on_one(
    crowd: World,
) -> None:
    people = list(Manager.objects.filter(account=crowd.account, kommo_id__gte=1000))
    counts = []
    for some, days, text in ((people[:1], 1, "08:00-12:00"), (people[:100], 10, "09:00-13:00")):
        with CaptureQueriesContext(connection) as captured:
            give_hours(crowd, some, text, days=days)
        counts.append(len(statements(captured)))
    assert counts[0] == counts[1] <= 25


@pytest.mark.feature("F75")
def test_days_of_many_dates_are_forgotten_in_one_statement(crowd: World) -> None:
    people = list(Manager.objects.filter(account=crowd.account, kommo_id__gte=1000))[:50]
    give_hours(crowd, people, "08:00-12:00", days=20)
    cells = [(one.kommo_id, MONDAY + timedelta(days=n)) for one in people for n in range(20)]
    with CaptureQueriesContext(connection) as captured:
        edit_month(
            crowd.account,
            actor=None,
            base=settings_of(crowd.account).version,
            steps=[Step("follow", cells=tuple(cells))],
            now=NOON,
        )
    deleted = [sql for sql in statements(captured) if sql.strip().startswith("DELETE")]
    assert len([sql for sql in deleted if "shifts_workday" in sql]) == 1
    assert not Workday.objects.filter(manager__in=people).exists()


@pytest.mark.feature("F62")
def test_who_works_now_is_one_statement(crowd: World) -> None:
    with CaptureQueriesContext(connection) as captured:
        found = schedules_of(crowd.account, NOON)
    assert len(statements(captured)) == 1
    assert sum(schedule.is_in_service for schedule in found.values()) == PEOPLE


@pytest.mark.feature("F67")
def test_everybodys_availability_is_one_statement_and_so_is_the_rest_of_a_situation(
    crowd: World,
) -> None:
    with CaptureQueriesContext(connection) as captured:
        found = availability_of(crowd.account, NOON, with_schedule=True)
    assert len(statements(captured)) == 1
    assert len(found) >= PEOPLE
    with CaptureQueriesContext(connection) as captured:
        situations_for(crowd.account.pk, NOON)
    assert len(statements(captured)) <= 3
