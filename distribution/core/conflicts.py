"""Conflicts that show in the settings alone, before any lead comes (N6, the static part). Pure.

The week is a bitmap of its minutes in one integer, so that whole weeks are compared at once.
Minute 0 is the first minute of Monday by the account's clock.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Literal

MINUTES = 7 * 24 * 60
ALL_WEEK = (1 << MINUTES) - 1
PAIR_MINUTES = range(1, 11)  # how much later the second of a recommended pair comes
ORDERED = ("watch", "pipeline")  # kinds of which the first open trigger takes the lead (R37)

TriggerKind = Literal["watch", "pipeline", "salesbot"]
Stage = tuple[int, int]  # pipeline, stage
Span = tuple[int, int]  # [start, end) in minutes of the week
ConflictKind = Literal[
    "same_stage",
    "recommended_pair",
    "unreachable",
    "no_members",
    "nobody_at",
    "overlapping_members",
    "stage_loop",
]
Severity = Literal["error", "warning", "hint"]


@dataclass(frozen=True, slots=True)
class TriggerFacts:
    """A trigger as it is set."""

    id: int
    name: str
    kind: TriggerKind
    template_id: int
    stages: frozenset[Stage]  # (pipeline, stage); stage 0 is the whole pipeline
    delay_minutes: int | None = None
    priority: int = 0  # the smallest is asked first


@dataclass(frozen=True, slots=True)
class TemplateFacts:
    """A template as it is set, with what its people do next week."""

    id: int
    name: str
    members: frozenset[int]
    weekly_hours: Sequence[Span]  # its running time
    schedule_gate: Literal["off", "personal", "named"]
    schedules: Mapping[int, Sequence[Span]]  # working hours by user; missing: none
    skills_of: Mapping[int, frozenset[str]]
    hard_skills: frozenset[str]
    moves_to: frozenset[Stage]  # stages to which it may move a lead


@dataclass(frozen=True, slots=True)
class Conflict:
    """One thing in the settings that works against another.

    Facts: `same_stage` and `recommended_pair`: pipeline, stage (the first common one), minute (the
    first in which both are open), minutes; `nobody_at`: hour (of the week, the first), hours, minute,
    minutes, skill ("": any lead); `overlapping_members`: manager (the first), managers;
    `stage_loop`: pipeline, stage, stages; the rest have none.
    """

    kind: ConflictKind
    severity: Severity
    triggers: tuple[int, ...]
    templates: tuple[int, ...]
    facts: Mapping[str, int | str]


def conflicts_in(
    triggers: Iterable[TriggerFacts], templates: Iterable[TemplateFacts]
) -> list[Conflict]:
    """Return what is found: triggers first, then people, then loops, each in the order of ids.

    A trigger whose template is not given is left out: nothing is dealt through it.
    """
    known = {template.id: template for template in sorted(templates, key=lambda one: one.id)}
    asked = sorted(
        (trigger for trigger in triggers if trigger.template_id in known),
        key=lambda trigger: (trigger.priority, trigger.id),
    )
    hours = {template.id: week_of(template.weekly_hours) for template in known.values()}
    return [
        *_on_one_stage(asked, hours),
        *_unreachable(asked, hours),
        *_without_members(known.values()),
        *_nobody_at(known.values(), hours),
        *_in_several_templates(known.values()),
        *_stage_loops(asked, known),
    ]


def week_of(spans: Iterable[Span]) -> int:
    """Return the week's minutes as a bitmap; what lies outside of the week is cut off."""
    return _bitmap(tuple(spans))


@lru_cache(maxsize=1024)
def _bitmap(spans: tuple[Span, ...]) -> int:
    week = 0
    for start, end in spans:
        first, last = max(start, 0), min(end, MINUTES)
        if first < last:
            week |= (1 << last) - (1 << first)
    return week


def _first_minute(week: int) -> int:
    return (week & -week).bit_length() - 1


