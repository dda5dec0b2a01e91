"""Builders of the engine's values: a manager who may have every lead, and how to differ from him."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from distribution.core.facts import (
    PRESENCE_GATES,
    SKILL_MODES,
    WHEN_NOBODY,
    WHEN_OWNER_AWAY,
    CandidateFacts,
    LeadFacts,
    Policy,
    Situation,
    Sticky,
)

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
        **draw(of_templates()),
    )


skills = st.sampled_from([frozenset(), frozenset({"spanish"}), frozenset({"spanish", "tax"})])


@st.composite
def of_templates(draw: st.DrawFn) -> dict[str, Any]:
    """The facts that only some templates look at."""
    recent = draw(st.lists(st.integers(0, 1200), max_size=4).map(sorted))
    return {
        "online": draw(st.booleans()),
        "tier": draw(st.sampled_from([1, 1, 2, 5])),
        "ramp": draw(st.sampled_from([100, 100, 100, 40, 0])),
        "tasks": draw(st.integers(0, 4)),
        "task_limit": draw(st.none() | st.none() | st.integers(0, 6)),
        "recent": tuple(NOW - timedelta(seconds=ago) for ago in reversed(recent)),
        "skills": draw(skills),
        "on_leave": draw(st.booleans()),
    }


@st.composite
def settings(draw: st.DrawFn, ids: list[int]) -> dict[str, Any]:
    """What a template may say beside the usual; mostly it does not."""

    def rarely(usual: Any, *others: Any) -> Any:
        return draw(st.just(usual) | st.just(usual) | st.sampled_from([usual, *others]))

    return {
        "when_nobody": rarely("wait", *WHEN_NOBODY),
        "nobody_seconds": rarely(0, 300),
        "duty_id": rarely(None, *ids),
        "presence": rarely("off", *PRESENCE_GATES),
        "off_hours": rarely("wait", "leave"),
        "pace_leads": rarely(None, 0, 1, 3),
        "pace_seconds": rarely(600, 60),
        "strict_totals": rarely(False, True),
        "catch_up_percent": rarely(0, 50, 100),
        "catch_up_leads": rarely(3, 1),
        "keep_owner": rarely(False, True),
        "skills": rarely("off", *SKILL_MODES),
        "skills_relax_seconds": rarely(None, 180),
        "owner_away": rarely("give", *WHEN_OWNER_AWAY),
        "owner_wait_seconds": rarely(0, 600),
        "sticky_counts": rarely(False, True),
        "widen_seconds": rarely(0, 120),
    }


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
        **draw(settings(ids)),
    )
    leaving = frozenset(ids[:1]) if draw(st.booleans()) else frozenset()
    return Situation(NOW, policy, candidates, draw(st.integers(1, 9)), leaving)


@st.composite
def circumstances(draw: st.DrawFn) -> dict[str, Any]:
    """What is special about a lead; mostly nothing."""

    def rarely(usual: Any, *others: Any) -> Any:
        return draw(st.just(usual) | st.just(usual) | st.sampled_from([usual, *others]))

    sticky = None
    if draw(st.integers(0, 3)) == 0:
        owner = draw(managers(draw(st.integers(1, 60))))
        sticky = Sticky(owner, draw(st.sampled_from(["contact", "company"])), 7)
    waited = rarely(None, 0, 100, 179, 180, 300, 600)
    return {
        "waiting_since": None if waited is None else NOW - timedelta(seconds=waited),
        "skills": rarely(frozenset(), frozenset({"spanish"}), frozenset({"tax", "czech"})),
        "sticky": sticky,
        "moves": rarely(False, True),
        "counted": rarely(False, True),
        "is_incoming": rarely(False, True),
    }


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
            **draw(circumstances()),
        )
        for number in range(1, draw(st.integers(1, 20)) + 1)
    ]
