"""What only the operator does: replay what died, suspend an account and let it go on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Greatest

from accounts.models import Account, AuditEntry, InboxEvent
from distribution.models import DeadLetter, Effect
from distribution.operations.lanes import LIVE_STATES
from peresmenka.lib.enqueue import ring

REPLAYED = "dead_letter.replayed"
SUSPENDED = "account.suspended"
RESUMED = "account.resumed"


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of the letters asked for."""

    replayed: int
    gone: int  # their rows are purged, or settled by now: there is nothing to replay


@transaction.atomic
def replay_dead_letters(letters: Iterable[DeadLetter], *, by: str, now: datetime) -> Replay:
    """Give the rows of `letters` back to their lanes; safe to repeat: a letter is replayed once.

    Locks the letters. An event becomes open again, its deaths forgotten; it keeps `claimed_at`, since
    an identical body may wait unclaimed by now. An effect becomes pending as if sent once, so that
    Kommo is read before anything is written. Each letter leaves an audit entry with `by`, the
    operator's name.
    """
    asked = DeadLetter.objects.filter(pk__in=[letter.pk for letter in letters], replayed_at=None)
    found = list(asked.select_for_update().order_by("pk"))
    given_back = {
        (DeadLetter.Source.EVENT, row) for row in _reopen_events(_rows(found, "event"))
    } | {(DeadLetter.Source.EFFECT, row) for row in _reopen_effects(_rows(found, "effect"))}
    done = [letter for letter in found if (letter.source, letter.row_id) in given_back]
    DeadLetter.objects.filter(pk__in=[letter.pk for letter in done]).update(
        replayed_at=now, replayed_by=by
    )
    AuditEntry.objects.bulk_create(_entry_of(letter, by, now) for letter in done)
    transaction.on_commit(ring)
    return Replay(replayed=len(done), gone=len(found) - len(done))


def _rows(letters: list[DeadLetter], source: str) -> list[int]:
    return [letter.row_id for letter in letters if letter.source == source]


def _reopen_events(ids: list[int]) -> list[int]:
    rows = InboxEvent.objects.filter(pk__in=ids, done_at__isnull=False)
    return _update(rows, done_at=None, crashes=0, error="")


def _reopen_effects(ids: list[int]) -> list[int]:
    rows = Effect.objects.filter(pk__in=ids, state=Effect.State.DEAD)
    return _update(
        rows,
        state=Effect.State.PENDING,
        attempts=Greatest("attempts", 1),
        crashes=0,
        settled_at=None,
        result="",
    )


def _update(rows: QuerySet[Any], **values: object) -> list[int]:
    ids = list(rows.select_for_update().values_list("pk", flat=True))
    rows.model._default_manager.filter(pk__in=ids).update(**values)
    return ids


def _entry_of(letter: DeadLetter, by: str, now: datetime) -> AuditEntry:
    row = {"source": letter.source, "row": letter.row_id}
    return AuditEntry(
        account_id=letter.account_id,
        at=now,
        action=REPLAYED,
        before={**row, "reason": letter.reason},
        after={**row, "by": by},
    )


@transaction.atomic
def suspend_account(account: Account, *, by: str, now: datetime) -> bool:
    """Stop deciding and delivering for a working account; return whether it was working.

    Webhooks are still stored and timers stay: nothing is lost. Locks the account's row.
    """
    row = Account.objects.select_for_update().get(pk=account.pk)
    if row.state not in LIVE_STATES:
        return False
    _set_state(row, Account.State.SUSPENDED, SUSPENDED, by, now)
    return True


@transaction.atomic
def resume_account(account: Account, *, by: str, now: datetime) -> bool:
    """Let a suspended account go on in the state that it had; return whether it was suspended."""
    row = Account.objects.select_for_update().get(pk=account.pk)
    if row.state != Account.State.SUSPENDED:
        return False
    entries = AuditEntry.objects.for_account(row).filter(action=SUSPENDED)
    latest = entries.order_by("-at", "-pk").first()
    before = latest.before.get("state") if latest else Account.State.ACTIVE
    _set_state(row, before, RESUMED, by, now)
    transaction.on_commit(ring)
    return True


def _set_state(account: Account, state: str, action: str, by: str, now: datetime) -> None:
    AuditEntry.objects.create(
        account=account,
        at=now,
        action=action,
        before={"state": account.state},
        after={"state": state, "by": by},
    )
    Account.objects.filter(pk=account.pk).update(state=state)
