"""Two people decide the same swap at once: one of them does, the other is told; nothing moves twice."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.models import AuditEntry
from shifts.models import Override, ScheduleChange, Swap
from shifts.operations import swaps as operations
from shifts.operations.period import ScheduleError
from tests.functional.schedule import cast
from tests.functional.schedule.cast import ANA, MONDAY, NOON, OLEG, SONIA, VERA

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.feature("B9")]

TUESDAY = MONDAY.replace(day=3)
ROUNDS = 4


@pytest.fixture
def team(transactional_db):
    world = cast.build_acme(NOON)
    cast.stand(world, [OLEG], cast.week(world, "Early", "08:00-12:00"))
    cast.stand(world, [ANA], cast.week(world, "Late", "13:00-20:00"))
    return world


def at_once(*calls):
    """Run each call on a connection of its own, all let go together; return answers and refusals."""
    gate = threading.Barrier(len(calls))

    def run(call):
        try:
            connection.ensure_connection()
            gate.wait(timeout=10)
            return call()
        except ScheduleError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(timeout=20) for future in [pool.submit(run, call) for call in calls]]


def agreed_swap(world):
    row = operations.ask_swap(world[OLEG], TUESDAY, world[ANA], None, "", NOON)
    return operations.answer_swap(row, world[ANA], True, NOON)


@pytest.mark.parametrize("second_approves", [True, False])
def test_two_supervisors_decide_one_swap(team, second_approves):
    for round_ in range(1, ROUNDS + 1):
        row = agreed_swap(team)
        answers = at_once(
            lambda row=row: operations.decide_swap(row, team[SONIA], True, NOON),
            lambda row=row: operations.decide_swap(row, team[VERA], second_approves, NOON),
        )
        refused = [one for one in answers if isinstance(one, operations.AlreadySettled)]
        assert len(refused) == 1, answers
        row.refresh_from_db()
        moved = Override.objects.filter(swap=row).count()
        assert moved == (2 if row.state == Swap.State.APPROVED else 0)
        assert AuditEntry.objects.filter(action="swap", before__swap=row.pk).count() == 1
        if row.state == Swap.State.APPROVED:
            operations.cancel_swap(row, team[SONIA], NOON)
        assert ScheduleChange.objects.filter(kind="swap").count() <= 2 * round_


def test_a_withdrawal_and_an_approval_leave_one_of_both(team):
    for _ in range(ROUNDS):
        row = agreed_swap(team)
        answers = at_once(
            lambda row=row: operations.decide_swap(row, team[SONIA], True, NOON),
            lambda row=row: operations.withdraw_swap(row, team[OLEG], NOON),
        )
        assert sum(isinstance(one, operations.AlreadySettled) for one in answers) == 1
        row.refresh_from_db()
        assert Override.objects.filter(swap=row).exists() == (row.state == Swap.State.APPROVED)
        if row.state == Swap.State.APPROVED:
            operations.cancel_swap(row, team[SONIA], NOON)


def test_two_agreements_to_one_day_move_it_once(team):
    """Without approval, whoever agrees first takes the day."""
    operations.set_approval(team.account, is_needed=False, by=team[VERA], now=NOON)
    for _ in range(ROUNDS):
        rows = [
            operations.ask_swap(team[OLEG], TUESDAY, team[user], None, "", NOON)
            for user in (ANA, cast.MEHMET)
        ]
        answers = at_once(
            *[
                lambda row=row: operations.answer_swap(row, row.colleague, True, NOON)
                for row in rows
            ]
        )
        refused = [one for one in answers if isinstance(one, operations.CannotSwap)]
        assert len(refused) == 1, answers
        for row in rows:
            row.refresh_from_db()
        assert sorted(row.state for row in rows) == ["approved", "asked"]
        for row in rows:
            if row.state == Swap.State.APPROVED:
                operations.cancel_swap(row, team[SONIA], NOON)
            else:
                operations.withdraw_swap(row, team[OLEG], NOON)
