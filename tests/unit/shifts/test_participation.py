"""The four statuses of participation as a table: who takes part, and who may change what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shifts.core.participation import Denied, Standing, Status, denied_to_self, standing_at

ON, OFF, FORCED_ON, FORCED_OFF = Status.ON, Status.OFF, Status.FORCED_ON, Status.FORCED_OFF
NOON = datetime(2026, 6, 2, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("status", "is_in", "is_forced"),
    [(ON, True, False), (OFF, False, False), (FORCED_ON, True, True), (FORCED_OFF, False, True)],
)
def test_on_takes_part_and_only_a_supervisor_forces(
    status: Status, is_in: bool, is_forced: bool
) -> None:
    assert (status.is_in, status.is_forced) == (is_in, is_forced)


# current, wanted, denied where users may change, denied where they may not
TABLE = [
    (ON, ON, None, Denied.NOT_ALLOWED),
    (ON, OFF, None, Denied.NOT_ALLOWED),
    (OFF, ON, None, Denied.NOT_ALLOWED),
    (OFF, OFF, None, Denied.NOT_ALLOWED),
    (FORCED_ON, ON, Denied.FORCED_ON, Denied.FORCED_ON),
    (FORCED_ON, OFF, Denied.FORCED_ON, Denied.FORCED_ON),
    (FORCED_OFF, ON, Denied.FORCED_OFF, Denied.FORCED_OFF),
    (FORCED_OFF, OFF, Denied.FORCED_OFF, Denied.FORCED_OFF),
    *((current, FORCED_ON, Denied.FORCING, Denied.FORCING) for current in Status),
    *((current, FORCED_OFF, Denied.FORCING, Denied.FORCING) for current in Status),
]


@pytest.mark.feature("F49", "F50")
@pytest.mark.parametrize(("current", "wanted", "free", "strict"), TABLE)
def test_a_manager_may_change_only_what_nobody_has_forced(
    current: Status, wanted: Status, free: Denied | None, strict: Denied | None
) -> None:
    assert denied_to_self(current, wanted, users_may_change=True) is free
    assert denied_to_self(current, wanted, users_may_change=False) is strict


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("after", Status)
def test_a_status_with_an_end_counts_until_that_moment(status: Status, after: Status) -> None:
    temporary = Standing(status, NOON, "dentist")
    assert standing_at(NOON - TICK, status, NOON, after, "dentist") == temporary
    assert standing_at(NOON, status, NOON, after, "dentist") == Standing(after)
    assert standing_at(NOON + TICK, status, NOON, after, "dentist") == Standing(after)


@pytest.mark.parametrize("status", Status)
def test_a_status_without_an_end_counts_for_good(status: Status) -> None:
    later = NOON + timedelta(days=10_000)
    assert standing_at(later, status, None, ON, "left") == Standing(status, None, "left")
