"""What the board shows: the people, the queue, the moves; and what would follow if a shift ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count, OuterRef, Subquery, Window

from accounts.models import Account, Manager
from distribution.core.waves import wave_due_at
from distribution.models import Decision, Effect, LeadMirror
from distribution.queries.config import config_of
from distribution.queries.people import Person, people_of, verdicts_of
from distribution.queries.situation import situations_of
from shifts.core.machine import Presence
from shifts.core.roster import State
from shifts.queries.availability import availability_of

QUEUE_SHOWN = 20
MOVES_SHOWN = 10
_ORDER = (Presence.ONLINE, Presence.PAUSED, Presence.OFFLINE)


@dataclass(frozen=True, slots=True)
class QueuedLead:
    """A lead that waits."""

    lead_id: int
    name: str
    since: datetime | None
    reason: str  # a code of reasons.Waiting; empty: not looked at yet
    decision_id: int | None  # the latest look at it
    until: datetime | None  # when it is looked at again at the latest


@dataclass(frozen=True, slots=True)
class Move:
    """A lead that changed hands."""

    decision_id: int
    lead_id: int
    lead_name: str
    kind: str
    at: datetime
    manager_id: int | None
    previous_id: int | None


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that the board shows of an account at one moment."""

    now: datetime
    is_enabled: bool
    has_groups: bool
    has_schedules: bool  # schedules count, or somebody has one
    opens_at: datetime | None  # when the working window opens, if it is closed now
    people: tuple[Person, ...]
    outsiders: int  # who could take part but is in no group of the settings
    queue: tuple[QueuedLead, ...]
    queue_length: int
    moves: tuple[Move, ...]
    open_effects: int
    dead_effects: int


def board_of(account: Account, now: datetime) -> Board:
    """Return the board; nine queries, however many managers there are."""
    config = config_of(account.pk)
    availability = availability_of(account, now, with_schedule=True)
    situations = situations_of(config, now, availability=availability)
    queue = _queue(account)
    open_effects, dead_effects = _effects(account)
    first = next(iter(situations.values()), None)
    people, outsiders = _sorted(people_of(account, config, availability, situations, now))
    return Board(
        now=now,
        is_enabled=config.is_enabled,
        has_groups=bool(config.triggers),
        has_schedules=config.has_schedule_gate or any(map(_has_schedule, people)),
        opens_at=first.policy.window_opens_at if first else None,
        people=people,
        outsiders=outsiders,
        queue=queue[0],
        queue_length=queue[1],
        moves=moves_of(account, limit=MOVES_SHOWN),
        open_effects=open_effects,
        dead_effects=dead_effects,
    )


def _has_schedule(person: Person) -> bool:
    schedule = person.schedule
    return schedule.state is not State.EMPTY or schedule.starts_at is not None


def _sorted(people: Iterable[Person]) -> tuple[tuple[Person, ...], int]:
    """Return who takes part or is on shift (online, paused, offline), and how many are in no group."""
    shown, outsiders = [], 0
    for person in people:
        if person.presence is not Presence.OFFLINE or (person.takes_part and person.in_group):
            shown.append(person)
        else:
            outsiders += person.takes_part
    shown.sort(key=lambda person: _ORDER.index(person.presence))
    return tuple(shown), outsiders


def _queue(account: Account) -> tuple[tuple[QueuedLead, ...], int]:
    """Return the leads that have waited longest, and how many wait in all."""
    looks = Decision.objects.filter(account=OuterRef("account"), lead_id=OuterRef("lead_id"))
    last = looks.filter(chosen_id=None).order_by("-decided_at", "-pk")
    rows = (
        LeadMirror.objects.for_account(account)
        .filter(state__in=[LeadMirror.State.WAITING, LeadMirror.State.PARKED])
        .annotate(
            number=Window(Count("pk")),
            look=Subquery(last.values("pk")[:1]),
            look_until=Subquery(last.values("until")[:1]),
        )
        .order_by("waiting_since", "lead_id")
    )
    columns = ("lead_id", "name", "waiting_since", "waiting_reason", "look", "look_until", "number")
    shown = list(rows.values_list(*columns)[:QUEUE_SHOWN])
    return tuple(QueuedLead(*row[:6]) for row in shown), shown[0][6] if shown else 0


def lead_name() -> Subquery:
    """Return the name of an outer row's lead, as the mirror has it."""
    mirror = LeadMirror.objects.filter(account=OuterRef("account"), lead_id=OuterRef("lead_id"))
    return Subquery(mirror.values("name")[:1])


def moves_of(account: Account, *, limit: int, user_id: int | None = None) -> tuple[Move, ...]:
    """Return the latest decisions by which a lead got a manager (or this one)."""
    rows = Decision.objects.for_account(account).filter(chosen_id__isnull=False)
    if user_id is not None:
        rows = rows.filter(chosen_id=user_id)
    rows = rows.annotate(lead_name=lead_name()).order_by("-decided_at", "-pk")
    columns = ("pk", "lead_id", "lead_name", "kind", "decided_at", "chosen_id", "previous_owner_id")
    return tuple(Move(*row) for row in rows.values_list(*columns)[:limit])


_EFFECTS = """
SELECT (SELECT count(*) FROM distribution_effect
        WHERE account_id = %(account)s AND state = ANY(%(open)s)),
       (SELECT count(*) FROM distribution_deadletter
        WHERE account_id = %(account)s AND source = 'effect' AND replayed_at IS NULL)
"""


def _effects(account: Account) -> tuple[int, int]:
    """Return how many writes to Kommo are on their way, and how many were given up."""
    with connection.cursor() as cursor:
        states = [str(state.value) for state in Effect.OPEN]
        cursor.execute(_EFFECTS, {"account": account.pk, "open": states})
        on_the_way, dead = cursor.fetchone()
    return on_the_way, dead


def manager_names(account: Account) -> dict[int, str]:
    """Return the names of the account's managers, gone ones too, by Kommo user id."""
    return dict(Manager.objects.for_account(account).values_list("kommo_id", "name"))


@dataclass(frozen=True, slots=True)
class Departure:
    """What would follow if a manager's shift ended now."""

    open_leads: int  # those that move; where none does, all that stay
    leads_move_at: datetime | None  # None: they stay
    colleagues: int  # who could take them now


def departure_of(account: Account, manager: Manager, now: datetime) -> Departure:
    """Return what ending the manager's shift at `now` would bring (F1, F144, F145)."""
    config = config_of(account.pk)
    leads = LeadMirror.objects.for_account(account).filter(
        owner_id=manager.kommo_id,
        is_counted=True,
        is_excluded=False,
    )
    moving = leads.filter(trigger_id__in=config.moving).count()
    verdicts = verdicts_of(situations_of(config, now))
    colleagues = sum(
        not refusals for user, refusals in verdicts.items() if user != manager.kommo_id
    )
    at = None
    if moving and config.is_enabled and config.redistribution_enabled:
        at = wave_due_at(now, config.redistribution_delay_seconds, config.transfer_seconds)
    return Departure(moving or leads.count(), at, colleagues)
