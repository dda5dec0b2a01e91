"""Accounts beside each other: served in turn, never mixed."""

from __future__ import annotations

import pytest

from accounts.models import Account
from distribution.models import Decision, Effect, LeadMirror, ManagerLoad, RegisterEntry
from distribution.operations.deciding.turn import take_turn
from distribution.operations.delivering.deliver import deliver
from tests.integration.lanes.cast import ANA, MALLORY, OLEG, FakeKommo, build_account, tell_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_noisy_account_costs_a_quiet_one_a_single_quantum(
    acme: Account, kommo: FakeKommo
) -> None:
    quiet = build_account(2002, OLEG)
    for lead_id in range(1, 601):
        tell_of(acme, lead_id)
    assert take_turn() == acme.pk
    tell_of(quiet, 1)
    assert take_turn() == quiet.pk, "the quiet account waits for no second quantum"
    assert LeadMirror.objects.for_account(quiet).count() == 1
    served = [take_turn() for _ in range(4)]
    assert served == [acme.pk, acme.pk, None, None]
    assert LeadMirror.objects.for_account(acme).count() == 600


def test_equal_lead_and_manager_ids_of_two_accounts_never_mix(
    acme: Account, kommo: FakeKommo
) -> None:
    rival = build_account(2002, OLEG, MALLORY)
    for lead_id in range(1, 21):
        tell_of(acme, lead_id)
        tell_of(rival, lead_id)
    while take_turn() is not None or deliver() is not None:
        pass
    for account, people in ((acme, {OLEG, ANA}), (rival, {OLEG, MALLORY})):
        owners = list(LeadMirror.objects.for_account(account).values_list("owner_id", flat=True))
        assert len(owners) == 20
        assert {owner: owners.count(owner) for owner in people} == dict.fromkeys(people, 10)
        loads = ManagerLoad.objects.for_account(account).values_list("user_id", "number")
        assert dict(loads) == dict.fromkeys(people, 10)
        entries = RegisterEntry.objects.for_account(account)
        assert set(entries.values_list("user_id", flat=True)) == people
        assert sum(entries.values_list("lag", flat=True)) == 0
        assert Decision.objects.for_account(account).count() == 20
        assert Effect.objects.for_account(account).filter(state="done", kind="owner").count() == 20
        sent = {owner for pk, _lead, owner in kommo.patches if pk == account.pk}
        assert sent == people
