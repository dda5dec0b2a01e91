"""The conflict detector against a plain look at each minute, stage and lead; and its speed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distribution.core import conflicts
from distribution.core.conflicts import (
    Span,
    Stage,
    TemplateFacts,
    TriggerFacts,
    conflicts_in,
    week_of,
)
from tests.unit.engine.conflict_builders import (
    WEEK,
    WHOLE,
    daily,
    found,
    template,
    trigger,
)

stages = st.tuples(st.integers(1, 2), st.integers(0, 3))
real_stages = st.tuples(st.integers(1, 2), st.integers(1, 3))
spans = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30)).map(
        lambda two: (min(two) * 336, max(two) * 336)
    ),
    max_size=3,
)
skills = st.frozensets(st.sampled_from(["a", "b"]))
people_of = st.frozensets(st.integers(1, 4))


def any_template(number: int) -> st.SearchStrategy[TemplateFacts]:
    return st.builds(
        TemplateFacts,
        id=st.just(number),
        name=st.just(""),
        members=people_of,
        weekly_hours=spans,
        schedule_gate=st.sampled_from(["off", "personal", "named"]),
        schedules=st.dictionaries(st.integers(1, 4), spans),
        skills_of=st.dictionaries(st.integers(1, 4), skills),
        hard_skills=skills,
        moves_to=st.frozensets(real_stages, max_size=2),
    )


def any_trigger(number: int) -> st.SearchStrategy[TriggerFacts]:
    return st.builds(
        TriggerFacts,
        id=st.just(number),
        name=st.just(""),
        kind=st.sampled_from(["watch", "pipeline"]),
        template_id=st.integers(1, 3),
        stages=st.frozensets(stages, max_size=3),
        delay_minutes=st.none() | st.sampled_from([0, 3, 60]),
        priority=st.integers(1, 3),
    )


three_templates = st.tuples(*[any_template(number) for number in (1, 2, 3)])
four_triggers = st.tuples(*[any_trigger(number) for number in (1, 2, 3, 4)])
PROBES = range(0, WEEK, 168)  # finer than any boundary that a span can have


def at(week: Iterable[Span], minute: int) -> bool:
    return any(start <= minute < end for start, end in week)


def gaps_are_true(one: TemplateFacts) -> None:
    """Minute by minute: the hours that are found are those without anybody, no more and no less."""
    seen = {c.facts["skill"]: c.facts["minutes"] for c in found([], [one], "nobody_at")}

    def there(minute: int) -> set[int]:
        gate = one.schedule_gate
        return {
            user for user in one.members if gate == "off" or at(one.schedules.get(user, ()), minute)
        }

    open_ = [minute for minute in PROBES if at(one.weekly_hours, minute)] if one.members else []
    deserted = [minute for minute in open_ if not there(minute)]
    assert seen.pop("", 0) == 168 * len(deserted)
    for skill in one.hard_skills:
        skilled = {user for user, has in one.skills_of.items() if skill in has}
        missing = [minute for minute in open_ if there(minute) and not there(minute) & skilled]
        assert seen.pop(skill, 0) == 168 * len(missing)
    assert not seen


def loops_are_true(triggers: Sequence[TriggerFacts], templates: Sequence[TemplateFacts]) -> None:
    """A loop is found exactly if a lead can come back to a stage, seen by walking from each."""
    onward: dict[Stage, set[Stage]] = {}
    for one in templates:
        for stage in one.moves_to:
            onward.setdefault(stage, set())
    for stage, targets in onward.items():
        for one in triggers:
            if stage in one.stages or (stage[0], 0) in one.stages:
                targets |= next(t.moves_to for t in templates if t.id == one.template_id)
    on_loop = set()
    for start in onward:
        reached, front = set(), {start}
        while front:
            front = {to for stage in front for to in onward[stage]} - reached
            reached |= front
        if start in reached:
            on_loop.add(start)
    seen = found(triggers, templates, "stage_loop")
    assert bool(seen) is bool(on_loop)
    for one in seen:
        assert (one.facts["pipeline"], one.facts["stage"]) in on_loop
        assert one.triggers
        assert one.templates


def first_open(
    triggers: Iterable[TriggerFacts], hours: Mapping[int, int], kind: str, stage: Stage, minute: int
) -> int | None:
    """What R37 says, lead by lead: the first trigger whose template is open now."""
    for one in sorted(triggers, key=lambda one: (one.priority, one.id)):
        on = stage in one.stages or (stage[0], 0) in one.stages
        if one.kind == kind and on and hours[one.template_id] >> minute & 1:
            return one.id
    return None


def hidden_are_never_first(
    triggers: Sequence[TriggerFacts], templates: Sequence[TemplateFacts]
) -> None:
    """Without delays: what is called unreachable never gets a lead, and every other one may."""
    at_once = [replace(one, delay_minutes=None) for one in triggers]
    hours = {one.id: week_of(one.weekly_hours) for one in templates}
    # Stage 9 stands for the stages of a pipeline that no trigger names.
    every = [(pipeline, stage) for pipeline in (1, 2) for stage in (1, 2, 3, 9)]
    reached = {
        first_open(at_once, hours, kind, stage, minute)
        for kind in ("watch", "pipeline")
        for stage in every
        for minute in PROBES
    }
    hidden = {one.triggers[0] for one in found(at_once, templates, "unreachable")}
    assert not hidden & reached
    for one in at_once:
        if one.id not in hidden and one.stages and hours[one.template_id]:
            assert one.id in reached


@given(any_template(1))
def test_gaps_agree_with_a_look_at_each_minute(one: TemplateFacts) -> None:
    gaps_are_true(one)


@given(four_triggers, three_templates)
def test_loops_agree_with_walking_through_the_stages(
    triggers: tuple[TriggerFacts, ...], templates: tuple[TemplateFacts, ...]
) -> None:
    loops_are_true(triggers, templates)


@given(four_triggers, three_templates)
def test_hidden_triggers_agree_with_dealing_lead_by_lead(
    triggers: tuple[TriggerFacts, ...], templates: tuple[TemplateFacts, ...]
) -> None:
    hidden_are_never_first(triggers, templates)


@given(
    st.lists(st.tuples(st.integers(-100, WEEK + 100), st.integers(-100, WEEK + 100)), max_size=4)
)
def test_a_week_holds_the_minutes_of_its_spans(week: list[Span]) -> None:
    bits = week_of(week)
    assert bits >> WEEK == 0
    for minute in {edge + near for span in week for edge in span for near in (-1, 0, 1)}:
        if 0 <= minute < WEEK:
            assert bool(bits >> minute & 1) is at(week, minute)


def test_two_hundred_managers_in_fifty_templates_take_less_than_a_second() -> None:
    users = range(1, 201)
    people = [
        template(
            n,
            members=frozenset(users),
            schedule_gate="personal",
            schedules={user: daily(7 + (user + n) % 5, 16 + (user * n) % 5) for user in users},
            skills_of={user: frozenset({f"skill {user % 3}"}) for user in users},
            hard_skills=frozenset({"skill 0", "skill 1", "skill 9"}),
            moves_to=frozenset({(1, n % 40 + 1)}),
        )
        for n in range(50)
    ]
    triggers = [trigger(n, n % 50, (1, n % 40 + 1), (2, n % 7)) for n in range(150)]
    began = perf_counter()
    seen = conflicts_in(triggers, people)
    assert perf_counter() - began < 1
    assert {one.kind for one in seen} >= {"same_stage", "nobody_at", "stage_loop"}
    assert sum(one.kind == "overlapping_members" for one in seen) == 1


def forgets_the_schedule(one: TemplateFacts, user: int) -> int:
    return conflicts.ALL_WEEK


def never_returns(onward: Mapping[Stage, Sequence[Stage]], start: Stage) -> list[Stage]:
    return [start] if start in onward[start] else []


def hides_everything(earlier: TriggerFacts, later: TriggerFacts, hours: Mapping[int, int]) -> int:
    return conflicts.ALL_WEEK


def exact_stages_only(stages: frozenset[Stage], stage: Stage) -> bool:
    return stage in stages


def check_gaps() -> None:
    gaps_are_true(template(1, schedule_gate="personal", schedules={101: [(0, 336)]}))


def check_loops() -> None:
    loops_are_true(
        [trigger(1, 1, WHOLE), trigger(2, 2, (2, 1))],
        [template(1, moves_to=frozenset({(2, 1)})), template(2, moves_to=frozenset({(1, 1)}))],
    )


def check_hidden() -> None:
    people = [template(1, weekly_hours=[(0, 336)]), template(2)]
    hidden_are_never_first([trigger(1, 1, (1, 1)), trigger(2, 2, (1, 1), (1, 2))], people)
    hidden_are_never_first([trigger(1, 1, (1, 1)), trigger(2, 2, (1, 1))], people)
    hidden_are_never_first([trigger(1, 2, WHOLE), trigger(2, 1, (1, 1))], people)


@pytest.mark.parametrize(
    ("name", "mutant", "check"),
    [
        ("_week_at_work", forgets_the_schedule, check_gaps),
        ("_way_back", never_returns, check_loops),
        ("_is_on", exact_stages_only, check_loops),
        ("_hides", hides_everything, check_hidden),
        ("_is_on", exact_stages_only, check_hidden),
    ],
)
def test_the_laws_catch_a_broken_detector(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    mutant: Callable[..., Any],
    check: Callable[[], None],
) -> None:
    check()
    monkeypatch.setattr(conflicts, name, mutant)
    with pytest.raises(AssertionError):
        check()
