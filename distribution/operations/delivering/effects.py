"""Effects as rows: claimed with the lane's token, settled by one fenced statement."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.kommo.errors import InvalidRequest, KommoError
from accounts.kommo.retry import account_wait
from distribution.core.delivery import Outcome, OwnerEffect
from distribution.models import Effect
from distribution.operations.lanes import RELEASE_SQL, LaneLease, release_values

# Deaths of workers with an effect in hand. A whole batch shares them, and hardly any effect has
# something that could kill one.
MOST_DEATHS = 10
log = logging.getLogger(__name__)

# One open change of owner a lead at a time, in their order. As an array: a join would run the
# search again for each row of the table where PostgreSQL has no statistics yet.
_CLAIM = """
UPDATE distribution_effect e SET state = 'sending', token = %(token)s,
  attempts = least(e.attempts + 1, 30000), crashes = e.crashes + 1, sent_at = %(now)s
WHERE e.id = ANY(ARRAY(
  SELECT e.id FROM distribution_effect e
  WHERE e.account_id = %(account)s AND e.state IN ('pending', 'sending', 'unknown')
    AND e.kind = %(kind)s
    AND (e.kind <> 'owner' OR NOT EXISTS (
      SELECT 1 FROM distribution_effect f WHERE f.account_id = e.account_id
        AND f.lead_id = e.lead_id AND f.id < e.id AND f.kind = 'owner'
        AND f.state IN ('pending', 'sending', 'unknown')))
  ORDER BY e.id LIMIT %(limit)s))
RETURNING e.id, e.lead_id, e.decision_id, e.expected_from, e.target, e.read_version, e.read_at,
  e.note, e.attempts, e.crashes, e.created_at, e.kind, e.entity_id, e.payload::json
