"""What the engine judges by: the people of each trigger with their shifts, loads and lags."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db import connection

from accounts.models import Account
from distribution.core import members
from distribution.core.facts import CandidateFacts, Policy, Situation
from distribution.core.ledger import Entry
from distribution.core.policy.body import Member
from distribution.core.records import moment_from_json
from distribution.models import ManagerLoad
from distribution.queries.config import AccountConfig, TriggerConfig, config_of, window_of
from peresmenka.lib.zones import known_zone
from shifts.core.layers import Cause
from shifts.core.machine import ONLINE_FOR
from shifts.core.roster import Standing, State
from shifts.core.windows import opens_at
from shifts.queries.availability import (
    Availability,
    NamedSchedule,
    availability_of,
    named_schedules_of,
)

Loads = Mapping[tuple[int, int], int]  # (Kommo user id, scope of ManagerLoad) -> number

_LEAVE = frozenset({Cause.ABSENCE, Cause.HOLIDAY, Cause.MARKED, Cause.SWAPPED})
_UNKNOWN = Availability()
_IN_SERVICE = Standing(State.IN_SERVICE)  # of everybody where schedules do not count

# Managers, what is counted of them, and their places in the registers, one row a fact. Each part is
# read by its account alone: a join would be planned by statistics that a growing account outruns.
_FACTS = """
SELECT 0, m.kommo_id, coalesce(g.kommo_id, -1), prof.leads::bigint, prof.tasks::bigint,
  (m.is_licensed::int + 2 * m.is_active_in_kommo::int)::bigint, NULL::bigint, prof.skills::text
FROM accounts_manager m
LEFT JOIN accounts_group g ON g.id = m.group_id
LEFT JOIN distribution_managerprofile prof ON prof.manager_id = m.id
WHERE m.account_id = %(account)s AND (%(users)s::bigint[] IS NULL OR m.kommo_id = ANY(%(users)s))
UNION ALL
SELECT 1, user_id, scope, number, NULL, NULL, NULL, NULL FROM distribution_managerload
WHERE account_id = %(account)s AND (%(users)s::bigint[] IS NULL OR user_id = ANY(%(users)s))
UNION ALL
SELECT 2, user_id, register_id, lag, count,
  (extract(epoch FROM last_lead_at) * 1000000)::bigint,
  (extract(epoch FROM joined_at) * 1000000)::bigint, NULL
FROM distribution_registerentry
WHERE account_id = %(account)s AND register_id = ANY(%(registers)s)
  AND (%(users)s::bigint[] IS NULL OR user_id = ANY(%(users)s))
"""
# What counts for a pace: every lead that was dealt to somebody who did not have it already.
_RECENT = """
SELECT chosen_id, decided_at FROM distribution_decision
WHERE account_id = %s AND decided_at > %s AND chosen_id IS NOT NULL AND NOT is_shadow
  AND kind IN ('distribution', 'redistribution') AND turn_key <> ''
  AND reason <> 'kept'
