"""What the coverage of a large team costs."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Manager
from shifts.models import WorkSpan
from shifts.queries.coverage import coverage_of
from tests.functional.schedule import cast
from tests.functional.schedule.cast import ANA, MONDAY, NOON


def test_two_hundred_managers_over_four_weeks_cost_two_queries(
    acme: cast.World,
) -> None:
    account = acme.account
    cast.stand(acme, [ANA], cast.week(acme))
    crowd = Manager.objects.bulk_create(
        Manager(account=account, kommo_id=1000 + number, name=f"Manager {number}")
        for number in range(200)
    )
    # Everybody begins at a minute of their own: nothing folds.
    WorkSpan.objects.bulk_create(
        WorkSpan(
            account=account,
            manager=manager,
            on=MONDAY + timedelta(days=day),
            starts_at=NOON + timedelta(days=day, minutes=2 * place),
            ends_at=NOON + timedelta(days=day, minutes=2 * place + 480),
        )
        for place, manager in enumerate(crowd)
        for day in range(28)
    )
    with CaptureQueriesContext(connection) as queries:
        found = coverage_of(account, MONDAY, 28, NOON)
    assert len(queries) == 2
    assert found.most > 100