"""


@dataclass(frozen=True, slots=True)
class ClaimedEffect:
    """An effect in the hands of this lane."""

    id: int
    lead_id: int
    decision_id: int | None
    expected_from: int | None
    target: int | None
    read_version: int
    read_at: datetime
    note: str
    attempts: int  # this one included
    crashes: int  # claims without an end, this one included
    created_at: datetime
    kind: str
    entity_id: int | None
    payload: dict[str, Any]

    @property
    def facts(self) -> OwnerEffect:
        """Return what the pure judgement needs."""
        return OwnerEffect(
            self.expected_from, self.target or 0, self.read_version, self.read_at, self.attempts
        )


def claim_effects(lease: LaneLease, kind: str, limit: int) -> list[ClaimedEffect]:
    """Take the oldest open effects of a kind, at most one change of owner a lead."""
    values: dict[str, Any] = {
        "account": lease.account_id,
        "kind": kind,
        "limit": limit,
        "token": lease.token,
        "now": lease.clock(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        rows = cursor.fetchall()
    return sorted((ClaimedEffect(*row) for row in rows), key=lambda effect: effect.id)


def open_kinds(account_id: int) -> set[str]:
    """Return the kinds of which the account has open effects."""
    rows = Effect.objects.for_account(account_id).filter(state__in=Effect.OPEN)
    return set(rows.order_by().values_list("kind", flat=True).distinct())


def own_steps(
    account_id: int, lead_ids: Sequence[int]
) -> dict[int, set[tuple[int | None, int | None]]]:
    """Return the changes of owner (from, to) that we have made or try to make, by lead."""
    steps: dict[int, set[tuple[int | None, int | None]]] = defaultdict(set)
    if lead_ids:
        rows = Effect.objects.for_account(account_id).filter(
            lead_id__in=lead_ids, kind=Effect.Kind.OWNER
        )
        for lead_id, expected, target in rows.values_list("lead_id", "expected_from", "target"):
            steps[lead_id].add((expected, target))
    return steps


@dataclass(frozen=True, slots=True)
class Follower:
    """A contact, company, customer or task that is to follow its lead: an effect to be."""

    of: int  # id of the effect that looked it up
    kind: str
    entity_id: int
    owner_id: int  # 0 = nobody
    version: int  # Kommo's updated_at


def parted(
    effects: Sequence[ClaimedEffect], error: InvalidRequest
) -> tuple[list[ClaimedEffect], list[list[ClaimedEffect]]]:
    """Return the bad items of a batch that Kommo refused whole, and in which parts to send the rest.

    Bad are those that the answer names, or a lone one; where it names none, the halves are tried.
    """
    if len(effects) == 1:
        return list(effects), []
    named = {int(item.request_id) for item in error.items if item.request_id.isdigit()}
    bad = [one for place, one in enumerate(effects) if place in named]
    if bad:
        rest = [one for place, one in enumerate(effects) if place not in named]
        return bad, [rest] if rest else []
    half = len(effects) // 2
    return [], [list(effects[:half]), list(effects[half:])]


@dataclass(slots=True)
class Settlement:
    """What a round of delivery found out; written by `write_settlement`."""

    lease: LaneLease
    began_at: datetime = field(init=False)  # before anything was asked
    wait_seconds: float | None = None  # leave the lane alone for so long
    was_slow: bool = False  # Kommo answers slowly: only a few workers take the account next
    is_released: bool = False
    makes_more_work: bool = False
    followers: list[Follower] = field(default_factory=list)
    # (effect id, Kommo's updated_at, how)
    _done: list[tuple[int, int, str]] = field(default_factory=list)
    # (effect id, state, what happened)
    _ended: list[tuple[int, str, str]] = field(default_factory=list)
    _again: list[tuple[int, str, str, bool]] = field(default_factory=list)
    _happenings: list[dict[str, Any]] = field(default_factory=list)
    _dead: list[tuple[int, str]] = field(default_factory=list)
    # (effect id, body, digest) of events about leads that follow
    _leads: list[tuple[int, bytes, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.began_at = self.lease.clock()

    def done(self, effect: ClaimedEffect, version: int, how: str) -> None:
        """Kommo has carried the effect out."""
        self._done.append((effect.id, version, how))
        if effect.kind == Effect.Kind.OWNER and (effect.note or "links" in effect.payload):
            self.makes_more_work = True

    def ended(self, effect: ClaimedEffect, outcome: Outcome, seen: int | None) -> None:
        """Somebody else's change stands, or the lead is gone: the turn takes it in."""
        self._ended.append((effect.id, Effect.State.SUPERSEDED.value, outcome.value))
        self._tell(effect, outcome.value, seen)

    def refused(self, effect: ClaimedEffect, why: str) -> None:
        """Kommo will never take it (the manager was deactivated, say): the turn deals anew."""
        self._ended.append((effect.id, Effect.State.FAILED.value, why[:200]))
        self._tell(effect, "refused", None)

    def unmoved(self, effect: ClaimedEffect, why: str) -> None:
        """Kommo will never move the lead to this stage (it is gone, say): the turn takes it in."""
        self._ended.append((effect.id, Effect.State.FAILED.value, why[:200]))
        self._tell(effect, "unmoved", None)

    def drop(self, effect: ClaimedEffect, why: str) -> None:
        """Kommo will never take it and nothing depends on it: a note."""
        self._ended.append((effect.id, Effect.State.FAILED.value, why[:200]))

    def overtaken(self, effect: ClaimedEffect, why: str) -> None:
        """Somebody else's change stands, of a linked entity or a stage; nothing depends on it."""
        self._ended.append((effect.id, Effect.State.SUPERSEDED.value, why))

    def tell_leads(self, effect: ClaimedEffect, leads: Sequence[int]) -> None:
        """Let the turn know that these leads follow the one of the effect."""
        body = _body({"lead": effect.lead_id, "target": effect.target, "leads": list(leads)})
        digest = hashlib.sha256(f"linked|{effect.id}|{len(self._leads)}|".encode() + body).digest()
        self._leads.append((effect.id, body, digest))

    def again(self, effect: ClaimedEffect, may_have_been_sent: bool, why: str = "") -> None:
        """Try later; after an ambiguous answer, or any earlier try, by reading back first."""
        state = Effect.State.UNKNOWN if may_have_been_sent else Effect.State.PENDING
        self._again.append((effect.id, state.value, why[:200], may_have_been_sent))

    def put_back(self, effects: Sequence[ClaimedEffect]) -> None:
        """Nothing was sent this time: each is what it was before it was claimed."""
        for effect in effects:
            self.again(effect, effect.attempts > 1)

    def wait_for(self, error: KommoError) -> None:
        """Leave the lane alone until the error may be over."""
        self.wait_seconds = account_wait(error, 2)
        log.info(
            "account %s: delivery waits %.1f s: %s", self.lease.account_id, self.wait_seconds, error
        )

    def bury(self, effect: ClaimedEffect, why: str) -> None:
        """Give the effect up; it stays readable and can be replayed."""
        self._dead.append((effect.id, why))

    def without_deadly(self, effects: Sequence[ClaimedEffect]) -> list[ClaimedEffect]:
        """Give up the effects over which worker after worker has died; return the others."""
        for effect in effects:
            if effect.crashes > MOST_DEATHS:
                self.bury(effect, "workers died over it")
        return [effect for effect in effects if effect.crashes <= MOST_DEATHS]

    def _tell(self, effect: ClaimedEffect, outcome: str, seen: int | None) -> None:
        self._happenings.append(
            {
                "lead": effect.lead_id,
                "effect": effect.id,
                "target": effect.target,
                "outcome": outcome,
                "seen": seen,
            }
        )


