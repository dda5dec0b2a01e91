"""What the page "Registers" shows: who uses each ledger, how everybody stands in it, what was done by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property

from django.db.models import Count, Max, Min, QuerySet, Sum

from accounts.models import Account, Manager
from distribution.core.credits import bound_of
from distribution.core.facts import LEAST_LOADED
from distribution.core.policy import Body, read_body
from distribution.core.strategies import STRATEGIES
from distribution.models import Register, RegisterCredit, RegisterEntry, RegisterEpoch, Trigger
from distribution.queries.config import AccountConfig, config_of
from distribution.queries.situation import Crowd

LATEST = 50
"""So many credits and epochs a page shows; older ones stay in the database."""


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """A register in the list."""

    register: Register
    triggers: tuple[Trigger, ...]
    people: int
    leads: int  # in this epoch
    largest: int  # |lag|, millionths
    last_lead_at: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """One manager in a register: with an entry, or a member who has had no part in a lead yet."""

    user_id: int
    manager: Manager | None
    entry: RegisterEntry | None
    shares: tuple[Fraction, Fraction] | None  # of each lead, by weight: smallest and largest
    ramp: int  # percent of the weight that counts now
    ghost: str  # why no lead comes any more: gone | no_seat | no_member; "" of the others

    @property
    def lag(self) -> int:
        """Return what is owed, in millionths of a lead."""
        return self.entry.lag if self.entry else 0


@dataclass(frozen=True)
class RegisterSheet:
    """All of one register."""

    register: Register
    triggers: tuple[Trigger, ...]
    places: tuple[Place, ...]  # owed most first
    credits: tuple[RegisterCredit, ...]  # the latest first
    epochs: tuple[RegisterEpoch, ...]
    by_hand: tuple[int, ...]  # what was credited in this epoch
    names: dict[int, str]

    @cached_property
    def entries(self) -> list[RegisterEntry]:
        """Return the places that have taken part."""
        return [place.entry for place in self.places if place.entry]

    @property
    def leads(self) -> int:
        """Return how many leads were dealt in this epoch."""
        return sum(entry.count for entry in self.entries)

    @property
    def largest(self) -> int:
        """Return the largest |lag| now, in millionths."""
        return max((abs(entry.lag) for entry in self.entries), default=0)

    @property
    def bound(self) -> float:
        """Return how many leads |lag| cannot exceed, ghosts and credits included."""
        return bound_of(len(self.entries), self.by_hand)

    @property
    def ghosts(self) -> int:
        """Return how many entries are of people to whom no lead comes any more."""
        return sum(1 for place in self.places if place.entry and place.ghost)

    @property
    def unbounded(self) -> str:
        """Return why nothing is promised: totals | load | catch_up; "" where leads go by lag alone."""
        if self.register.strict_totals:
            return "totals"
        if any(body_of(one.template.body).strategy == LEAST_LOADED for one in self.triggers):
            return "load"
        return "catch_up" if self.register.catch_up_percent else ""

    @property
    def unpaced(self) -> list[str]:
        """Return the templates for which strict totals do not count: they have no pace limit."""
        return _without_pace(self.triggers) if self.register.strict_totals else []


def trigger_name(trigger: Trigger) -> str:
    """Return what a trigger is called: its own name, its group's, else its template's."""
    if trigger.name:
        return str(trigger.name)
    return str(trigger.group.name if trigger.group else trigger.template.name)


def registers_of(account: Account) -> list[RegisterLine]:
    """Return the named registers by name, then the triggers' own by their order; three queries."""
    users: dict[int | None, list[Trigger]] = defaultdict(list)
    for trigger in _triggers(account):
        users[trigger.register_id].append(trigger)
    entries = RegisterEntry.objects.for_account(account).values("register_id")
    sums = {
        row["register_id"]: (
            row["people"],
            row["leads"],
            max(row["high"], -row["low"]),
            row["last"],
        )
        for row in entries.annotate(
            people=Count("pk"),
            leads=Sum("count"),
            high=Max("lag"),
            low=Min("lag"),
            last=Max("last_lead_at"),
        )
    }
    rows = Register.objects.for_account(account).select_related("own_of__template", "own_of__group")
    lines = [
        RegisterLine(row, tuple(users[row.pk]), *sums.get(row.pk, (0, 0, 0, None)))
        for row in rows.order_by("own_of__priority", "own_of_id", "name")
    ]
    return sorted(lines, key=lambda line: line.register.own_of_id is not None)


