"""Clocks that change under a schedule: frozen days stay, days to come are planned, nothing breaks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.models import Account
from distribution.operations.policies.profiles import Person, save_person
from shifts.models import SchedulePattern, ScheduleSettings, WorkSpan
from shifts.tasks import plan_ahead
from tests.functional.schedule.cast import ANA, OLEG, World, stand, week
from tests.functional.schedule.conftest import MovableClock

pytestmark = [pytest.mark.django_db, pytest.mark.feature("F57")]

TUESDAY = date(2026, 3, 3)
# From west to east across the date line: what is Monday evening there is Tuesday's day here.
FAR_WEST, FAR_EAST = "Pacific/Honolulu", "Pacific/Auckland"


def give_clock(world: World, user: int, zone: str, now: datetime) -> None:
    save_person(world[user], Person(None, (), zone, ""), actor=None, now=now)


def spans(world: World, user: int, on: date) -> list[tuple[datetime, datetime]]:
    rows = WorkSpan.objects.filter(manager=world[user], on=on).order_by("starts_at")
    return [(row.starts_at, row.ends_at) for row in rows]


def test_a_clock_far_to_the_east_leaves_the_day_that_is_over_as_it_was(
    acme: World, clock: MovableClock
) -> None:
    monday_noon = datetime(2026, 3, 2, 22, tzinfo=UTC)  # in Honolulu; Tuesday 11:00 in Auckland
    clock.move(monday_noon)
    type(acme[OLEG]).objects.filter(pk=acme[OLEG].pk).update(zone=FAR_WEST)
    stand(acme, [OLEG], week(acme, text="09:00-13:00, 14:00-18:00"), now=monday_noon)
    frozen = spans(acme, OLEG, TUESDAY - timedelta(days=1))
    assert len(frozen) == 2

    give_clock(acme, OLEG, FAR_EAST, monday_noon)

    assert spans(acme, OLEG, TUESDAY - timedelta(days=1)) == frozen
    # Of 09:00-13:00 and 14:00-18:00 in Auckland, what Monday's hours have left.
    (first, pause), (resumes, last) = frozen
    assert spans(acme, OLEG, TUESDAY) == [
        (pause, datetime(2026, 3, 3, 0, tzinfo=UTC)),
        (last, datetime(2026, 3, 3, 5, tzinfo=UTC)),
    ]
    assert first < pause < resumes < last


def test_the_accounts_clock_may_go_back_a_day(acme: World, clock: MovableClock) -> None:
    now = datetime(2026, 3, 3, 2, tzinfo=UTC)  # Tuesday in Madrid, Monday in Los Angeles
    clock.move(now)
    stand(acme, [OLEG, ANA], week(acme, text="00:00-24:00", days=7), now=now)
    until = ScheduleSettings.objects.get(account=acme.account).planned_until
    Account.objects.filter(pk=acme.account.pk).update(zone="America/Los_Angeles")
    assert plan_ahead() == 1
    assert ScheduleSettings.objects.get(account=acme.account).planned_until == until
    assert plan_ahead() == 0
    ends = WorkSpan.objects.filter(manager=acme[OLEG]).latest("ends_at").ends_at
    assert ends == datetime(2026, 5, 5, 7, tzinfo=UTC)  # midnight in Los Angeles after the last day


def test_an_account_whose_plan_breaks_stops_no_other(
    acme: World, rival: World, clock: MovableClock
) -> None:
    stand(acme, [OLEG], pattern := week(acme))
    ScheduleSettings.objects.create(account=rival.account, planned_until=date(2026, 3, 3))
    SchedulePattern.objects.filter(pk=pattern.pk).update(cycle=[["broken"]])
    ScheduleSettings.objects.filter(account=acme.account).update(planned_until=date(2026, 3, 3))
    assert plan_ahead() == 1
    assert ScheduleSettings.objects.get(account=rival.account).planned_until > date(2026, 4, 1)
    assert ScheduleSettings.objects.get(account=acme.account).planned_until == date(2026, 3, 3)