_DONE = """
done AS (
  UPDATE distribution_effect e
  SET state = 'done', settled_at = %s, crashes = 0, result = u.how
  FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS u(id, version, how)
  WHERE e.id = u.id AND e.token = %s AND e.state = 'sending'
  RETURNING e.id, e.account_id, e.lead_id, e.kind, e.target, e.decision_id, e.note, e.payload,
    u.version,
    -- several machines read their clocks: what we sent is newer than what we had read
    greatest(CASE u.how WHEN 'read back' THEN %s ELSE %s END,
             e.read_at + interval '1 microsecond') AS seen_at
), confirmed AS (
  UPDATE distribution_leadmirror m SET confirmed_owner_id = d.target,
    version = greatest(m.version, d.version), confirmed_at = d.seen_at
  FROM done d WHERE d.kind = 'owner' AND m.account_id = d.account_id AND m.lead_id = d.lead_id
    AND m.confirmed_at <= d.seen_at
), notes AS (
  INSERT INTO distribution_effect (account_id, lead_id, kind, decision_id, read_version, read_at,
    note, state, created_at, attempts, crashes, token, result)
  SELECT d.account_id, d.lead_id, 'note', d.decision_id, 0, %s, d.note, 'pending', %s, 0, 0, 0, ''
  FROM done d WHERE d.kind = 'owner' AND d.note <> ''
), links AS (
  INSERT INTO distribution_effect (account_id, lead_id, kind, decision_id, target, read_version,
    read_at, note, state, created_at, attempts, crashes, token, result, payload)
  SELECT d.account_id, d.lead_id, 'links', d.decision_id, d.target, 0, %s, '', 'pending', %s, 0, 0,
    0, '', d.payload
  FROM done d WHERE d.kind = 'owner' AND d.payload ? 'links'
)"""
# What a look has found, if this lane has still been the one to look.
_FOLLOWERS = """
followers AS (
  INSERT INTO distribution_effect (account_id, lead_id, kind, entity_id, decision_id, expected_from,
    target, read_version, read_at, note, state, created_at, attempts, crashes, token, result)
  SELECT d.account_id, d.lead_id, u.kind, u.entity_id, d.decision_id, nullif(u.owner_id, 0),
    d.target, u.version, %s, '', 'pending', %s, 0, 0, 0, ''
  FROM done d JOIN unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[])
    AS u(look, kind, entity_id, owner_id, version) ON u.look = d.id
)"""
_LEADS = """
leads AS (
  INSERT INTO accounts_inboxevent (account_id, kind, body, digest, received_at, crashes, error)
  SELECT d.account_id, 'linked', u.body, u.digest, %s, 0, ''
  FROM done d JOIN unnest(%s::bigint[], %s::bytea[], %s::bytea[]) AS u(look, body, digest)
    ON u.look = d.id ON CONFLICT DO NOTHING
)"""
_ENDED = """
ended AS (
  UPDATE distribution_effect e SET state = u.state, settled_at = %s, crashes = 0, result = u.why
  FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS u(id, state, why)
  WHERE e.id = u.id AND e.token = %s AND e.state = 'sending' RETURNING e.id
), told AS (
  INSERT INTO accounts_inboxevent (account_id, kind, body, digest, received_at, crashes, error)
  SELECT %s, 'settled', u.body, u.digest, %s, 0, ''
  FROM unnest(%s::bigint[], %s::bytea[], %s::bytea[]) AS u(effect_id, body, digest)
  JOIN ended ON ended.id = u.effect_id ON CONFLICT DO NOTHING
)"""
_AGAIN = """
again AS (
  UPDATE distribution_effect e SET state = u.state, crashes = 0, result = u.why,
    attempts = CASE WHEN u.sent THEN e.attempts ELSE e.attempts - 1 END
  FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::boolean[]) AS u(id, state, why, sent)
  WHERE e.id = u.id AND e.token = %s AND e.state = 'sending'
)"""
_DEAD = """
dead AS (
  UPDATE distribution_effect e SET state = 'dead', settled_at = %s, result = u.why
  FROM unnest(%s::bigint[], %s::text[]) AS u(id, why)
  WHERE e.id = u.id AND e.token = %s AND e.state = 'sending' RETURNING e.id, e.account_id, u.why
), letters AS (
  INSERT INTO distribution_deadletter (account_id, source, row_id, reason, first_seen_at, replayed_by)
  SELECT d.account_id, 'effect', d.id, d.why, %s, '' FROM dead d
)"""


