"""The inbox under races: repeats fold only while nobody has claimed them; deaths isolate events."""

from __future__ import annotations

import pytest

from accounts.models import Account, InboxEvent, Lane
from accounts.operations.hooks import hook_key
from accounts.operations.inbox import Ingest, ingest_webhook
from distribution.models import DeadLetter, LeadMirror
from distribution.operations import lanes
from distribution.operations.deciding.agenda import MAX_DEATHS, SUSPECTS_AT_ONCE, claim_events
from distribution.operations.deciding.turn import take_turn
from tests.integration.lanes.cast import FakeKommo, at_once, tell_of

pytestmark = pytest.mark.django_db(transaction=True)
BODY = b"leads[add][0][id]=5&leads[add][0][pipeline_id]=700&leads[add][0][status_id]=701"


def die_over_a_claim() -> list[int]:
    """Claim a lane and events as a worker does that is killed then; return the ids."""
    lease = lanes.claim_lane(kind=Lane.Kind.DECIDE)
    assert lease is not None
    found = [event.id for event in claim_events(lease)]
    lanes.release_lane(lease)
    return found


def test_repeats_that_race_are_stored_once(acme: Account) -> None:
    key = hook_key(acme)
    answers = at_once(*[lambda: ingest_webhook(key=key, body=BODY)] * 8)
    assert sorted(answer.value for answer in answers) == ["folded"] * 7 + ["stored"]
    assert InboxEvent.objects.for_account(acme).count() == 1


def test_a_repeat_of_what_is_being_worked_on_is_stored_anew(acme: Account) -> None:
    ingest_webhook(key=hook_key(acme), body=BODY)
    die_over_a_claim()
    assert ingest_webhook(key=hook_key(acme), body=BODY) is Ingest.STORED


def test_a_death_counts_only_against_what_was_taken(acme: Account, kommo: FakeKommo) -> None:
    for lead_id in range(1, 101):
        tell_of(acme, lead_id)
    assert len(die_over_a_claim()) == 100
    assert len(die_over_a_claim()) == SUSPECTS_AT_ONCE
    assert len(die_over_a_claim()) == 1
    for _ in range(120):
        take_turn()
    assert LeadMirror.objects.for_account(acme).count() == 100 - DeadLetter.objects.count()
    assert DeadLetter.objects.count() <= 1
    assert not InboxEvent.objects.filter(done_at=None).exists()


def test_an_event_over_which_workers_die_is_put_aside_alone(
    acme: Account, kommo: FakeKommo
) -> None:
    for lead_id in range(1, 31):
        tell_of(acme, lead_id)
    for _ in range(MAX_DEATHS):
        die_over_a_claim()
    for _ in range(60):
        take_turn()
    letter = DeadLetter.objects.get()
    assert InboxEvent.objects.get(pk=letter.row_id).error
    assert LeadMirror.objects.for_account(acme).count() == 29
