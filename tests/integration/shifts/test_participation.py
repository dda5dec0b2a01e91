"""Participation in the database: what a change writes, how long it lasts, what is undone, who waits for whom."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.models import AuditEntry, InboxEvent, Manager
from shifts.core.participation import Standing, Status
from shifts.models import Participation, ShiftSettings
from shifts.operations import participation as operations
from shifts.queries import participation as queries
from tests.integration.shifts.cast import (
    ANA,
    MALLORY,
    MINUTE,
    NOON,
    OLEG,
    SONIA,
    VERA,
    build_manager,
)
from tests.integration.shifts.test_races import at_once

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def participation_rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The doorbell's rings, kept away from the broker."""
    heard: list[str] = []
    monkeypatch.setattr(operations, "ring", lambda: heard.append("ring"))
    return heard


@pytest.fixture
def sonia(acme):
    return build_manager(acme, SONIA, is_supervisor=True)


def told(account):
    rows = InboxEvent.objects.for_account(account).order_by("pk")
    return [(row.kind, json.loads(bytes(row.body))) for row in rows]


def standing(manager, now=NOON):
    return queries.standing_of(manager, now)


@pytest.mark.feature("F29")
def test_who_was_never_asked_is_on(acme, oleg, ana, mallory, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert queries.standings(acme, NOON) == {OLEG: Standing(), ANA: Standing()}
    assert not Participation.objects.exists()


@pytest.mark.feature("F21")
def test_a_change_is_written_audited_told_and_rung_once(
    acme, oleg, sonia, participation_rings, django_capture_on_commit_callbacks
):
    until = NOON + 2 * DAY
    with django_capture_on_commit_callbacks(execute=True):
        former = operations.set_participation(
            oleg, status=Status.FORCED_OFF, until=until, note=" ill ", now=NOON, by=sonia
        )
    assert (former.status, former.until, former.note) == (Status.ON, None, "")
    assert standing(oleg) == Standing(Status.FORCED_OFF, until, "ill")
    entry = AuditEntry.objects.get(pk=former.entry)
    assert (entry.action, entry.actor_id, entry.at) == ("participation", SONIA, NOON)
    assert (entry.before["manager"], entry.before["status"]) == (OLEG, "on")
    assert (entry.after["status"], entry.after["note"]) == ("forced_off", "ill")
    assert told(acme) == [("availability", {"of": "participation"})]
    assert participation_rings == ["ring"]


def test_the_same_again_writes_nothing(acme, oleg, sonia):
    operations.set_participation(oleg, status=Status.ON, now=NOON, by=sonia)
    assert (Participation.objects.count(), AuditEntry.objects.count(), told(acme)) == (0, 0, [])
    operations.set_participation(oleg, status=Status.OFF, now=NOON, by=sonia)
    again = operations.set_participation(oleg, status=Status.OFF, now=NOON + HOUR, by=sonia)
    assert again.entry is None
    assert Participation.objects.get().changed_at == NOON


def test_after_its_end_the_status_before_counts_however_often_it_was_prolonged(oleg, sonia):
    operations.set_participation(oleg, status=Status.FORCED_ON, now=NOON, by=sonia)
    for days in (1, 3):
        operations.set_participation(
            oleg, status=Status.OFF, until=NOON + days * DAY, now=NOON, by=sonia
        )
    assert standing(oleg, NOON + 3 * DAY - MINUTE).status is Status.OFF
    assert standing(oleg, NOON + 3 * DAY) == Standing(Status.FORCED_ON)


def test_what_has_ended_by_itself_is_no_longer_the_base(oleg, sonia):
    operations.set_participation(oleg, status=Status.OFF, until=NOON + HOUR, now=NOON, by=sonia)
    later = NOON + 2 * HOUR
    former = operations.set_participation(
        oleg, status=Status.FORCED_OFF, until=later + HOUR, now=later, by=sonia
    )
    assert former.status is Status.ON
    assert standing(oleg, later + HOUR).status is Status.ON


@pytest.mark.parametrize("until", [NOON - MINUTE, NOON, NOON + 367 * DAY])
def test_an_end_in_the_past_or_far_away_is_refused(acme, oleg, sonia, until):
    with pytest.raises(operations.BadUntil):
        operations.set_participation(oleg, status=Status.OFF, until=until, now=NOON, by=sonia)
    assert told(acme) == []


@pytest.mark.feature("F47", "F48")
def test_a_manager_switches_off_and_on(acme, oleg):
    operations.set_own_participation(oleg, status=Status.OFF, now=NOON)
    assert standing(oleg) == Standing(Status.OFF)
    assert Participation.objects.get().changed_by == OLEG
    operations.set_own_participation(oleg, status=Status.ON, now=NOON + MINUTE)
    assert standing(oleg) == Standing(Status.ON)


@pytest.mark.parametrize(
    ("current", "wanted", "error"),
    [
        pytest.param(
            Status.FORCED_ON, Status.OFF, operations.KeptOn, marks=pytest.mark.feature("F49", "F53")
        ),
        pytest.param(
            Status.FORCED_OFF, Status.ON, operations.KeptOff, marks=pytest.mark.feature("F50")
        ),
        (Status.ON, Status.FORCED_ON, operations.ForcingDenied),
        (Status.OFF, Status.FORCED_OFF, operations.ForcingDenied),
    ],
)
def test_what_is_forced_binds_the_manager(oleg, sonia, current, wanted, error):
    operations.set_participation(oleg, status=current, now=NOON, by=sonia)
    with pytest.raises(error):
        operations.set_own_participation(oleg, status=wanted, now=NOON)
    assert standing(oleg).status is current


@pytest.mark.feature("F28", "F53")
def test_the_accounts_switch_binds_managers_and_not_supervisors(acme, oleg, sonia):
    ShiftSettings.objects.create(account=acme, users_may_change_activity=False)
    with pytest.raises(operations.OnlySupervisors):
        operations.set_own_participation(oleg, status=Status.OFF, now=NOON)
    operations.set_participation(
        sonia, status=Status.FORCED_ON, now=NOON, by=build_manager(acme, VERA, is_admin=True)
    )
    operations.set_own_participation(sonia, status=Status.OFF, now=NOON)
    assert standing(sonia).status is Status.OFF
    with pytest.raises(operations.ForcingDenied):
        operations.set_own_participation(sonia, status=Status.FORCED_OFF, now=NOON)


@pytest.mark.feature("F51")
def test_who_has_no_licence_has_nothing_to_switch(oleg):
    Manager.objects.filter(pk=oleg.pk).update(is_licensed=False)
    with pytest.raises(operations.WithoutLicence):
        operations.set_own_participation(oleg, status=Status.OFF, now=NOON)


@pytest.mark.feature("F21")
@pytest.mark.parametrize("zone", ["", "Asia/Jakarta", "Atlantis/Nowhere"])
def test_absent_today_ends_at_midnight_by_the_managers_clock(oleg, sonia, zone):
    Manager.objects.filter(pk=oleg.pk).update(zone=zone)
    oleg.refresh_from_db()
    operations.mark_absent_today(oleg, now=NOON, by=sonia)
    known = ZoneInfo("Asia/Jakarta" if zone == "Asia/Jakarta" else "UTC")
    midnight = datetime(2026, 3, 3, tzinfo=known)
    assert standing(oleg) == Standing(Status.FORCED_OFF, midnight)
    assert standing(oleg, midnight).status is Status.ON


@pytest.mark.parametrize("until", [None, NOON + 3 * DAY])
def test_absent_today_shortens_no_longer_absence(oleg, sonia, until):
    operations.set_participation(oleg, status=Status.FORCED_OFF, until=until, now=NOON, by=sonia)
    assert operations.mark_absent_today(oleg, now=NOON, by=sonia).entry is None
    assert standing(oleg).until == until


def test_several_are_set_at_once_and_undone_at_once(acme, oleg, ana, sonia):
    operations.set_participation(ana, status=Status.OFF, note="flu", now=NOON - HOUR, by=sonia)
    entries = operations.set_participation_of(
        acme, [oleg, ana], status=Status.FORCED_ON, now=NOON, by=sonia
    )
    assert len(entries) == 2
    restored = operations.undo_participation(acme, entry=entries[0], now=NOON + MINUTE, by=sonia)
    assert {one.kommo_id for one in restored} == {OLEG, ANA}
    assert standing(oleg) == Standing(Status.ON)
    assert standing(ana) == Standing(Status.OFF, None, "flu")


def test_undo_leaves_what_somebody_has_changed_since(acme, oleg, ana, sonia):
    entries = operations.set_participation_of(
        acme, [oleg, ana], status=Status.OFF, now=NOON, by=sonia
    )
    operations.set_participation(oleg, status=Status.FORCED_OFF, now=NOON + MINUTE, by=sonia)
    restored = operations.undo_participation(acme, entry=entries[1], now=NOON + HOUR, by=sonia)
    assert [one.kommo_id for one in restored] == [ANA]
    assert standing(oleg).status is Status.FORCED_OFF
    with pytest.raises(operations.NothingToUndo):
        operations.undo_participation(acme, entry=entries[0], now=NOON + HOUR, by=sonia)


def test_undo_gives_back_a_status_with_its_end_and_what_follows(acme, oleg, sonia):
    until = NOON + DAY
    operations.set_participation(oleg, status=Status.OFF, until=until, now=NOON, by=sonia)
    former = operations.set_participation(
        oleg, status=Status.FORCED_ON, now=NOON + MINUTE, by=sonia
    )
    operations.undo_participation(acme, entry=former.entry, now=NOON + HOUR, by=sonia)
    assert standing(oleg) == Standing(Status.OFF, until)
    assert standing(oleg, until) == Standing(Status.ON)


def test_another_accounts_change_is_not_undone(acme, oleg, sonia, mallory):
    former = operations.set_participation(oleg, status=Status.OFF, now=NOON, by=sonia)
    with pytest.raises(operations.NothingToUndo):
        operations.undo_participation(mallory.account, entry=former.entry, now=NOON, by=mallory)
    with pytest.raises(operations.NothingToUndo):
        operations.undo_participation(acme, entry=10**9, now=NOON, by=sonia)
    assert queries.standings(mallory.account, NOON) == {MALLORY: Standing()}


@pytest.mark.django_db(transaction=True)
def test_of_two_who_change_at_once_each_sees_what_the_other_left(acme, oleg, sonia):
    vera = build_manager(acme, VERA, is_admin=True)
    for round_ in range(5):
        now = NOON + round_ * HOUR
        operations.set_participation(oleg, status=Status.ON, now=now, by=sonia)
        AuditEntry.objects.all().delete()
        formers = at_once(
            *(
                lambda status=status, by=by, now=now: operations.set_participation(
                    oleg, status=status, now=now + MINUTE, by=by
                )
                for status, by in ((Status.FORCED_OFF, sonia), (Status.FORCED_ON, vera))
            )
        )
        first, second = sorted(formers, key=lambda former: former.entry)
        assert first.status is Status.ON
        assert second.status is not Status.ON
        steps = [
            (entry.before["status"], entry.after["status"])
            for entry in AuditEntry.objects.order_by("pk")
        ]
        assert steps[0][1] == steps[1][0]
        assert standing(oleg, now + MINUTE).status.value == steps[1][1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.feature("F50")
def test_a_manager_who_switches_on_while_being_forced_off_stays_off(acme, oleg, sonia):
    def own():
        try:
            operations.set_own_participation(oleg, status=Status.ON, now=NOON + MINUTE)
        except operations.KeptOff:
            return "denied"
        return "switched"

    for _ in range(5):
        operations.set_participation(oleg, status=Status.OFF, now=NOON, by=sonia)
        at_once(
            lambda: operations.set_participation(
                oleg, status=Status.FORCED_OFF, now=NOON + MINUTE, by=sonia
            ),
            own,
        )
        assert standing(oleg, NOON + MINUTE).status is Status.FORCED_OFF