def sheet_of(register: Register, now: datetime) -> RegisterSheet:
    """Return all of one register; eight queries."""
    account = register.account
    triggers = tuple(_triggers(account).filter(register=register))
    rows = RegisterCredit.objects.for_account(account).filter(register=register)
    applied = rows.filter(epoch=register.epoch, applied_at__isnull=False)
    epochs = RegisterEpoch.objects.for_account(account).filter(register=register)
    managers = {row.kommo_id: row for row in Manager.objects.for_account(account)}
    places = _places(register, managers, now)
    return RegisterSheet(
        register,
        triggers,
        tuple(sorted(places, key=lambda place: (-place.lag, _name_key(place)))),
        tuple(rows.order_by("-at", "-pk")[:LATEST]),
        tuple(epochs.order_by("-epoch")[:LATEST]),
        tuple(applied.values_list("leads", flat=True)),
        {user_id: row.name for user_id, row in managers.items()},
    )


def templates_without_pace(register: Register) -> list[str]:
    """Return the names of the templates that use the register and have no pace limit (R13)."""
    return _without_pace(_triggers(register.account).filter(register=register))


def named_registers(account: Account) -> list[Register]:
    """Return the registers that triggers may share, by name, to choose one from (F95, F115)."""
    rows = Register.objects.for_account(account).filter(own_of__isnull=True)
    return list(rows.order_by("name"))


def body_of(document: dict[str, object]) -> Body:
    """Return a stored body; it was checked when it was saved."""
    return read_body(document)[0]


def _triggers(account: Account) -> QuerySet[Trigger]:
    rows = Trigger.objects.for_account(account).select_related("template", "group")
    found: QuerySet[Trigger] = rows.order_by("priority", "pk")
    return found


def _without_pace(triggers: QuerySet[Trigger] | tuple[Trigger, ...]) -> list[str]:
    templates = {one.template_id: one.template for one in triggers}.values()
    return sorted(one.name for one in templates if body_of(one.body).limits.pace_leads is None)


def _places(register: Register, managers: dict[int, Manager], now: datetime) -> Iterator[Place]:
    entries = {
        row.user_id: row
        for row in RegisterEntry.objects.for_account(register.account).filter(register=register)
    }
    config = config_of(register.account_id)
    used = [one for one in config.triggers if one.register.register_id == register.pk]
    shares, ramps = _shares(config, register.pk, now) if used else ({}, {})
    for user_id in entries.keys() | shares.keys():
        manager, own = managers.get(user_id), shares.get(user_id)
        yield Place(
            user_id,
            manager,
            entries.get(user_id),
            (min(own), max(own)) if own else None,
            ramps.get(user_id, 100),
            _ghost(manager, is_member=bool(own) or not used),
        )


def _shares(
    config: AccountConfig, register_id: int, now: datetime
) -> tuple[dict[int, list[Fraction]], dict[int, int]]:
    """Return each member's share of a lead in every trigger that is on, within the tier; and the ramps."""
    crowd = Crowd(config, now, availability={})
    shares: dict[int, list[Fraction]] = defaultdict(list)
    ramps: dict[int, int] = {}
    for trigger in config.triggers:
        if trigger.register.register_id != register_id:
            continue
        situation = crowd.situation(trigger)
        weigh = STRATEGIES[situation.policy.strategy].weigh
        people = [one for one in situation.candidates if one.manager_id in situation.policy.members]
        totals: dict[int, int] = defaultdict(int)
        for one in people:
            totals[one.tier] += weigh(one)
        for one in people:
            whole = totals[one.tier]
            shares[one.manager_id].append(Fraction(weigh(one), whole) if whole else Fraction(0))
            ramps[one.manager_id] = one.ramp
    return shares, ramps


def _ghost(manager: Manager | None, *, is_member: bool) -> str:
    if manager is None or not manager.is_active_in_kommo:
        return "gone"
    if not manager.is_licensed:
        return "no_seat"
    return "" if is_member else "no_member"


def _name_key(place: Place) -> tuple[str, int]:
    return place.manager.name.casefold() if place.manager else "", place.user_id
