"""What a turn finds in the inbox: claimed events, read into hints, lead ids and internal events."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from accounts.kommo.webhook import LeadHint, Touch, parse_hook
from accounts.models import InboxEvent
from distribution.models import DeadLetter
from distribution.operations.deciding.bots import let_go_on
from distribution.operations.lanes import LaneLease

Json = dict[str, Any]
Kind = InboxEvent.Kind

QUANTUM = 240  # leads a turn: what one read of Kommo holds
MAX_DEATHS = 3
SUSPECTS_AT_ONCE = 15

# In their order. Events over which a worker died come in small groups, then each alone; only what a
# turn takes is counted as tried, or else every death would count against the whole inbox. An array,
# since a join would rank again for each row of a table of which PostgreSQL has no statistics yet.
_CLAIM = """
WITH waiting AS (
  SELECT id, crashes FROM accounts_inboxevent
  WHERE account_id = %s AND done_at IS NULL
  ORDER BY id LIMIT %s
), ranked AS (
  SELECT id, row_number() OVER w AS place, first_value(crashes) OVER w AS first,
         max(crashes) OVER w AS worst
  FROM waiting WINDOW w AS (ORDER BY id)
)
UPDATE accounts_inboxevent e SET claimed_at = coalesce(e.claimed_at, %s), crashes = e.crashes + 1
WHERE e.id = ANY(ARRAY(
  SELECT id FROM ranked
  WHERE place = 1 OR worst = 0 OR (first = 1 AND worst = 1 AND place <= %s)))
RETURNING e.id, e.kind, e.body, e.received_at, e.crashes, (SELECT count(*) FROM waiting)
"""


@dataclass(frozen=True, slots=True)
class ClaimedEvent:
    """An inbox row in the hands of this turn."""

    id: int
    kind: str
    body: bytes
    received_at: datetime
    tries: int  # this one included; above 1 a worker died over it before
    waiting: int  # how many waited with it, at most a quantum


@dataclass(slots=True)
class Agenda:
    """The events of a turn, read."""

    hints: dict[int, list[LeadHint]] = field(default_factory=lambda: defaultdict(list))
    reads: set[int] = field(default_factory=set)  # leads to read whatever the mirror says
    internal: list[tuple[str, Json]] = field(default_factory=list)  # (kind, payload), in order
    seen: dict[int, datetime] = field(default_factory=dict)  # user id -> when they acted
    touches: list[tuple[Touch, datetime]] = field(default_factory=list)  # with when we heard of it
    task_ids: set[int] = field(default_factory=set)  # tasks of which something new may be true
    taken: list[int] = field(default_factory=list)  # event ids this turn settles
    left: list[int] = field(default_factory=list)  # claimed, but too much for one turn
    has_more: bool = False  # the inbox held more than this turn takes

    @property
    def lead_ids(self) -> set[int]:
        """Every lead some event speaks of."""
        return self.reads | self.hints.keys()


def claim_events(lease: LaneLease) -> list[ClaimedEvent]:
    """Take the oldest open events of the account; each claim counts as a try until it is settled."""
    now = lease.business_now
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [lease.account_id, QUANTUM, now, SUSPECTS_AT_ONCE])
        rows = cursor.fetchall()
    return sorted((ClaimedEvent(*row) for row in rows), key=lambda event: event.id)


def read_agenda(lease: LaneLease, events: list[ClaimedEvent]) -> Agenda:
    """Read events up to a quantum of leads; those over which too many workers died are put aside."""
    waiting = events[0].waiting if events else 0
    agenda = Agenda(has_more=waiting == QUANTUM or waiting > len(events))
    events = _without_dead(lease, events)
    for event in events:
        if len(agenda.lead_ids) >= QUANTUM or len(agenda.task_ids) >= QUANTUM:
            break
        _read(event, agenda)
        agenda.taken.append(event.id)
    taken = set(agenda.taken)
    agenda.left = [event.id for event in events if event.id not in taken]
    agenda.has_more = agenda.has_more or len(agenda.taken) < len(events)
    return agenda


def _without_dead(lease: LaneLease, events: list[ClaimedEvent]) -> list[ClaimedEvent]:
    dead = [event for event in events if event.tries > MAX_DEATHS]
    for event in dead:
        _bury(lease, event)
    return [event for event in events if event.tries <= MAX_DEATHS]


def _bury(lease: LaneLease, event: ClaimedEvent) -> None:
    """Put an event that killed workers aside; it stays readable and can be replayed."""
    with transaction.atomic():
        InboxEvent.objects.filter(pk=event.id, done_at=None).update(
            done_at=lease.business_now, error=f"given up after {MAX_DEATHS} tries"
        )
        DeadLetter.objects.create(
            account_id=lease.account_id,
            source=DeadLetter.Source.EVENT,
            row_id=event.id,
            reason=f"{event.kind}: {MAX_DEATHS} tries did not finish",
            first_seen_at=event.received_at,
        )
        if event.kind == Kind.BOT:
            let_go_on(lease.account_id, json.loads(bytes(event.body)), lease.business_now)


def _read(event: ClaimedEvent, agenda: Agenda) -> None:
    if event.kind == Kind.WEBHOOK:
        _read_hook(event, agenda)
        return
    payload: Json = json.loads(bytes(event.body) or b"{}")
    if event.kind == Kind.LEADS:
        agenda.reads.update(int(lead_id) for lead_id in payload["ids"])
        if "accepted_by" in payload:
            agenda.internal.append((event.kind, payload))
    elif event.kind == Kind.TASKS:
        agenda.task_ids.update(int(task_id) for task_id in payload["ids"])
    else:
        agenda.internal.append((event.kind, payload))
        agenda.reads.update(_leads_to_read(event.kind, payload))


def _leads_to_read(kind: str, payload: Json) -> list[int]:
    """Return the leads about which an event of ours asks something: going on needs the truth."""
    if kind == Kind.SETTLED:
        return [int(payload["lead"])] if payload["outcome"] in ("refused", "left") else []
    if kind in (Kind.TRIGGER, Kind.BOT):
        return [int(payload["lead"])] if payload["lead"] else []
    given = [int(payload["lead"])] if kind == Kind.LINKED else []  # is it still its owner's?
    return given + [int(lead_id) for lead_id in payload.get("leads", ())]


def _read_hook(event: ClaimedEvent, agenda: Agenda) -> None:
    content = parse_hook(bytes(event.body))
    for hint in content.lead_changes:
        if hint.action != "note":
            agenda.hints[hint.lead_id].append(hint)
    for user_id, _at in content.activity:
        agenda.seen[user_id] = event.received_at
    agenda.touches += [(touch, event.received_at) for touch in content.touches]
    agenda.task_ids |= content.task_ids
