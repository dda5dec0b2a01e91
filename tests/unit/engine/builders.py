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
        **draw(of_templates),
    )


def ago(*seconds: int) -> tuple[datetime, ...]:
    """Moments so many seconds before NOW."""
    return tuple(NOW - timedelta(seconds=number) for number in seconds)


def some(most: int, choices: dict[str, list[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """A few of the named choices; everything else is left as it usually is."""
    pairs = [(name, value) for name, values in choices.items() for value in values]
    return st.lists(st.sampled_from(pairs), max_size=most).map(dict)


SPANISH, TAX = frozenset({"spanish"}), frozenset({"tax", "czech"})

of_templates = some(
    6,
    {
        "online": [False],
        "tier": [2, 2, 5],
        "ramp": [40, 0],
        "tasks": [1, 4],
        "task_limit": [0, 1, 4],
        "recent": [ago(590, 60), ago(600, 300, 59), ago(900, 61, 60, 0)],
        "skills": [SPANISH, TAX, SPANISH | TAX],
        "on_leave": [True, True],
    },
)

settings = some(
    8,
    {
        "when_nobody": list(WHEN_NOBODY),
        "nobody_seconds": [300],
        "duty_id": [1, 2, 3, 4, 5],
        "presence": list(PRESENCE_GATES),
        "off_hours": ["leave"],
        "pace_leads": [0, 1, 2, 3],
        "pace_seconds": [60, 600],
        "strict_totals": [True],
        "catch_up_percent": [50, 100],
        "catch_up_leads": [1],
        "keep_owner": [True],
        "skills": list(SKILL_MODES),
        "skills_relax_seconds": [180],
        "owner_away": list(WHEN_OWNER_AWAY),
        "owner_wait_seconds": [600],
        "sticky_counts": [True],
        "widen_seconds": [120],
    },
)

STRANGERS = [
    *(manager(number, presence="offline") for number in (1, 2, 3, 61)),
    *(manager(number, licensed=False) for number in (1, 61)),
    *(manager(number, limit=2, open_leads=1, recent=ago(59)) for number in (3, 62)),
    manager(61, participation="off", participation_until=NOW + timedelta(hours=1)),
]

circumstances = some(
    3,
    {
        "waiting_since": [NOW, *ago(100, 179, 180, 300, 600)],
        "skills": [SPANISH, TAX],
        "sticky": [Sticky(owner, "company", 7) for owner in STRANGERS],
        "moves": [True, True],
        "counted": [True, True],
        "is_incoming": [True],
    },
)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Any situation of up to eight managers."""
    ids = draw(
        st.lists(st.integers(1, 9) | st.integers(1, 60), min_size=1, max_size=8, unique=True)
    )
    candidates = tuple(draw(managers(manager_id)) for manager_id in ids)
    policy = Policy(
        strategy=draw(st.sampled_from(["even", "weighted", "least_loaded"])),
        members=draw(st.sampled_from([ids, ids, ids[1:]])),
        require_shift=draw(st.booleans()),
        require_schedule=draw(st.booleans()),
        window_open=draw(st.sampled_from([True, True, True, False])),
        start_delay_seconds=draw(st.sampled_from([0, 0, 600, 7200])),
        **draw(settings),
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
            owner_id=draw(st.none() | st.integers(1, 9)),
            excluded=draw(st.sampled_from([False, False, False, True])),
            tried=draw(st.sampled_from([frozenset(), frozenset(), frozenset({1, 2, 3, 4, 5})])),
            only_groups=draw(st.sampled_from([frozenset(), frozenset(), frozenset({1})])),
            **draw(circumstances),
        )
        for number in range(1, draw(st.integers(1, 20)) + 1)
    ]
