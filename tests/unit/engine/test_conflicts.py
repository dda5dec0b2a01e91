"""What works against itself in the settings is found before any lead comes, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from distribution.core.conflicts import (
    Conflict,
    Span,
    Stage,
    TriggerFacts,
)
from tests.unit.engine.conflict_builders import (
    ALWAYS,
    ANA,
    DAY,
    EVENING,
    LOST,
    MORNING,
    NEW,
    OLEG,
    WARM,
    WEEK,
    WHOLE,
    daily,
    found,
    template,
    trigger,
)


def test_settings_without_conflict_say_nothing() -> None:
    triggers = [trigger(1, 1, NEW), trigger(2, 2, WARM)]
    people = [template(1, moves_to=frozenset({LOST})), template(2, moves_to=frozenset({LOST}))]
    assert found(triggers, people) == []
    assert found([], []) == []


@pytest.mark.feature("N6")
@pytest.mark.parametrize(
    ("different", "severity"),
    [
        ({"kind": "watch"}, "warning"),  # the first takes the lead: may be meant
        ({"kind": "watch", "priority": 1}, "error"),  # nothing orders them
        ({"kind": "pipeline"}, "error"),
        ({"kind": "salesbot"}, "error"),
    ],
)
def test_two_triggers_on_one_stage_are_a_conflict(different: dict[str, Any], severity: str) -> None:
    triggers = [trigger(1, 1, NEW, WARM), trigger(2, 2, WARM, LOST, **different)]
    (one,) = found(triggers, [template(1), template(2, weekly_hours=EVENING)], "same_stage")
    assert one == Conflict(
        "same_stage",
        severity,  # type: ignore[arg-type]
        (1, 2),
        (1, 2),
        {"pipeline": 1, "stage": 20, "minute": 14 * 60, "minutes": 7 * 6 * 60},
    )


@pytest.mark.parametrize(
    ("first", "second", "stage"),
    [
        ([NEW], [WARM], None),
        ([NEW], [(2, 10)], None),
        ([WHOLE], [(2, 10)], None),
        ([WHOLE], [WARM], 20),
        ([WARM], [WHOLE], 20),
        ([WHOLE], [WHOLE], 0),
        ([WHOLE], [(2, 10), WARM, LOST], 20),
        ([], [WHOLE], None),
    ],
)
def test_a_trigger_on_the_whole_pipeline_meets_each_of_its_stages(
    first: list[Stage], second: list[Stage], stage: int | None
) -> None:
    triggers = [trigger(1, 1, *first), trigger(2, 2, *second)]
    seen = found(triggers, [template(1), template(2)], "same_stage")
    assert [one.facts["stage"] for one in seen] == ([] if stage is None else [stage])


@pytest.mark.feature("R37")
def test_a_morning_and_an_evening_template_share_a_stage_without_conflict() -> None:
    triggers = [trigger(1, 1, NEW), trigger(2, 2, NEW, kind="pipeline")]
    shifts = [template(1, weekly_hours=MORNING), template(2, weekly_hours=EVENING)]
    assert found(triggers, shifts) == []
    longer = replace(shifts[0], weekly_hours=[*daily(9, 14), (14 * 60, 14 * 60 + 1)])
    (one,) = found(triggers, [longer, shifts[1]], "same_stage")
    assert (one.facts["minute"], one.facts["minutes"]) == (14 * 60, 1)


@pytest.mark.parametrize(
    ("delays", "second", "kind"),
    [
        ((None, 3), {}, "recommended_pair"),
        ((0, 1), {}, "recommended_pair"),
        ((5, 15), {}, "recommended_pair"),
        ((3, None), {}, "recommended_pair"),
        ((None, 11), {}, "same_stage"),
        ((3, 3), {}, "same_stage"),
        ((None, None), {}, "same_stage"),
        ((None, 3), {"kind": "watch"}, "same_stage"),
        ((None, 3), {"template_id": 2}, "same_stage"),
    ],
)
def test_the_recommended_pair_is_no_conflict(
    delays: tuple[int | None, int | None], second: dict[str, Any], kind: str
) -> None:
    first = trigger(1, 1, NEW, kind="pipeline", delay_minutes=delays[0])
    pair = [first, replace(first, id=2, priority=2, delay_minutes=delays[1], **second)]
    (one,) = found(pair, [template(1), template(2)], "same_stage", "recommended_pair")
    assert one.kind == kind
    if kind == "recommended_pair":
        assert (one.severity, one.templates) == ("hint", (1,))
        assert found(pair, [template(1)]) == [one]


def test_a_trigger_of_a_template_that_is_not_in_use_is_left_out() -> None:
    assert found([trigger(1, 1, NEW), trigger(2, 9, NEW)], [template(1)]) == []


@pytest.mark.parametrize(
    ("earlier", "later", "hours", "hidden_by"),
    [
        ([trigger(1, 1, NEW)], trigger(9, 9, NEW), MORNING, (1,)),
        ([trigger(1, 1, WHOLE)], trigger(9, 9, NEW, WARM), ALWAYS, (1,)),
        ([trigger(1, 1, NEW)], trigger(9, 9, NEW, WARM), ALWAYS, None),
        ([trigger(1, 1, NEW)], trigger(9, 9, WHOLE), ALWAYS, None),
        ([trigger(1, 1, NEW), trigger(2, 1, WARM)], trigger(9, 9, NEW, WARM), ALWAYS, (1, 2)),
        ([trigger(1, 2, NEW), trigger(2, 3, NEW)], trigger(9, 9, NEW), daily(10, 16), (1, 2)),
        ([trigger(1, 2, NEW), trigger(2, 3, NEW)], trigger(9, 9, NEW), daily(10, 21), None),
        ([trigger(1, 2, NEW)], trigger(9, 9, NEW), MORNING, (1,)),  # never open alone
        ([trigger(1, 2, NEW)], trigger(9, 9, NEW), ALWAYS, None),
        ([trigger(1, 1, NEW, kind="pipeline")], trigger(9, 9, NEW), ALWAYS, None),
        ([trigger(1, 1, NEW)], trigger(9, 9), ALWAYS, None),
        ([trigger(1, 1, NEW)], trigger(9, 9, NEW), [], None),  # it is closed, not hidden
        ([trigger(1, 1, NEW)], trigger(0, 9, NEW), ALWAYS, None),  # it is asked before
    ],
)
def test_a_trigger_behind_others_that_are_always_open_is_never_reached(
    earlier: list[TriggerFacts],
    later: TriggerFacts,
    hours: list[Span],
    hidden_by: tuple[int, ...] | None,
) -> None:
    people = [
        template(1),
        template(2, weekly_hours=MORNING),
        template(3, weekly_hours=EVENING),
        template(9, weekly_hours=hours),
    ]
    seen = [one for one in found([*earlier, later], people, "unreachable") if 9 in one.templates]
    if later.id == 0:
        assert [one.triggers for one in seen] == [(1, 0)]  # and hides the other itself
    elif hidden_by is None:
        assert seen == []
    else:
        (one,) = seen
        assert (one.severity, one.triggers) == ("warning", (9, *hidden_by))


@pytest.mark.parametrize(
    ("first_delay", "second_delay", "first_hours", "hidden"),
    [
        (None, 60, ALWAYS, True),
        (60, None, ALWAYS, False),  # the later one in the list comes first in time
        (None, 60, MORNING, False),  # a lead of 13:30 finds the second one alone
        (60, 60, MORNING, True),
    ],
)
def test_with_other_delays_only_a_trigger_that_never_closes_hides_another(
    first_delay: int | None, second_delay: int | None, first_hours: list[Span], hidden: bool
) -> None:
    triggers = [
        trigger(1, 1, NEW, kind="pipeline", delay_minutes=first_delay),
        trigger(2, 2, NEW, kind="pipeline", delay_minutes=second_delay),
    ]
    people = [template(1, weekly_hours=first_hours), template(2, weekly_hours=MORNING)]
    assert bool(found(triggers, people, "unreachable")) is hidden


def test_a_template_without_members_is_an_error_and_nothing_more() -> None:
    (one,) = found([], [template(4, members=frozenset(), schedule_gate="personal")])
    assert (one.kind, one.severity, one.templates) == ("no_members", "error", (4,))


@pytest.mark.feature("N6")
@pytest.mark.parametrize("gate", ["personal", "named"])
@pytest.mark.parametrize(
    ("schedules", "facts"),
    [
        ({OLEG: daily(9, 14), ANA: daily(14, 20)}, None),
        ({OLEG: daily(9, 13), ANA: daily(14, 20)}, (13, 7, 13 * 60, 7 * 60)),
        ({OLEG: daily(9, 20, range(5))}, (5 * 24 + 9, 22, 5 * DAY + 9 * 60, 2 * 11 * 60)),
        ({OLEG: [(0, 19 * 60 + 45), (DAY, WEEK)]}, (19, 1, 19 * 60 + 45, 15)),
        ({99: ALWAYS}, (9, 77, 9 * 60, 77 * 60)),  # somebody who is no member
        ({}, (9, 77, 9 * 60, 77 * 60)),
    ],
)
def test_hours_without_anybody_at_work_are_found(
    gate: str,
    schedules: dict[int, list[Span]],
    facts: tuple[int, int, int, int] | None,
) -> None:
    one = template(
        1,
        members=frozenset({OLEG, ANA}),
        weekly_hours=daily(9, 20),
        schedule_gate=gate,
        schedules=schedules,
    )
    expected = facts and dict(zip(("hour", "hours", "minute", "minutes"), facts, strict=True))
    assert [seen.facts for seen in found([], [one], "nobody_at")] == (
        [expected | {"skill": ""}] if expected else []
    )
    assert found([], [replace(one, schedule_gate="off")]) == []


def test_a_hard_skill_that_nobody_at_work_has_is_found_where_others_are_at_work() -> None:
    one = template(
        1,
        members=frozenset({OLEG, ANA}),
        weekly_hours=daily(9, 20, [0]),
        schedule_gate="personal",
        schedules={OLEG: daily(9, 14), ANA: daily(12, 18)},
        skills_of={OLEG: frozenset({"german"}), 99: frozenset({"dutch"})},
        hard_skills=frozenset({"german", "dutch"}),
    )
    seen = [(c.facts["skill"], c.facts["hour"], c.facts["hours"]) for c in found([], [one])]
    assert seen == [("", 18, 2), ("dutch", 9, 9), ("german", 14, 4)]
    soft = replace(one, hard_skills=frozenset())
    assert [c.facts["skill"] for c in found([], [soft])] == [""]


def test_a_skill_is_asked_for_also_where_the_schedule_is_not() -> None:
    one = template(1, hard_skills=frozenset({"german"}))
    (seen,) = found([], [one])
    assert (seen.kind, seen.facts["skill"], seen.facts["hours"]) == ("nobody_at", "german", 168)


def test_people_of_several_templates_are_named_once_for_each_set() -> None:
    people = [
        template(1, members=frozenset({1, 2, 3, 4})),
        template(2, members=frozenset({2, 3, 5})),
        template(3, members=frozenset({3})),
    ]
    assert [(one.kind, one.severity, one.templates, one.facts) for one in found([], people)] == [
        ("overlapping_members", "hint", (1, 2), {"manager": 2, "managers": 1}),
        ("overlapping_members", "hint", (1, 2, 3), {"manager": 3, "managers": 1}),
    ]


@pytest.mark.feature("N6")
@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        # Template n is on stage n. What each may move a lead to, and the loops in that.
        ({1: [2]}, []),
        ({1: [2], 2: [1]}, [("error", (1, 2), 1, 2)]),
        ({1: [2], 2: [3], 3: [1]}, [("error", (1, 2, 3), 1, 3)]),
        ({1: [2], 2: [3], 3: [2]}, [("error", (2, 3), 2, 2)]),  # 1 only leads into it
        ({1: [1]}, [("warning", (1,), 1, 1)]),
        ({1: [1, 2], 2: [1]}, [("error", (1, 2), 1, 2)]),
        ({1: [2], 2: [1], 3: [4], 4: [3]}, [("error", (1, 2), 1, 2), ("error", (3, 4), 3, 2)]),
        ({1: [2, 3], 2: [3], 3: [4]}, []),  # two ways to one stage are no loop
        ({1: [9], 2: [1]}, []),  # to a stage that nobody watches
    ],
)
def test_leads_that_would_go_round_in_a_loop_are_found(
    moves: dict[int, list[int]], expected: list[tuple[str, tuple[int, ...], int, int]]
) -> None:
    people = [
        template(n, moves_to=frozenset((1, stage) for stage in moves.get(n, [])))
        for n in range(1, 5)
    ]
    triggers = [trigger(10 + n, n, (1, n)) for n in range(1, 5)]
    seen = found(triggers, people)
    assert [
        (one.severity, one.templates, one.facts["stage"], one.facts["stages"]) for one in seen
    ] == expected
    assert [one.triggers for one in seen] == [
        tuple(10 + n for n in templates) for _, templates, _, _ in expected
    ]


def test_a_trigger_on_the_whole_pipeline_takes_part_in_loops() -> None:
    people = [template(1, moves_to=frozenset({(2, 5)})), template(2, moves_to=frozenset({NEW}))]
    triggers = [trigger(1, 1, WHOLE), trigger(2, 2, (2, 0))]
    (one,) = found(triggers, people)
    assert (one.kind, one.triggers, one.templates) == ("stage_loop", (1, 2), (1, 2))