def _hours_touched(week: int) -> int:
    hour = (1 << 60) - 1
    return sum(1 for start in range(0, MINUTES, 60) if week >> start & hour)


def _is_on(stages: frozenset[Stage], stage: Stage) -> bool:
    return stage in stages or (stage[0], 0) in stages


def _meeting(first: frozenset[Stage], second: frozenset[Stage]) -> Stage | None:
    """Return the first stage that both are on; stage 0 only if both mean the whole pipeline."""
    in_first = {stage for stage in second if _is_on(first, stage)}
    in_second = {stage for stage in first if _is_on(second, stage)}
    return min(in_first | in_second, default=None)


def _is_pair(first: TriggerFacts, second: TriggerFacts) -> bool:
    """Say whether the second is there to heal what the first missed: Kommo's own advice."""
    if (first.kind, first.template_id) != (second.kind, second.template_id):
        return False
    return abs((first.delay_minutes or 0) - (second.delay_minutes or 0)) in PAIR_MINUTES


def _on_one_stage(asked: Sequence[TriggerFacts], hours: Mapping[int, int]) -> Iterator[Conflict]:
    """Yield pairs of triggers that one lead can set off at the same time.

    Of two of a kind the first takes the lead, which may be meant: a warning. Nothing orders two
    kinds, or two of the same priority: an error.
    """
    for first, second in combinations(asked, 2):
        stage = _meeting(first.stages, second.stages)
        both = hours[first.template_id] & hours[second.template_id]
        if stage is None or not both:
            continue
        pair = _is_pair(first, second)
        ordered = first.kind == second.kind and first.priority != second.priority
        yield Conflict(
            "recommended_pair" if pair else "same_stage",
            "hint" if pair else "warning" if ordered else "error",
            (first.id, second.id),
            tuple(dict.fromkeys((first.template_id, second.template_id))),
            {
                "pipeline": stage[0],
                "stage": stage[1],
                "minute": _first_minute(both),
                "minutes": both.bit_count(),
            },
        )


def _unreachable(asked: Sequence[TriggerFacts], hours: Mapping[int, int]) -> Iterator[Conflict]:
    """Yield triggers before which, on each of their stages at any time, others are open."""
    for place, trigger in enumerate(asked):
        own = hours[trigger.template_id]
        if trigger.kind not in ORDERED or not trigger.stages or not own:
            continue
        before = [
            (earlier, _hides(earlier, trigger, hours))
            for earlier in asked[:place]
            if earlier.kind == trigger.kind and not _is_pair(earlier, trigger)
        ]
        hiding: dict[int, int] = {}
        for stage in sorted(trigger.stages):
            left = own
            for earlier, week in before:
                if left & week and _is_on(earlier.stages, stage):
                    hiding[earlier.id] = earlier.template_id
                    left &= ~week
            if left:
                break
        else:
            templates = (trigger.template_id, *hiding.values())
            yield Conflict(
                "unreachable",
                "warning",
                (trigger.id, *hiding),
                tuple(dict.fromkeys(templates)),
                {},
            )


def _hides(earlier: TriggerFacts, later: TriggerFacts, hours: Mapping[int, int]) -> int:
    """Return when the earlier one stands before the later: with other delays only if it always is."""
    week = hours[earlier.template_id]
    delay, later_delay = earlier.delay_minutes or 0, later.delay_minutes or 0
    return week if delay == later_delay or (delay < later_delay and week == ALL_WEEK) else 0


def _without_members(templates: Iterable[TemplateFacts]) -> Iterator[Conflict]:
    for template in templates:
        if not template.members:
            yield Conflict("no_members", "error", (), (template.id,), {})


