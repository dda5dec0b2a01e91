"""Builders of the engine's values: a manager who may have every lead, and how to differ from him."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from distribution.core.facts import CandidateFacts, LeadFacts, Policy, Situation

NOW = datetime(2025, 1, 6, 10, 0, tzinfo=UTC)


def manager(manager_id: int = 1, **different: Any) -> CandidateFacts:
    """A manager to whom no rule objects."""
    facts: dict[str, Any] = {"presence": "online", "shift_started_at": NOW - timedelta(hours=1)}
    return CandidateFacts(manager_id, **(facts | different))


def situation(
    candidates: Iterable[CandidateFacts] | int,
    strategy: str = "even",
    *,
    register_id: int = 1,
    leaving: frozenset[int] = frozenset(),
    now: datetime = NOW,
    **policy: Any,
) -> Situation:
    """A situation in which every candidate is a member."""
    if isinstance(candidates, int):
        candidates = [manager(number) for number in range(1, candidates + 1)]
    candidates = tuple(candidates)
    members = policy.pop("members", {facts.manager_id for facts in candidates})
    return Situation(now, Policy(strategy, members, **policy), candidates, register_id, leaving)


def leads(count: int, **same: Any) -> list[LeadFacts]:
    """Leads numbered from 1."""
    return [LeadFacts(number, **same) for number in range(1, count + 1)]


moments = st.integers(0, 5).map(lambda hours: NOW - timedelta(hours=hours))


@st.composite
def managers(draw: st.DrawFn, manager_id: int) -> CandidateFacts:
    """Any manager, mostly one who can be dealt to."""
    mostly = st.sampled_from([True, True, True, True, False])
    return CandidateFacts(
        manager_id=manager_id,
        licensed=draw(mostly),
        active_in_kommo=draw(mostly),
        participation=draw(st.sampled_from(["on", "on", "forced_on", "off", "forced_off"])),
        participation_until=draw(st.none() | moments.map(lambda at: NOW + (NOW - at))),
        schedule=draw(
            st.sampled_from(["in_service", "in_service", "start_at", "day_off", "empty"])
        ),
        works_from=draw(st.none() | moments.map(lambda at: NOW + (NOW - at))),
        presence=draw(st.sampled_from(["online", "online", "online", "paused", "offline"])),
        shift_started_at=draw(st.none() | moments),
        open_leads=draw(st.integers(0, 2) | st.integers(0, 8)),
        reserved=draw(st.integers(0, 3)),
        limit=draw(st.none() | st.integers(0, 15)),
        weight=draw(st.integers(0, 100)),
        lag=draw(st.sampled_from([0, 0, 0]) | st.integers(-2_000_000, 2_000_000)),
        last_lead_at=draw(st.none() | moments),
        group_ids=draw(st.frozensets(st.integers(1, 3))),
        count=draw(st.integers(0, 50)),
    )


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Any situation of up to eight managers."""
    ids = draw(st.lists(st.integers(1, 60), min_size=1, max_size=8, unique=True))
    candidates = tuple(draw(managers(manager_id)) for manager_id in ids)
    policy = Policy(
        strategy=draw(st.sampled_from(["even", "weighted", "least_loaded"])),
        members=draw(st.sampled_from([ids, ids, ids[1:]])),
        require_shift=draw(st.booleans()),
        require_schedule=draw(st.booleans()),
        window_open=draw(st.sampled_from([True, True, True, False])),
        start_delay_seconds=draw(st.sampled_from([0, 0, 600, 7200])),
        when_nobody=draw(st.sampled_from(["wait", "ignore_presence"])),
    )
    leaving = frozenset(ids[:1]) if draw(st.booleans()) else frozenset()
    return Situation(NOW, policy, candidates, draw(st.integers(1, 9)), leaving)


@st.composite
def lead_lists(draw: st.DrawFn) -> list[LeadFacts]:
    """Up to twenty leads, some excluded, tried or kept for groups."""
    return [
        LeadFacts(
            lead_id=number,
            pipeline_id=draw(st.integers(1, 2)),
            status_id=draw(st.integers(1, 3)),
            owner_id=draw(st.none() | st.integers(1, 60)),
            excluded=draw(st.sampled_from([False, False, False, True])),
            tried=draw(st.sampled_from([frozenset(), frozenset(), frozenset({1, 2, 3, 4, 5})])),
            only_groups=draw(st.sampled_from([frozenset(), frozenset(), frozenset({1})])),
        )
        for number in range(1, draw(st.integers(1, 20)) + 1)
    ]
