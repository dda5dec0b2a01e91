"""Who may work on an account: one worker at a time, another one once the lease has run out."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from accounts.models import Account, InboxEvent, Lane
from distribution.models import Decision, Effect, LeadMirror
from distribution.operations import lanes
from distribution.operations.deciding.turn import take_turn
from distribution.operations.delivering.deliver import deliver
from tests.integration.lanes.cast import (
    ANA,
    OLEG,
    FakeKommo,
    at_once,
    build_account,
    elsewhere,
    tell_of,
)

pytestmark = pytest.mark.django_db(transaction=True)
DECIDE = Lane.Kind.DECIDE


def let_leases_run_out() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_lane SET lease_until = clock_timestamp() - interval '1 second'"
            " WHERE lease_until IS NOT NULL"
        )


def test_of_two_workers_that_race_one_gets_the_lane(acme: Account) -> None:
    tell_of(acme, 1)
    for _ in range(10):
        leases = at_once(*[lambda: lanes.claim_lane(kind=DECIDE)] * 4)
        held = [lease for lease in leases if lease is not None]
        assert len(held) == 1
        lanes.release_lane(held[0])


def test_a_locked_lane_is_passed_over_not_waited_for(acme: Account) -> None:
    rival = build_account(2002, OLEG)
    tell_of(acme, 1)
    tell_of(rival, 1)
    with transaction.atomic():
        Lane.objects.select_for_update().get(account=acme, kind=DECIDE)
        lease = elsewhere(lambda: lanes.claim_lane(kind=DECIDE))
    assert lease.account_id == rival.pk
    assert lanes.claim_lane(kind=DECIDE).account_id == acme.pk  # type: ignore[union-attr]


def test_a_lease_that_ran_out_is_taken_over_and_the_late_one_holds_nothing(acme: Account) -> None:
    tell_of(acme, 1)
    late = lanes.claim_lane(kind=DECIDE)
    assert late is not None
    assert lanes.claim_lane(kind=DECIDE) is None
    let_leases_run_out()
    heir = lanes.claim_lane(kind=DECIDE)
    assert heir is not None
    assert heir.token == late.token + 1
    with pytest.raises(lanes.LostLane), transaction.atomic():
        lanes.hold_lane(late)
    lanes.release_lane(late)
    assert lanes.claim_lane(kind=DECIDE) is None, "a late release must not free the heir's lane"


def test_a_worker_that_lost_its_lane_writes_nothing(acme: Account, kommo: FakeKommo) -> None:
    tell_of(acme, 1, 2, 3)

    def overtaken() -> None:
        let_leases_run_out()
        assert elsewhere(take_turn) == acme.pk

    kommo.before_read = overtaken
    take_turn()
    decisions = Decision.objects.for_account(acme).filter(chosen_id__isnull=False)
    assert sorted(decisions.values_list("lead_id", flat=True)) == [1, 2, 3]
    assert Effect.objects.for_account(acme).count() == 3
    assert not InboxEvent.objects.filter(done_at=None).exists()


def test_a_delivery_that_lost_its_lane_settles_nothing(acme: Account, kommo: FakeKommo) -> None:
    tell_of(acme, 1)
    take_turn()

    def overtaken() -> None:
        let_leases_run_out()
        assert elsewhere(deliver) == acme.pk

    kommo.after_patch = overtaken
    deliver()
    effect = Effect.objects.get()
    assert (effect.state, effect.result) == (Effect.State.DONE, "read back")
    assert len(kommo.patches) == 1, "what had arrived was not sent again"


def test_workers_at_once_deal_each_lead_once_and_evenly(acme: Account, kommo: FakeKommo) -> None:
    for lead_id in range(1, 41):
        tell_of(acme, lead_id, lead_id)

    def work() -> None:
        for _ in range(30):
            take_turn()
            deliver()

    at_once(work, work, work, work)
    owners = list(LeadMirror.objects.values_list("owner_id", flat=True))
    assert sorted(set(owners)) == [OLEG, ANA]
    assert (owners.count(OLEG), owners.count(ANA)) == (20, 20)
    assert len(kommo.patches) == len(set(kommo.patches)) == 40


def test_a_transaction_that_breaks_leaves_the_events_open(acme: Account, kommo: FakeKommo) -> None:
    tell_of(acme, 1)

    def die() -> None:
        raise RuntimeError("killed before the commit")

    take_turn(before_commit=die)
    assert not Decision.objects.exists()
    assert not LeadMirror.objects.exists()
    assert InboxEvent.objects.get().done_at is None
    Lane.objects.update(not_before=None)
    take_turn()
    assert Decision.objects.filter(chosen_id__isnull=False).count() == 1