def _nobody_at(templates: Iterable[TemplateFacts], hours: Mapping[int, int]) -> Iterator[Conflict]:
    """Yield when a template is open and nobody is there; of a skill, only what this leaves."""
    for template in templates:
        if not template.members:
            continue
        weeks = {user: _week_at_work(template, user) for user in sorted(template.members)}
        empty = hours[template.id] & ~_any_of(weeks.values())
        yield from _gap(template, empty, "")
        for skill in sorted(template.hard_skills):
            skilled = _any_of(
                week
                for user, week in weeks.items()
                if skill in template.skills_of.get(user, frozenset())
            )
            yield from _gap(template, hours[template.id] & ~empty & ~skilled, skill)


def _week_at_work(template: TemplateFacts, user: int) -> int:
    if template.schedule_gate == "off":
        return ALL_WEEK
    return week_of(template.schedules.get(user, ()))


def _any_of(weeks: Iterable[int]) -> int:
    together = 0
    for week in weeks:
        together |= week
    return together


def _gap(template: TemplateFacts, empty: int, skill: str) -> Iterator[Conflict]:
    if empty:
        first = _first_minute(empty)
        facts: dict[str, int | str] = {
            "hour": first // 60,
            "hours": _hours_touched(empty),
            "minute": first,
            "minutes": empty.bit_count(),
            "skill": skill,
        }
        yield Conflict("nobody_at", "warning", (), (template.id,), facts)


def _in_several_templates(templates: Iterable[TemplateFacts]) -> Iterator[Conflict]:
    """Yield each set of templates that share people, with those who are in exactly these."""
    held_by: dict[int, list[int]] = {}
    for template in templates:
        for user in template.members:
            held_by.setdefault(user, []).append(template.id)
    people: dict[tuple[int, ...], list[int]] = {}
    for user, held in held_by.items():
        if len(held) > 1:
            people.setdefault(tuple(held), []).append(user)
    for held_together, users in sorted(people.items()):
        yield Conflict(
            "overlapping_members",
            "hint",
            (),
            held_together,
            {"manager": min(users), "managers": len(users)},
        )


def _stage_loops(
    asked: Sequence[TriggerFacts], templates: Mapping[int, TemplateFacts]
) -> Iterator[Conflict]:
    """Yield ways on which leads come back to a stage.

    A move to the stage on which the lead is already moves nothing: only a warning.
    """
    targets = sorted({stage for template in templates.values() for stage in template.moves_to})
    on = {stage: [one for one in asked if _is_on(one.stages, stage)] for stage in targets}
    onward = {
        stage: sorted({to for one in on[stage] for to in templates[one.template_id].moves_to})
        for stage in targets
    }
    for way in _loops(onward):
        moving = {
            (one.id, one.template_id)
            for stage, to in zip(way, (*way[1:], way[0]), strict=True)
            for one in on[stage]
            if to in templates[one.template_id].moves_to
        }
        yield Conflict(
            "stage_loop",
            "error" if len(way) > 1 else "warning",
            tuple(sorted(trigger for trigger, _ in moving)),
            tuple(sorted({template for _, template in moving})),
            {"pipeline": way[0][0], "stage": way[0][1], "stages": len(way)},
        )


def _loops(onward: Mapping[Stage, Sequence[Stage]]) -> Iterator[list[Stage]]:
    """Yield a shortest loop through each stage that is on one, unless an earlier loop has it."""
    seen: set[Stage] = set()
    for stage in onward:
        if stage in seen:
            continue
        way = _way_back(onward, stage)
        if way:
            seen.update(way)
            yield way


def _way_back(onward: Mapping[Stage, Sequence[Stage]], start: Stage) -> list[Stage]:
    """Return a shortest loop from the stage, over others if there is one; [] if there is none."""
    came_from: dict[Stage, Stage] = {}
    front = [start]
    while front:
        after: list[Stage] = []
        for stage in front:
            for to in onward[stage]:
                if to == start and stage != start:
                    return _way_to(came_from, start, stage)
                if to != start and to not in came_from:
                    came_from[to] = stage
                    after.append(to)
        front = after
    return [start] if start in onward[start] else []


def _way_to(came_from: Mapping[Stage, Stage], start: Stage, end: Stage) -> list[Stage]:
    way = [end]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]
