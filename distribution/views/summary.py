"""What the settings mean, in plain sentences: the head of the settings page and its live preview."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from distribution.queries.settings import Catalogue, Values

_EXAMPLE = time(15)
_ANY_DAY = date(2024, 1, 1)


def summary_of(values: Values, catalogue: Catalogue, zone: str, name: str) -> list[str]:
    """Return what the settings mean now, the most important first; `name` is an example's."""
    if not values["is_enabled"]:
        return [_("Distribution is off: all leads stay where they are.")]
    return [
        _whom(values),
        *_groups(values, catalogue),
        *_participation(values),
        _hours(values, zone),
        *_schedules(values),
        _delay(values),
        *_redistribution(values, name),
        *_exclusion(values, catalogue),
    ]


def _whom(values: Values) -> str:
    watch, even = values["mode"] == "watch", values["strategy"] == "even"
    if watch and even:
        return _("Every new lead in the tracked stages goes to the managers on shift in turn.")
    if watch:
        return _(
            "Every new lead in the tracked stages goes to the manager on shift with the fewest open leads."
        )
    if even:
        return _("Leads sent by a digital pipeline trigger go to the managers on shift in turn.")
    return _(
        "Leads sent by a digital pipeline trigger go to the manager on shift with the fewest open leads."
    )


def _groups(values: Values, catalogue: Catalogue) -> Iterator[str]:
    """Yield one line a group: its name and what it tracks."""
    if not values["groups"]:
        yield _("No group is selected yet, so nobody receives leads.")
    groups = {group.kommo_id: group.name for group in catalogue.groups}
    pipelines = {pipeline.kommo_id: pipeline.name for pipeline in catalogue.pipelines}
    for entry in values["groups"]:
        tracked = [
            _("%(pipeline)s (all stages)") % {"pipeline": pipelines.get(pipeline, pipeline)}
            for pipeline in entry["pipelines"]
        ]
        tracked += [catalogue.stage_name(pipeline, stage) for pipeline, stage in entry["stages"]]
        name = groups.get(entry["group"], entry["group"])
        listed = ", ".join(tracked) or _("no stages")
        yield f"{name} ← {listed}"


def _participation(values: Values) -> Iterator[str]:
    if not values["users_may_change_activity"]:
        yield _("Only supervisors switch managers on and off.")


def _schedules(values: Values) -> Iterator[str]:
    if values["schedule_gate"]:
        yield _("Only who is in service by their schedule receives new leads.")


def gate_warning(values: Values, unplanned: int) -> str:
    """Return what the schedule gate would do to those who have no schedule for today; "" to nobody."""
    if not values["schedule_gate"] or not unplanned:
        return ""
    return ngettext(
        "%(number)s person who takes part has no schedule for today and receives nothing.",
        "%(number)s people who take part have no schedule for today and receive nothing.",
        unplanned,
    ) % {"number": unplanned}


def _hours(values: Values, zone: str) -> str:
    start, end = values["hours_from"], values["hours_to"]
    if start == end:
        return _("New leads are dealt at any hour.")
    return _(
        "New leads are dealt from %(start)s to %(end)s (%(zone)s); the others wait for the next opening."
    ) % {"start": start, "end": end, "zone": zone}


def _delay(values: Values) -> str:
    minutes = values["start_delay_minutes"]
    if not minutes:
        return _("A manager receives new leads from the first minute of the shift.")
    return ngettext(
        "In the first %(minutes)s minute of a shift the manager gets no new leads.",
        "In the first %(minutes)s minutes of a shift the manager gets no new leads.",
        minutes,
    ) % {"minutes": minutes}


def _redistribution(values: Values, name: str) -> Iterator[str]:
    yield leave_sentence(values, name)
    if not values["redistribution_enabled"]:
        return
    if values["return_enabled"]:
        yield (
            _("At the next shift start the leads that colleagues have not moved on come back.")
            if values["return_only_untouched"]
            else _("At the next shift start the leads come back.")
        )


def _exclusion(values: Values, catalogue: Catalogue) -> Iterator[str]:
    name = next(
        (row.name for row in catalogue.fields if row.kommo_id == values["exclusion_field_id"]), None
    )
    if name:
        yield _("Leads with the field “%(field)s” filled are left alone.") % {"field": name}


def leave_sentence(values: Values, name: str) -> str:
    """Return when leads would move if a manager of this name left at an example time."""
    if not values["redistribution_enabled"]:
        return _("When a shift ends, the leads stay with their manager.")
    left = _example_time(values["redistribution_from"], values["redistribution_to"])
    wait = max(values["redistribution_delay_minutes"], values["transfer_minutes"] or 0)
    moved = (datetime.combine(_ANY_DAY, left) + timedelta(minutes=wait)).time()
    names = {"name": name, "left": f"{left:%H:%M}", "moved": f"{moved:%H:%M}"}
    if not wait:
        return _("If %(name)s leaves at %(left)s, the leads move to colleagues at once.") % names
    return _("If %(name)s leaves at %(left)s, the leads move to colleagues at %(moved)s.") % names


def _example_time(start: str, end: str) -> time:
    """Return 15:00, or the window's beginning where 15:00 lies outside."""
    opens, closes = time.fromisoformat(start), time.fromisoformat(end)
    is_late, is_early = opens <= _EXAMPLE, closes > _EXAMPLE
    inside = (is_late and is_early) if opens < closes else (is_late or is_early or opens == closes)
    return _EXAMPLE if inside else opens


def warnings_of(values: Values, catalogue: Catalogue) -> list[str]:
    """Return what will surprise: two groups on one stage (R37), groups in which nobody takes part."""
    groups = {group.kommo_id: group for group in catalogue.groups}
    found = [
        _("Nobody in the group “%(group)s” takes part: its leads will wait.")
        % {"group": groups[entry["group"]].name}
        for entry in values["groups"]
        if entry["group"] in groups and not groups[entry["group"]].members
    ]
    return found + list(_overlaps(values, catalogue))


def _overlaps(values: Values, catalogue: Catalogue) -> Iterator[str]:
    first: dict[tuple[int, int], int] = {}
    groups = {group.kommo_id: group.name for group in catalogue.groups}
    for entry in values["groups"]:
        for pipeline in catalogue.pipelines:
            for stage in pipeline.stages:
                key = (pipeline.kommo_id, stage.kommo_id)
                tracked = pipeline.kommo_id in entry["pipelines"] or list(key) in entry["stages"]
                if not tracked:
                    continue
                if key in first:
                    text = _(
                        "“%(first)s” and “%(second)s” both track %(stage)s: “%(first)s” stands higher and gets it."
                    )
                    yield text % {
                        "first": groups.get(first[key], ""),
                        "second": groups.get(entry["group"], ""),
                        "stage": f"{pipeline.name}: {stage.name}",
                    }
                first.setdefault(key, entry["group"])
