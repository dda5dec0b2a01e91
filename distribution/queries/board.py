"""What the board and a manager's own page show: people with the engine's verdicts, the queue, the moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count, OuterRef, Subquery, Window
from django.utils import timezone

from accounts.models import Account, Manager
from distribution.core.decide import Turn
from distribution.core.facts import LeadFacts, Situation
from distribution.core.reasons import Reason, Refusal
from distribution.core.rules import outside_hours
from distribution.core.waves import wave_due_at
from distribution.models import Decision, Effect, LeadMirror, Timer
from distribution.queries.config import AccountConfig, config_of
from distribution.queries.situation import situations_of
from peresmenka.lib.zones import known_zone
from shifts.core.machine import Presence, ShiftState
from shifts.queries.presence import shift_states

QUEUE_SHOWN = 20
MOVES_SHOWN = 10
_ORDER = (Presence.ONLINE, Presence.PAUSED, Presence.OFFLINE)


@dataclass(frozen=True, slots=True)
class Person:
    """A manager on the board."""

    user_id: int
    name: str
    group: str
    state: ShiftState
    takes_part: bool  # licensed and active in Kommo
    load: int
    today: int  # leads received today, by the account's clock
    last_lead_at: datetime | None
    refusals: tuple[Refusal, ...]  # the engine's objections, hardest first; none: receives now
    leads_move_at: datetime | None  # when the leads of somebody offline move


@dataclass(frozen=True, slots=True)
class QueuedLead:
    """A lead that waits."""

    lead_id: int
    name: str
    since: datetime | None
    reason: str  # a code of reasons.Waiting; empty: not looked at yet


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
    opens_at: datetime | None  # when the working window opens, if it is closed now
    people: tuple[Person, ...]
    outsiders: int  # who could take part but is in no group of the settings
    queue: tuple[QueuedLead, ...]
    queue_length: int
    moves: tuple[Move, ...]
    open_effects: int
    dead_effects: int


def board_of(account: Account, now: datetime) -> Board:
    """Return the board; ten queries, however many managers there are."""
    config = config_of(account.pk)
    situations = situations_of(config, now, {})
    queue = _queue(account)
    open_effects, dead_effects = _effects(account)
    first = next(iter(situations.values()), None)
    people, outsiders = _people(account, config, situations, now)
    return Board(
        now=now,
        is_enabled=config.is_enabled,
        has_groups=bool(config.rules),
        opens_at=first.policy.window_opens_at if first else None,
        people=people,
        outsiders=outsiders,
        queue=queue[0],
        queue_length=queue[1],
        moves=moves_of(account, limit=MOVES_SHOWN),
        open_effects=open_effects,
        dead_effects=dead_effects,
    )


def _people(
    account: Account, config: AccountConfig, situations: Mapping[int, Situation], now: datetime
) -> tuple[tuple[Person, ...], int]:
    """Return everybody who takes part or is on shift (online, paused, offline), and how many do not."""
    states, today = shift_states(account, now), _received_today(account, config.zone, now)
    verdicts = verdicts_of(situations)
    facts = {
        row.manager_id: row for situation in situations.values() for row in situation.candidates
    }
    due = dict(
        Timer.objects.for_account(account)
        .filter(kind=Timer.Kind.WAVE)
        .values_list("subject", "due_at")
    )
    people, outsiders = [], 0
    rows = Manager.objects.for_account(account).select_related("group").order_by("name", "pk")
    for row in rows:
        state = states.get(row.kommo_id, ShiftState(Presence.OFFLINE))
        takes_part = row.is_licensed and row.is_active_in_kommo
        if state.presence is Presence.OFFLINE and not (takes_part and row.kommo_id in verdicts):
            outsiders += takes_part
            continue
        known = facts.get(row.kommo_id)
        people.append(
            Person(
                user_id=row.kommo_id,
                name=row.name,
                group=row.group.name if row.group else "",
                state=state,
                takes_part=takes_part,
                load=known.load if known else 0,
                today=today.get(row.kommo_id, 0),
                last_lead_at=known.last_lead_at if known else None,
                refusals=verdicts.get(row.kommo_id, (Refusal(Reason.NOT_IN_GROUP),)),
                leads_move_at=due.get(row.kommo_id),
            )
        )
    people.sort(key=lambda person: _ORDER.index(person.state.presence))
    return tuple(people), outsiders


def verdicts_of(situations: Mapping[int, Situation]) -> dict[int, tuple[Refusal, ...]]:
    """Return what the engine itself objects to each manager's receiving a lead now, by Kommo user id."""
    found: dict[int, tuple[Refusal, ...]] = {}
    for situation in situations.values():
        closed = outside_hours(situation, LeadFacts(0))
        gate = (closed,) if closed else ()
        for verdict in Turn(situation).verdicts():
            refusals = verdict.refusals + gate
            best = found.get(verdict.manager_id)
            if best is None or len(refusals) < len(best):
                found[verdict.manager_id] = refusals
    return found


def _received_today(account: Account, zone: str, now: datetime) -> dict[int, int]:
    """Return how many leads each manager has been dealt since midnight by the account's clock."""
    midnight = timezone.localtime(now, known_zone(zone)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    rows = (
        Decision.objects.for_account(account)
        .filter(decided_at__gte=midnight, chosen_id__isnull=False)
        .exclude(kind=Decision.Kind.MANUAL)
        .order_by()
        .values_list("chosen_id")
        .annotate(number=Count("pk"))
    )
    return dict(rows)


def _queue(account: Account) -> tuple[tuple[QueuedLead, ...], int]:
    """Return the leads that have waited longest, and how many wait in all."""
    rows = (
        LeadMirror.objects.for_account(account)
        .filter(state__in=[LeadMirror.State.WAITING, LeadMirror.State.PARKED])
        .annotate(number=Window(Count("pk")))
        .order_by("waiting_since", "lead_id")
        .values_list("lead_id", "name", "waiting_since", "waiting_reason", "number")
    )
    shown = list(rows[:QUEUE_SHOWN])
    return tuple(QueuedLead(*row[:4]) for row in shown), shown[0][4] if shown else 0


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

    open_leads: int
    leads_move_at: datetime | None  # None: they stay
    colleagues: int  # who could take them now


def departure_of(account: Account, manager: Manager, now: datetime) -> Departure:
    """Return what ending the manager's shift at `now` would bring (F1, F144, F145)."""
    config = config_of(account.pk)
    leads = LeadMirror.objects.for_account(account).filter(
        owner_id=manager.kommo_id, is_counted=True
    )
    verdicts = verdicts_of(situations_of(config, now, {}))
    colleagues = sum(
        not refusals for user, refusals in verdicts.items() if user != manager.kommo_id
    )
    at = None
    if config.is_enabled and config.redistribution_enabled:
        at = wave_due_at(now, config.redistribution_delay_seconds, config.transfer_seconds)
    return Departure(leads.filter(is_excluded=False).count(), at, colleagues)