ORDER BY decided_at, id
"""


@dataclass(frozen=True, slots=True)
class _Manager:
    user_id: int
    group: int | None  # Kommo's id
    leads: int | None  # personal limits
    tasks: int | None
    licensed: bool
    active: bool
    skills: frozenset[str]


@dataclass(slots=True)
class Changes:
    """What a turn has changed since the facts were read, and has not written yet."""

    loads: Loads = field(default_factory=dict)
    entries: Mapping[tuple[int, int], Entry] = field(default_factory=dict)  # (register, user)
    recent: Mapping[int, Sequence[datetime]] = field(default_factory=dict)  # leads dealt, by user


class Crowd:
    """Everybody of an account at one moment, read once; gives the situation of each trigger."""

    def __init__(
        self,
        config: AccountConfig,
        now: datetime,
        *,
        availability: Mapping[int, Availability] | None = None,
        users: Sequence[int] | None = None,
    ) -> None:
        """Read two queries, one more each with a pace and with named schedules, whatever the crowd.

        For a page: `availability` that has been read already, and `users` who alone are asked for.
        """
        self.config, self.now = config, now
        self._users = users
        if availability is None:
            availability = availability_of(
                Account(pk=config.account_id),
                now,
                with_schedule=config.needs_schedules,
                users=users,
            )
        self.availability = availability
        self._parts: dict[int, dict[int, members.Part]] = {}
        self._managers: dict[int, _Manager] = {}
        self._loads: dict[tuple[int, int], int] = {}
        self._entries: dict[tuple[int, int], tuple[Entry, datetime | None]] = {}
        self._read()

    def _read(self) -> None:
        values: dict[str, Any] = {
            "account": self.config.account_id,
            "users": None if self._users is None else list(self._users),
            "registers": list({one.register.register_id for one in self.config.triggers}),
        }
        with connection.cursor() as cursor:
            cursor.execute(_FACTS, values)
            for what, user, place, first, second, third, fourth, text in cursor:
                if what == 0:
                    self._managers[user] = _Manager(
                        user,
                        None if place < 0 else place,
                        first,
                        second,
                        bool(third & 1),
                        bool(third & 2),
                        skills_from(text),
                    )
                elif what == 1:
                    self._loads[user, place] = first
                else:
                    entry = Entry(first, second, moment_from_json(third))
                    self._entries[place, user] = entry, moment_from_json(fourth)

    @cached_property
    def groups(self) -> dict[int, list[int]]:
        """Return the user ids of each Kommo group, as of now."""
        found: dict[int, list[int]] = defaultdict(list)
        for manager in self._managers.values():
            if manager.group is not None:
                found[manager.group].append(manager.user_id)
        return dict(found)

    @cached_property
    def _recent(self) -> dict[int, list[datetime]]:
        found: dict[int, list[datetime]] = defaultdict(list)
        if self.config.pace_minutes:
            since = self.now - timedelta(minutes=self.config.pace_minutes)
            with connection.cursor() as cursor:
                cursor.execute(_RECENT, [self.config.account_id, since])
                for user, at in cursor:
                    found[user].append(at)
        return found

    @cached_property
    def _named(self) -> dict[str, NamedSchedule]:
        """Return the schedules that templates name (F58), by name."""
        account = Account(pk=self.config.account_id, zone=self.config.zone)
        return named_schedules_of(account, self.now, self.config.named_schedules)

    def knows(self, user_id: int) -> bool:
        """Say whether the account has this manager."""
        return user_id in self._managers

    def is_active(self, user_id: int) -> bool:
        """Say whether a user can still sign in to Kommo."""
        manager = self._managers.get(user_id)
        return manager is not None and manager.active

    def presence(self, user_id: int) -> str | None:
        """Return a user's presence, None of somebody whom the account does not know."""
        if user_id not in self._managers:
            return None
        return self.availability.get(user_id, _UNKNOWN).shift.presence.value

    def number(self, user_id: int, scope: int) -> int:
        """Return what is counted of a user in a scope."""
        return self._loads.get((user_id, scope), 0)

    def parts_of(self, trigger: TriggerConfig) -> dict[int, members.Part]:
        """Return who takes part in a trigger's template, and with what, by user id."""
        if trigger.trigger_id not in self._parts:
            body = trigger.template.body
            rows = [
                row
                for row in body.members
                if trigger.group is None or (row.kind, row.id) == ("group", trigger.group)
            ]
            if not body.members and body.gates.schedule == "named":
                rows = self._followers(body.gates.pattern)
            self._parts[trigger.trigger_id] = self._shares(rows, body.strategy)
        return self._parts[trigger.trigger_id]

    def _shares(self, rows: list[Member], strategy: str) -> dict[int, members.Part]:
        """Return the parts; a group's share is split among those of it who can take part at all."""
        parts = members.parts_of(rows, self.groups, strategy)
        if strategy == members.BY_COEFFICIENT and self._able != self.groups:
            parts |= members.parts_of(rows, self._able, strategy)
        return parts

    @cached_property
    def _able(self) -> dict[int, list[int]]:
        """Return the groups without those who have no seat or are no longer active in Kommo."""
        able = {one.user_id for one in self._managers.values() if one.licensed and one.active}
        return {
            group: [user for user in users if user in able] for group, users in self.groups.items()
        }

    def _followers(self, pattern: str) -> list[Member]:
        """Return everybody who follows a schedule: an empty list with a name is they, evenly (F59)."""
        followers = self._named[pattern].followers()
        return [Member("manager", user) for user in sorted(followers & self._managers.keys())]

    def situation(self, trigger: TriggerConfig, changes: Changes | None = None) -> Situation:
        """Return what the engine judges a trigger's leads by."""
        changes = changes or Changes()
        parts = self.parts_of(trigger)
        policy = self._policy(trigger, parts)
        extra = {policy.duty_id} if policy.duty_id is not None else set()
        people = [user for user in (*parts, *(extra - parts.keys())) if user in self._managers]
        candidates = tuple(
            self.candidate(user, trigger, parts.get(user), changes) for user in people
        )
        return Situation(self.now, policy, candidates, trigger.register.register_id)

    def candidate(
        self,
        user_id: int,
        trigger: TriggerConfig,
        part: members.Part | None,
        changes: Changes,
    ) -> CandidateFacts:
        """Return one manager as the rules of a trigger see him; also of one who is no member."""
        manager, limits = self._managers[user_id], trigger.template.body.limits
        known = self.availability.get(user_id, _UNKNOWN)
        schedule = self._schedule(trigger, user_id, known)
        scope = trigger.template.scope
        entry, joined_at = self._entry(trigger, user_id, changes)
        return CandidateFacts(
            manager_id=user_id,
            licensed=manager.licensed,
            active_in_kommo=manager.active,
            participation=known.participation.status.value,
            participation_until=known.participation.until,
            schedule=schedule.state.value,
            works_from=schedule.starts_at,
            presence=known.shift.presence.value,
            shift_started_at=known.shift.shift_started_at,
            online=self._is_online(known),
            open_leads=max(0, self._count(user_id, scope, changes)),
            limit=_first(part.leads if part else None, manager.leads, limits.leads),
            tasks=max(0, self._count(user_id, ManagerLoad.TASKS, changes)),
            task_limit=_first(part.tasks if part else None, manager.tasks, limits.tasks),
            weight=part.weight if part else 1,
            tier=part.tier if part else 1,
            ramp=self._ramp(trigger, joined_at),
            lag=entry.lag,
            count=entry.count,
            last_lead_at=entry.last_lead_at,
            group_ids=frozenset(() if manager.group is None else (manager.group,)),
            recent=self._recent_of(user_id, trigger, changes),
            skills=manager.skills,
            on_leave=bool(trigger.register.catch_up_percent) and _is_on_leave(known),
        )

    def _count(self, user_id: int, scope: int, changes: Changes) -> int:
        return self.number(user_id, scope) + changes.loads.get((user_id, scope), 0)

    def _entry(
        self, trigger: TriggerConfig, user_id: int, changes: Changes
    ) -> tuple[Entry, datetime | None]:
        key = trigger.register.register_id, user_id
        stored, joined_at = self._entries.get(key, (Entry(0, 0, None), self.now))
        return changes.entries.get(key, stored), joined_at

    def _ramp(self, trigger: TriggerConfig, joined_at: datetime | None) -> int:
        """Return the percent of the weight that counts in this week since the manager joined."""
        ramp = trigger.register.ramp
        if not ramp or joined_at is None:
            return 100
        week = (self.now - joined_at) // timedelta(weeks=1)
        return ramp[week] if week < len(ramp) else 100

    def _recent_of(
        self, user_id: int, trigger: TriggerConfig, changes: Changes
    ) -> tuple[datetime, ...]:
        limits = trigger.template.body.limits
        if limits.pace_leads is None:
            return ()
        since = self.now - timedelta(minutes=limits.pace_minutes)
        found = [*self._recent.get(user_id, ()), *changes.recent.get(user_id, ())]
        return tuple(at for at in found if at > since)

    def _is_online(self, known: Availability) -> bool:
        seen = known.shift.last_seen_at
        return seen is not None and self.now - seen <= ONLINE_FOR

    def _schedule(self, trigger: TriggerConfig, user_id: int, known: Availability) -> Standing:
        gates = trigger.template.body.gates
        if gates.schedule == "named":
            return self._named[gates.pattern].schedule_of(user_id, known.schedule)
        return _IN_SERVICE if gates.schedule == "off" else known.schedule or _IN_SERVICE

    def _policy(self, trigger: TriggerConfig, parts: Mapping[int, members.Part]) -> Policy:
        body, register = trigger.template.body, trigger.register
        opens = opens_at(window_of(body.hours), known_zone(self.config.zone), self.now)
        relax = body.skills.relax_minutes
        return Policy(
            strategy=body.strategy,
            members=frozenset(parts),
            require_shift=body.gates.shift == "require",
            require_schedule=body.gates.schedule != "off",
            presence=body.gates.presence,
            window_open=opens <= self.now,
            window_opens_at=None if opens <= self.now else opens,
            off_hours=body.off_hours,
            start_delay_seconds=body.gates.start_delay_minutes * 60,
            pace_leads=body.limits.pace_leads,
            pace_seconds=body.limits.pace_minutes * 60 if body.limits.pace_leads else 0,
            strict_totals=register.strict_totals and body.limits.pace_leads is not None,
            catch_up_percent=register.catch_up_percent,
            catch_up_leads=register.catch_up_leads,
            keep_owner=body.keep_owner,
            skills=body.skills.mode,
            skills_relax_seconds=None if relax is None else relax * 60,
            owner_away=body.sticky.owner_away,
            owner_wait_seconds=body.sticky.wait_minutes * 60,
            sticky_counts=body.sticky.counts,
            widen_seconds=body.nobody.widen_minutes * 60,
            when_nobody=body.nobody.then,
            nobody_seconds=body.nobody.after_minutes * 60,
            duty_id=body.nobody.duty if body.nobody.then == "duty" else None,
        )


def situations_for(account_id: int, now: datetime) -> dict[int, Situation]:
    """Return the situation of each trigger of the account at `now`, by trigger id."""
    return situations_of(config_of(account_id), now)


def situations_of(
    config: AccountConfig,
    now: datetime,
    *,
    availability: Mapping[int, Availability] | None = None,
    users: Sequence[int] | None = None,
) -> dict[int, Situation]:
    """Return the situation of each trigger, by its id; see Crowd."""
    crowd = Crowd(config, now, availability=availability, users=users)
    return {trigger.trigger_id: crowd.situation(trigger) for trigger in config.triggers}


def skills_from(text: str | None) -> frozenset[str]:
    """Return skills as they are compared, from a profile's JSON."""
    if not text or text == "[]":
        return frozenset()
    return frozenset(word.casefold() for word in json.loads(text))


def _first(*limits: int | None) -> int | None:
    return next((limit for limit in limits if limit is not None), None)


def _is_on_leave(known: Availability) -> bool:
    schedule = known.schedule
    return schedule is not None and schedule.cause in _LEAVE
