"""What the engine judges by: the people of each rule with their shifts, loads and lags."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import connection

from accounts.models import Account
from distribution.core.facts import CandidateFacts, Policy, Situation
from distribution.core.records import moment_from_json
from distribution.queries.config import AccountConfig, RuleConfig, config_of
from peresmenka.lib.zones import known_zone
from shifts.core.roster import Standing, State
from shifts.core.windows import DailyWindow, opens_at
from shifts.queries.availability import Availability, availability_of

# People of the rules' groups; each group has one rule and one register. Loads and entries are looked
# up a person: a join would be planned by statistics that a growing account outruns (200 × 200).
_PEOPLE = """
SELECT r.id, m.kommo_id, m.is_licensed, m.is_active_in_kommo, g.kommo_id,
  coalesce(l.open_leads, 0), coalesce(e.lag, 0), coalesce(e.count, 0),
  prof.leads,
  (extract(epoch FROM e.last_lead_at) * 1000000)::bigint  -- read three times as fast as a timestamp
FROM distribution_grouprule r
JOIN accounts_group g ON g.id = r.group_id
LEFT JOIN distribution_register reg ON reg.rule_id = r.id
JOIN accounts_manager m ON m.account_id = r.account_id AND m.group_id = g.id
LEFT JOIN distribution_managerprofile prof ON prof.manager_id = m.id
LEFT JOIN LATERAL (
  SELECT open_leads FROM distribution_managerload
  WHERE account_id = r.account_id AND user_id = m.kommo_id LIMIT 1) l ON true
LEFT JOIN LATERAL (
  SELECT lag, count, last_lead_at FROM distribution_registerentry
  WHERE account_id = r.account_id AND register_id = reg.id AND user_id = m.kommo_id LIMIT 1
) e ON true
WHERE r.account_id = %s
"""
_ONLY = "AND m.kommo_id = ANY(%s)"

_UNKNOWN = Availability()
_IN_SERVICE = Standing(State.IN_SERVICE)  # of everybody where schedules do not count


def situations_for(account_id: int, now: datetime) -> dict[int, Situation]:
    """Return the situation of each group rule of the account at `now`, by rule id."""
    return situations_of(config_of(account_id), now, {})


def situations_of(
    config: AccountConfig,
    now: datetime,
    load_changes: Mapping[int, int],
    *,
    availability: Mapping[int, Availability] | None = None,
    users: Sequence[int] | None = None,
) -> dict[int, Situation]:
    """Return the situation of each rule, by its id; two queries whatever the number of managers.

    `load_changes` are open leads gained or lost, by Kommo user id, that are not written yet.
    For a page: `availability` that has been read already, and `users` who alone are asked for.
    """
    if availability is None:
        availability = availability_of(
            Account(pk=config.account_id), now, with_schedule=config.schedule_gate, users=users
        )
    people: dict[int, list[CandidateFacts]] = defaultdict(list)
    with connection.cursor() as cursor:
        if users is None:
            cursor.execute(_PEOPLE, [config.account_id])
        else:
            cursor.execute(_PEOPLE + _ONLY, [config.account_id, list(users)])
        for rule_id, user_id, licensed, active, group, load, lag, count, limit, last in cursor:
            known = availability.get(user_id, _UNKNOWN)
            schedule = known.schedule or _IN_SERVICE
            people[rule_id].append(
                CandidateFacts(
                    manager_id=user_id,
                    licensed=licensed,
                    active_in_kommo=active,
                    participation=known.participation.status.value,
                    participation_until=known.participation.until,
                    schedule=schedule.state.value,
                    works_from=schedule.starts_at,
                    presence=known.shift.presence.value,
                    shift_started_at=known.shift.shift_started_at,
                    limit=limit,
                    open_leads=max(0, load + load_changes.get(user_id, 0)),
                    lag=lag,
                    count=count,
                    last_lead_at=moment_from_json(last),
                    group_ids=frozenset((group,)),
                )
            )
    opens = opens_at(DailyWindow(*config.hours), known_zone(config.zone), now)
    return {
        rule.rule_id: _situation(config, rule, people[rule.rule_id], now, opens)
        for rule in config.rules
    }


def _situation(
    config: AccountConfig,
    rule: RuleConfig,
    people: list[CandidateFacts],
    now: datetime,
    opens: datetime,
) -> Situation:
    policy = Policy(
        strategy=config.strategy,
        require_schedule=config.schedule_gate,
        members=[person.manager_id for person in people],
        window_open=opens <= now,
        window_opens_at=None if opens <= now else opens,
        start_delay_seconds=config.start_delay_seconds,
    )
    return Situation(now, policy, tuple(people), rule.register_id)
