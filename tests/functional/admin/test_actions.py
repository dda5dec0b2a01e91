"""What the operator does: replay, read anew, suspend and resume; each leaves a trace."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from accounts.models import Account, AuditEntry, InboxEvent, Manager
from distribution.models import DeadLetter, Decision, Effect, LeadMirror
from distribution.operations.dead_letters import (
    replay_dead_letters,
    resume_account,
    suspend_account,
)
from distribution.operations.deciding.turn import take_turn
from tests.functional.admin.conftest import Filled
from tests.world import World


def act(client: Client, table: str, action: str, *rows: Any) -> str:
    """Choose rows of a table's list and an action; return the page that follows."""
    form = {"action": action, "_selected_action": [row.pk for row in rows]}
    answer = client.post(reverse(f"admin:{table}_changelist"), form, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def replay(client: Client, *letters: DeadLetter) -> str:
    return act(client, "distribution_deadletter", "replay", *letters)


def test_a_replayed_event_is_open_again(admin: Client, filled: Filled) -> None:
    assert "1 letter replayed" in replay(admin, filled.letter_of_event)
    event = InboxEvent.objects.get(pk=filled.letter_of_event.row_id)
    assert (event.done_at, event.crashes, event.error) == (None, 0, "")


def test_a_replayed_event_does_its_work(admin: Client, account: Account, world: World) -> None:
    (lead,) = world.leads(1, run=False)
    world.post_hooks()
    event = InboxEvent.objects.filter(done_at=None).latest("pk")
    for _ in range(4):  # four workers die over it
        InboxEvent.objects.filter(pk=event.pk).update(crashes=4)
        take_turn(account_id=account.pk)
    letter = DeadLetter.objects.get(row_id=event.pk)
    world.run()
    assert not Decision.objects.filter(lead_id=lead).exists()
    replay(admin, letter)
    world.run()
    assert Decision.objects.get(lead_id=lead).chosen_id == world.owner(lead)


def test_a_replayed_event_stands_beside_an_identical_one(
    admin: Client, filled: Filled, world: World
) -> None:
    event = InboxEvent.objects.get(pk=filled.letter_of_event.row_id)
    InboxEvent.objects.create(
        account_id=event.account_id,
        kind=event.kind,
        body=event.body,
        digest=event.digest,
        received_at=world.now,
    )
    assert "1 letter replayed" in replay(admin, filled.letter_of_event)


def test_a_replayed_effect_is_read_back_before_it_is_sent(
    admin: Client, account: Account, world: World
) -> None:
    oleg, ana = world.managers(account)[:2]
    (lead,) = world.leads(1, run=False)
    world.post_hooks()
    take_turn(account_id=account.pk)
    effect = Effect.objects.get(lead_id=lead)
    Effect.objects.filter(pk=effect.pk).update(state="dead", crashes=4, attempts=0)
    letter = DeadLetter.objects.create(
        account=account, source="effect", row_id=effect.pk, reason="x", first_seen_at=world.now
    )
    person = ana if effect.target == oleg.kommo_id else oleg
    world.edit(lead, responsible_user_id=person.kommo_id)  # meanwhile a person gave it away
    replay(admin, letter)
    effect.refresh_from_db()
    assert (effect.state, effect.attempts, effect.crashes) == ("pending", 1, 0)
    world.run()
    effect.refresh_from_db()
    assert effect.state == Effect.State.SUPERSEDED
    assert world.owner(lead) == person.kommo_id


def test_a_letter_is_replayed_once(admin: Client, filled: Filled) -> None:
    letters = [filled.letter_of_event, filled.letter_of_effect]
    assert "2 letters replayed" in replay(admin, *letters)
    Effect.objects.filter(pk=filled.letter_of_effect.row_id).update(state="done")
    assert "0 letters replayed" in replay(admin, *letters)
    assert Effect.objects.get(pk=filled.letter_of_effect.row_id).state == "done"
    assert AuditEntry.objects.filter(action="dead_letter.replayed").count() == 2


def test_a_second_death_takes_a_second_letter(filled: Filled, world: World) -> None:
    letters = [filled.letter_of_event, filled.letter_of_effect]
    replay_dead_letters(letters, by="olga", now=world.now)
    effects = Effect.objects.filter(pk=filled.letter_of_effect.row_id)
    events = InboxEvent.objects.filter(pk=filled.letter_of_event.row_id)
    effects.update(state="dead")
    events.update(done_at=world.now)
    assert replay_dead_letters(letters, by="olga", now=world.now).replayed == 0
    assert effects.get().state == "dead"
    assert events.get().done_at == world.now


def test_a_replay_says_who_did_it(admin: Client, filled: Filled, operator: User) -> None:
    replay(admin, filled.letter_of_event)
    letter = DeadLetter.objects.get(pk=filled.letter_of_event.pk)
    assert letter.replayed_by == "olga"
    assert letter.replayed_at is not None
    entry = AuditEntry.objects.get(action="dead_letter.replayed")
    assert entry.after == {"source": "event", "row": letter.row_id, "by": "olga"}
    assert LogEntry.objects.get(user=operator).object_id == str(letter.pk)


def test_a_letter_whose_row_is_gone_says_so(admin: Client, filled: Filled) -> None:
    InboxEvent.objects.filter(pk=filled.letter_of_event.row_id).delete()
    assert "no longer there" in replay(admin, filled.letter_of_event)
    assert DeadLetter.objects.get(pk=filled.letter_of_event.pk).replayed_at is None


def test_a_replay_leaves_what_lives_alone(filled: Filled, world: World) -> None:
    Effect.objects.filter(pk=filled.letter_of_effect.row_id).update(state="superseded")
    outcome = replay_dead_letters([filled.letter_of_effect], by="olga", now=world.now)
    assert (outcome.replayed, outcome.gone) == (0, 1)
    assert Effect.objects.get(pk=filled.letter_of_effect.row_id).state == "superseded"


def test_people_and_stages_are_read_anew(admin: Client, account: Account, world: World) -> None:
    Manager.objects.filter(account=account).update(name="stale")
    page = act(admin, "accounts_account", "refresh", account)
    assert "CRM data read anew" in page
    assert not Manager.objects.filter(account=account, name="stale").exists()
    assert LogEntry.objects.get().change_message == "CRM data read anew"


def test_a_lost_webhook_is_subscribed_again(admin: Client, account: Account, world: World) -> None:
    crm = world.sandbox.crm.account_at(account.host)
    assert crm is not None
    world.advance(60)
    page = act(admin, "accounts_account", "check_webhook", account)
    assert "Webhook checked" in page
    account.refresh_from_db()
    assert account.hook_checked_at == world.now


def test_when_kommo_refuses_the_operator_reads_why(
    admin: Client, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accounts.kommo.errors import NotFound

    def refuse(*_args: object, **_options: object) -> None:
        raise NotFound(request="GET /api/v4/account", status=404)

    monkeypatch.setattr("distribution.admin.accounts.refresh_crm_data", refuse)
    page = act(admin, "accounts_account", "refresh", account)
    assert "cme.kommo.com: GET /api/v4/account: 404" in page
    assert not LogEntry.objects.exists()


def test_few_accounts_are_asked_at_once(admin: Client, account: Account) -> None:
    others = [
        Account.objects.create(
            kommo_id=number,
            host=f"a{number}.kommo.com",
            hook_digest=bytes([number]) * 32,
            installed_at=account.installed_at,
        )
        for number in range(1, 7)
    ]
    assert "At most 5 accounts" in act(admin, "accounts_account", "refresh", *others)


def test_a_suspended_account_stores_webhooks_and_decides_nothing(
    admin: Client, account: Account, world: World
) -> None:
    act(admin, "accounts_account", "suspend", account)
    (lead,) = world.leads(1)
    assert not Decision.objects.filter(lead_id=lead).exists()
    assert InboxEvent.objects.filter(done_at=None).exists()
    act(admin, "accounts_account", "resume", account)
    account.refresh_from_db()
    assert account.state == Account.State.TRIAL
    world.run()
    assert LeadMirror.objects.get(lead_id=lead).owner_id == world.owner(lead)


def test_suspension_is_audited_and_safe_to_repeat(account: Account, world: World) -> None:
    Account.objects.filter(pk=account.pk).update(state="active")
    assert suspend_account(account, by="olga", now=world.now)
    assert not suspend_account(account, by="olga", now=world.now)
    assert resume_account(account, by="olga", now=world.now + timedelta(minutes=1))
    assert not resume_account(account, by="olga", now=world.now + timedelta(minutes=2))
    told = AuditEntry.objects.filter(action__startswith="account.").order_by("pk")
    assert [(row.before["state"], row.after["state"]) for row in told] == [
        ("active", "suspended"),
        ("suspended", "active"),
    ]


def test_an_account_that_has_left_is_not_suspended(account: Account, world: World) -> None:
    Account.objects.filter(pk=account.pk).update(state="left")
    assert not suspend_account(account, by="olga", now=world.now)
    assert not resume_account(account, by="olga", now=world.now)