def write_settlement(settlement: Settlement, *, release: bool) -> None:
    """Write a round's results in one statement; with `release` the lane is given back with it."""
    lease, now = settlement.lease, settlement.lease.clock()
    parts: list[str] = []
    values: list[Any] = []
    if settlement._done:
        parts.append(_DONE)
        read_at = settlement.began_at  # nothing later is known from what was read back
        values += [now, *_columns(settlement._done), lease.token, read_at, *[now] * 5]
    if settlement.followers:
        rows = [
            (one.of, one.kind, one.entity_id, one.owner_id, one.version)
            for one in settlement.followers
        ]
        parts.append(_FOLLOWERS)
        values += [settlement.began_at, now, *_columns(rows)]
    if settlement._leads:
        parts.append(_LEADS)
        values += [now, *_columns(settlement._leads)]
    if settlement._ended:
        bodies = [_body(happening) for happening in settlement._happenings]
        ids = [happening["effect"] for happening in settlement._happenings]
        digests = [hashlib.sha256(body).digest() for body in bodies]
        parts.append(_ENDED)
        values += [now, *_columns(settlement._ended), lease.token]
        values += [lease.account_id, now, ids, bodies, digests]
    if settlement._again:
        parts.append(_AGAIN)
        values += [*_columns(settlement._again), lease.token]
    if settlement._dead:
        parts.append(_DEAD)
        values += [now, *_columns(settlement._dead), lease.token, now]
    if release:
        parts.append(f"released AS ({RELEASE_SQL})")
        values += release_values(
            lease, wait_seconds=settlement.wait_seconds, was_slow=settlement.was_slow
        )
        settlement.is_released = True
    if parts:
        with connection.cursor() as cursor:
            cursor.execute(f"WITH {', '.join(parts)} SELECT 1", values)


def _columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _body(happening: dict[str, Any]) -> bytes:
    return json.dumps(happening, separators=(",", ":")).encode()
