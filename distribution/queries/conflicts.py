"""Settings that work against each other: an account's triggers and templates as the detector takes them (N6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cached_property

from django.db import connection

from accounts.models import Account, Manager, Stage
from distribution.core.conflicts import (
    MINUTES,
    Conflict,
    Span,
    TemplateFacts,
    TriggerFacts,
    conflicts_in,
)
from distribution.core.conflicts import Stage as Place
from distribution.core.members import parts_of
from distribution.core.policy import Body, Hours, read_body
from distribution.core.policy.body import Member
from distribution.models import ManagerProfile, Template, Trigger
from peresmenka.lib.zones import known_zone
from shifts.models import WorkSpan
from shifts.queries.availability import NamedSchedule, named_schedules_of

DAY = 24 * 60
RANK = {"error": 0, "warning": 1, "hint": 2}
PROBLEMS = ("error", "warning")
_WEEK = timedelta(days=7)

# What leads of each trigger have lately asked their owners to know; the latest of the account only.
_ASKED = """
SELECT DISTINCT recent.trigger_id, word
FROM (
  SELECT trigger_id, cycle FROM distribution_leadmirror WHERE account_id = %s
  ORDER BY lead_id DESC LIMIT 500
) recent
CROSS JOIN LATERAL jsonb_array_elements_text(recent.cycle -> 'skills') word
WHERE recent.trigger_id IS NOT NULL
"""


@dataclass(frozen=True)
class Findings:
    """What was found, with the names of everything that it speaks of."""

    conflicts: tuple[Conflict, ...]  # errors first
    triggers: Mapping[int, Trigger]
    templates: Mapping[int, Template]  # by the ids in the conflicts
    names: Mapping[int, str]  # of templates, by the same ids; a group's where only it receives
    managers: Mapping[int, str]
    places: Mapping[Place, str]  # stage 0: the pipeline's name
    unplanned: Mapping[int, tuple[int, ...]]  # who has no hours in the week, while others do
    monday: date  # of the week that schedules were looked at

    def of_template(self, pk: int) -> tuple[Conflict, ...]:
        """Return the conflicts in which a template has a part."""
        return tuple(
            one
            for one in self.conflicts
            if any(self.templates[id].pk == pk for id in one.templates)
        )

    def of_trigger(self, pk: int) -> tuple[Conflict, ...]:
        """Return the conflicts in which a trigger has a part."""
        return tuple(one for one in self.conflicts if pk in one.triggers)

    @cached_property
    def by_template(self) -> Mapping[int, int]:
        """Return how many errors and warnings each template has, by its primary key."""
        counts: dict[int, int] = defaultdict(int)
        for one in self.conflicts:
            if one.severity in PROBLEMS:
                for pk in {self.templates[id].pk for id in one.templates}:
                    counts[pk] += 1
        return counts

    @cached_property
    def problems(self) -> int:
        """Return how many errors and warnings there are."""
        return sum(one.severity in PROBLEMS for one in self.conflicts)


@dataclass(frozen=True, slots=True)
class _Person:
    user_id: int
    name: str
    group: int | None
    takes_part: bool
    skills: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Policy:
    """A template as the detector sees it: one that deals to groups apart is one for each of them."""

    id: int
    template: Template
    name: str
    body: Body
    rows: tuple[Member, ...]


def findings_of(account: Account, now: datetime, *, also: int | None = None) -> Findings:
    """Return the conflicts of the templates that are on; at most eight queries.

    `also`: a template that is judged although it is off. Schedules are looked at for the week that
    begins on the next Monday, by the account's clock.
    """
    zone = known_zone(account.zone)
    today = now.astimezone(zone).date()
    monday = today + timedelta(days=7 - today.weekday())
    triggers = _triggers_of(account)
    policies = _policies_of(account, triggers, also)
    people = _people_of(account)
    named = _named_of(account, now, policies)
    week = _Week(account, zone, monday, named) if _needs_week(policies) else None
    asked = _asked_of(account, triggers, policies)
    templates = [_facts(one, people, week, named, asked) for one in policies]
    found = conflicts_in([_trigger_facts(row) for row in triggers], templates)
    return Findings(
        tuple(sorted(found, key=lambda one: RANK[one.severity])),
        {row.pk: row for row in triggers},
        {one.id: one.template for one in policies},
        {one.id: one.name for one in policies},
        {one.user_id: one.name for one in people},
        _places_of(account) if found else {},
        {one.id: users for one in templates if (users := _unplanned(one))},
        monday,
    )


# -- triggers and templates


def policy_id(trigger: Trigger) -> int:
    """Return the id by which the detector knows the trigger's policy: a group's own where it has one."""
    return -int(trigger.pk) if trigger.group_id is not None else int(trigger.template_id)


def _triggers_of(account: Account) -> list[Trigger]:
    rows = Trigger.objects.for_account(account).select_related("group", "template")
    return list(rows.order_by("priority", "pk"))


def _policies_of(account: Account, triggers: Sequence[Trigger], also: int | None) -> list[_Policy]:
    rows = Template.objects.for_account(account).order_by("pk")
    templates = {row.pk: row for row in rows if row.is_enabled or row.pk == also}
    bodies = {pk: read_body(row.body)[0] for pk, row in templates.items()}
    found = [
        _Policy(pk, row, row.name, bodies[pk], bodies[pk].members)
        for pk, row in templates.items()
        if not row.is_simple
    ]
    for one in triggers:
        if one.group is not None and one.template_id in templates:
            template, body = templates[one.template_id], bodies[one.template_id]
            group = one.group.kommo_id
            members = tuple(row for row in body.members if (row.kind, row.id) == ("group", group))
            found.append(_Policy(policy_id(one), template, one.group.name, body, members))
    return found


def _trigger_facts(row: Trigger) -> TriggerFacts:
    return TriggerFacts(
        row.pk,
        row.name,
        row.kind,  # type: ignore[arg-type]  # one of its choices
        policy_id(row),
        frozenset((pipeline, status or 0) for pipeline, status in row.stages),
        row.delay_minutes,
        row.priority,
    )


def _facts(
    one: _Policy,
    people: Sequence[_Person],
    week: _Week | None,
    named: Mapping[str, NamedSchedule],
    asked: Mapping[int, frozenset[str]],
) -> TemplateFacts:
    body = one.body
    members = _members(one, people, named)
    skills = {row.user_id: row.skills for row in people if row.user_id in members}
    hard = frozenset[str]()
    if body.skills.mode == "hard":
        hard = frozenset().union(*skills.values(), asked.get(one.id, frozenset()))
    schedules: Mapping[int, Sequence[Span]] = {}
    if week is not None and body.gates.schedule != "off":
        pattern = body.gates.pattern if body.gates.schedule == "named" else None
        schedules = {user: week.of(user, pattern) for user in members}
    return TemplateFacts(
        one.id,
        one.name,
        members,
        hours_of(body.hours),
        body.gates.schedule,  # type: ignore[arg-type]  # one of the schema's words
        schedules,
        skills,
        hard,
        _moves_to(body),
    )


def _members(
    one: _Policy, people: Sequence[_Person], named: Mapping[str, NamedSchedule]
) -> frozenset[int]:
    """Return who can take part: in the list, or following its schedule, with a seat and a weight."""
    rows, gates = one.rows, one.body.gates
    if not one.body.members and gates.schedule == "named":
        rows = tuple(Member("manager", user) for user in named[gates.pattern].followers())
    groups: dict[int, list[int]] = defaultdict(list)
    for person in people:
        if person.group is not None:
            groups[person.group].append(person.user_id)
    parts = parts_of(rows, groups, one.body.strategy)
    takers = {person.user_id for person in people if person.takes_part}
    return frozenset(user for user, part in parts.items() if part.weight and user in takers)


def _unplanned(one: TemplateFacts) -> tuple[int, ...]:
    """Return who has no hours where schedules count; nobody if nobody has: that is a conflict."""
    users = [user for user in sorted(one.schedules) if not one.schedules[user]]
    return tuple(users) if len(users) < len(one.schedules) else ()


def _moves_to(body: Body) -> frozenset[Place]:
    """Return the stages to which the template may move leads by itself."""
    found = {
        body.nobody.stage if body.nobody.then == "move_stage" else None,
        body.acceptance.cap_stage if body.acceptance.minutes is not None else None,
    }
    return frozenset(stage for stage in found if stage is not None)


# -- the week


def hours_of(hours: Hours) -> tuple[Span, ...]:
    """Return when a template is open, in minutes of the week; a night of Sunday ends on Monday."""
    start, end = _clock_minute(hours.start), _clock_minute(hours.end)
    length = (end - start) % DAY or DAY
    spans = [(day * DAY + start, day * DAY + start + length) for day in hours.weekdays]
    over = [(0, end - MINUTES) for _, end in spans if end > MINUTES]
    return (*spans, *over)


def _clock_minute(text: str) -> int:
    at = time.fromisoformat(text)
    return at.hour * 60 + at.minute


def _needs_week(policies: Iterable[_Policy]) -> bool:
    return any(one.body.gates.schedule != "off" for one in policies)


class _Week:
    """Everybody's working hours in one week, by the account's clock; one query."""

    def __init__(
        self, account: Account, zone: tzinfo, monday: date, named: Mapping[str, NamedSchedule]
    ) -> None:
        self._zone, self._monday, self._named = zone, monday, named
        self._own: dict[int, list[Span]] = defaultdict(list)
        first = datetime.combine(monday, time(), zone)
        last = datetime.combine(monday + _WEEK, time(), zone)
        rows = WorkSpan.objects.for_account(account).filter(ends_at__gt=first, starts_at__lt=last)
        for user, starts, ends in rows.values_list("manager__kommo_id", "starts_at", "ends_at"):
            self._own[user].append(self._span(starts, ends))

    def of(self, user: int, pattern: str | None) -> list[Span]:
        """Return a manager's hours by the own plan, or by the schedule of this name."""
        if pattern is None:
            return self._own[user]
        spans = self._named[pattern].spans_of(user, self._monday, self._monday + _WEEK)
        return self._own[user] if spans is None else [self._span(*span) for span in spans]

    def _span(self, starts: datetime, ends: datetime) -> Span:
        return self._minute(starts), self._minute(ends)

    def _minute(self, moment: datetime) -> int:
        local = moment.astimezone(self._zone).replace(tzinfo=None)
        return int((local - datetime.combine(self._monday, time())).total_seconds() // 60)


# -- what is read besides


def _people_of(account: Account) -> list[_Person]:
    """Return everybody with their skills; two queries."""
    profiles = ManagerProfile.objects.for_account(account).exclude(skills=[])
    skills = {row.manager_id: frozenset(word.casefold() for word in row.skills) for row in profiles}
    return [
        _Person(
            row.kommo_id,
            row.name,
            row.group.kommo_id if row.group else None,
            row.is_licensed and row.is_active_in_kommo,
            skills.get(row.pk, frozenset()),
        )
        for row in Manager.objects.for_account(account).select_related("group")
    ]


def _named_of(
    account: Account, now: datetime, policies: Iterable[_Policy]
) -> dict[str, NamedSchedule]:
    gates = [one.body.gates for one in policies]
    names = {one.pattern for one in gates if one.schedule == "named"}
    return named_schedules_of(account, now, names) if names else {}


def _asked_of(
    account: Account, triggers: Collection[Trigger], policies: Iterable[_Policy]
) -> dict[int, frozenset[str]]:
    """Return the skills that recent leads asked for, by policy; no query where none is hard."""
    if not any(one.body.skills.mode == "hard" for one in policies):
        return {}
    policy_of = {row.pk: policy_id(row) for row in triggers}
    found: dict[int, set[str]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(_ASKED, [account.pk])
        for trigger, word in cursor.fetchall():
            if trigger in policy_of:
                found[policy_of[trigger]].add(word)
    return {policy: frozenset(words) for policy, words in found.items()}


def _places_of(account: Account) -> dict[Place, str]:
    names: dict[Place, str] = {}
    for stage in Stage.objects.for_account(account).select_related("pipeline"):
        pipeline = stage.pipeline
        names[pipeline.kommo_id, 0] = pipeline.name
        names[pipeline.kommo_id, stage.kommo_id] = f"{pipeline.name}: {stage.name}"
    return names
