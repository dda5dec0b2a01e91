"""Shapes registers for their templates: who uses them, the ledger in words, epochs; no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from fractions import Fraction
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from distribution.core.ledger import LEAD
from distribution.labels.registers import (
    GHOSTS,
    UNBOUNDED,
    given_text,
    leads_text,
    meaning,
    plain_leads,
)
from distribution.models import Register, RegisterCredit, RegisterEpoch, Trigger
from distribution.queries.registers import Place, RegisterLine, RegisterSheet, trigger_name
from peresmenka.lib.moments import clock


@dataclass(frozen=True, slots=True)
class User:
    """A trigger that uses a register."""

    name: str
    template: str
    kind: str


@dataclass(frozen=True, slots=True)
class ListRow:
    """A register in the list."""

    pk: int
    name: str
    users: tuple[User, ...]
    people: int
    leads: int
    largest: str
    last: str


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One manager's line of a ledger."""

    user_id: int
    name: str
    lag: str
    tone: str  # of the pill: owed, ahead or even
    meaning: str
    leads: int
    share: str
    ramp: int  # 100: none
    last: str
    since: str
    ghost: str
    is_new: bool  # a member without a place yet


@dataclass(frozen=True, slots=True)
class CreditRow:
    """A credit or skip with its author."""

    name: str
    what: str
    reason: str
    author: str
    at: str
    is_pending: bool


@dataclass(frozen=True, slots=True)
class EpochRow:
    """An epoch that is over, with its closing table."""

    number: int
    started: str
    ended: str
    reason: str
    author: str
    leads: int
    lines: tuple[tuple[str, str, int, str], ...]  # name, lag, leads, last lead


@dataclass(frozen=True, slots=True)
class Sheet:
    """One register as its page shows it."""

    register: Register
    name: str
    users: tuple[User, ...]
    places: tuple[PlaceRow, ...]
    credits: tuple[CreditRow, ...]
    epochs: tuple[EpochRow, ...]
    leads: int
    people: int
    ghosts: int
    largest: str
    bound: str
    is_beyond: bool
    no_bound: str  # why; "" where there is one
    since: str
    unpaced: str


def name_of(register: Register, triggers: tuple[Trigger, ...] = ()) -> str:
    """Return a named register's name, or the name of the trigger whose own it is."""
    if register.own_of_id is None:
        return str(register.name)
    own = next((one for one in triggers if one.pk == register.own_of_id), register.own_of)
    return trigger_name(own) if own else str(register.name)


def list_rows(lines: list[RegisterLine], zone: tzinfo, now: datetime) -> list[ListRow]:
    """Return the rows of the list."""
    return [
        ListRow(
            line.register.pk,
            name_of(line.register, line.triggers),
            _users(line.triggers),
            line.people,
            line.leads,
            plain_leads(line.largest),
            _moment(line.last_lead_at, zone, now),
        )
        for line in lines
    ]


def sheet_for(sheet: RegisterSheet, zone: tzinfo, now: datetime) -> Sheet:
    """Return one register as its page shows it."""
    register = sheet.register
    return Sheet(
        register=register,
        name=name_of(register, sheet.triggers),
        users=_users(sheet.triggers),
        places=tuple(_place(place, zone, now) for place in sheet.places),
        credits=tuple(_credit(row, sheet.names, zone, now) for row in sheet.credits),
        epochs=tuple(_epoch(row, sheet.names, zone, now) for row in sheet.epochs),
        leads=sheet.leads,
        people=len(sheet.entries),
        ghosts=sheet.ghosts,
        largest=plain_leads(sheet.largest),
        bound=str(number_format(sheet.bound, 1)),
        is_beyond=not sheet.unbounded and sheet.largest > sheet.bound * LEAD,
        no_bound=str(UNBOUNDED.get(sheet.unbounded, "")),
        since=_moment(register.epoch_started_at, zone, now),
        unpaced=", ".join(sheet.unpaced),
    )


def people_of(sheet: RegisterSheet) -> list[tuple[int, str]]:
    """Return whom a page may credit: everybody to whom leads still come, by name."""
    found = [
        (place.user_id, place.manager.name)
        for place in sheet.places
        if place.manager and not place.ghost
    ]
    return sorted(found, key=lambda one: (one[1].casefold(), one[0]))


def _users(triggers: tuple[Trigger, ...]) -> tuple[User, ...]:
    return tuple(
        User(trigger_name(one), one.template.name, str(one.get_kind_display())) for one in triggers
    )


def _place(place: Place, zone: tzinfo, now: datetime) -> PlaceRow:
    entry, lag = place.entry, leads_text(place.lag)
    return PlaceRow(
        user_id=place.user_id,
        name=_name(
            place.user_id, {} if place.manager is None else {place.user_id: place.manager.name}
        ),
        lag=lag,
        tone="accent" if lag.startswith("+") else "warn" if lag.startswith("−") else "",
        meaning=meaning(place.lag),
        leads=entry.count if entry else 0,
        share=_share(place.shares),
        ramp=place.ramp,
        last=_moment(entry.last_lead_at if entry else None, zone, now),
        since=_moment(entry.joined_at if entry else None, zone, now),
        ghost=str(GHOSTS.get(place.ghost, "")),
        is_new=entry is None,
    )


def _share(shares: tuple[Fraction, Fraction] | None) -> str:
    if shares is None:
        return ""
    low, high = (str(number_format(round(float(share * 100), 1))) for share in shares)
    return f"{low} %" if low == high else f"{low}–{high} %"


def _credit(
    row: RegisterCredit, names: Mapping[int, str], zone: tzinfo, now: datetime
) -> CreditRow:
    return CreditRow(
        _name(row.user_id, names),
        given_text(row.leads),
        row.reason,
        _author(row.actor_id, names),
        clock(row.at, zone, now),
        row.applied_at is None,
    )


def _epoch(row: RegisterEpoch, names: Mapping[int, str], zone: tzinfo, now: datetime) -> EpochRow:
    entries: list[list[Any]] = sorted(row.entries, key=lambda entry: (-entry[1], entry[0]))
    return EpochRow(
        row.epoch,
        _moment(row.started_at, zone, now),
        clock(row.ended_at, zone, now),
        row.reason,
        _author(row.actor_id, names),
        sum(entry[2] for entry in entries),
        tuple(
            (
                _name(user_id, names),
                leads_text(lag),
                count,
                _moment(datetime.fromisoformat(last) if last else None, zone, now),
            )
            for user_id, lag, count, last in entries
        ),
    )


def _name(user_id: int, names: Mapping[int, str]) -> str:
    return names.get(user_id) or _("User %(id)s") % {"id": user_id}


def _author(actor_id: int | None, names: Mapping[int, str]) -> str:
    return _("the service") if actor_id is None else _name(actor_id, names)


def _moment(moment: datetime | None, zone: tzinfo, now: datetime) -> str:
    return clock(moment, zone, now) if moment else ""
