"""What the page "Shift distribution" shows: the settings as one flat dict, and what can be chosen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.db.models import Count, Q

from accounts.models import Account, AuditEntry, Group, LeadField, Manager, Stage
from distribution.core.policy import Body, read_body
from distribution.models import DistributionSettings, Template, Trigger
from shifts.core.roster import State
from shifts.queries.availability import schedules_of
from shifts.queries.presence import settings_of as shift_settings_of

Values = dict[str, Any]
"""The settings by name, JSON-ready: times as "09:00", groups in the order of their priority."""

SAVED = "settings_saved"  # action of the audit entry that each save writes

SHIFT_FIELDS = {
    "shift_mode": "mode",
    "pause_after_minutes": "pause_after_minutes",
    "offline_after_minutes": "offline_after_minutes",
    "inactivity_ends_hand_pause": "inactivity_ends_hand_pause",
    "shows_activity": "shows_activity",
    "users_may_change_activity": "users_may_change_activity",
}
DISTRIBUTION_FIELDS = (
    "is_enabled",
    "mode",
    "redistribution_enabled",
    "redistribution_from",
    "redistribution_to",
    "redistribution_delay_minutes",
    "transfer_minutes",
    "exclusion_field_id",
    "return_enabled",
    "return_only_untouched",
    "notes_enabled",
)
TIME_FIELDS = ("redistribution_from", "redistribution_to")
SIMPLE_NAME = "Shift distribution"
# What the page starts with, where nothing is saved (F80).
SIMPLE_BODY: dict[str, Any] = {
    "strategy": "least_loaded",
    "hours": {"start": "09:00", "end": "18:00"},
    "gates": {"shift": "require"},
    "limits": {"counts": "tracked"},
    "departure": {"moves": True},
}


@dataclass(frozen=True, slots=True)
class CurrentSettings:
    """An account's settings as they are saved; the defaults where nothing is."""

    values: Values
    version: int


@dataclass(frozen=True, slots=True)
class StageChoice:
    """A stage that can be tracked on its own."""

    kommo_id: int
    name: str


@dataclass(frozen=True, slots=True)
class PipelineChoice:
    """A pipeline with its open stages, in Kommo's order."""

    kommo_id: int
    name: str
    stages: tuple[StageChoice, ...]


@dataclass(frozen=True, slots=True)
class GroupChoice:
    """A Kommo group with the number of its members who can take part."""

    kommo_id: int
    name: str
    members: int


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """A lead field that may exclude a lead."""

    kommo_id: int
    name: str
    is_checkbox: bool


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything of the account that the page offers for choice."""

    groups: tuple[GroupChoice, ...]
    pipelines: tuple[PipelineChoice, ...]
    fields: tuple[FieldChoice, ...]

    def stage_name(self, pipeline_id: int, status_id: int) -> str:
        """Return "Pipeline: Stage", or the ids of what Kommo no longer has."""
        for pipeline in self.pipelines:
            for stage in pipeline.stages:
                if (pipeline.kommo_id, stage.kommo_id) == (pipeline_id, status_id):
                    return f"{pipeline.name}: {stage.name}"
        return f"{pipeline_id}: {status_id}"


def settings_of(account: Account) -> CurrentSettings:
    """Return what is saved; four queries, nothing is written."""
    distribution = (
        DistributionSettings.objects.for_account(account).first() or DistributionSettings()
    )
    shift = shift_settings_of(account.pk)
    values: Values = {name: getattr(shift, field) for name, field in SHIFT_FIELDS.items()}
    values |= {name: _stored(getattr(distribution, name)) for name in DISTRIBUTION_FIELDS}
    values |= template_values(simple_body_of(account))
    values["groups"] = _groups_of(account)
    return CurrentSettings(values, distribution.version)


def simple_body_of(account: Account) -> Body:
    """Return the body of the template that the page edits; its beginning where none is saved."""
    saved = Template.objects.for_account(account).filter(is_simple=True)
    body = saved.values_list("body", flat=True).first()
    return read_body(SIMPLE_BODY if body is None else body)[0]


def template_values(body: Body) -> Values:
    """Return the page's values that lie in its template."""
    return {
        "strategy": body.strategy,
        "hours_from": body.hours.start,
        "hours_to": body.hours.end,
        "schedule_gate": body.gates.schedule != "off",
        "start_delay_minutes": body.gates.start_delay_minutes,
    }


def _stored(value: Any) -> Any:
    return value.strftime("%H:%M") if isinstance(value, time) else value


def _groups_of(account: Account) -> list[dict[str, Any]]:
    """Return the groups by priority: {"group", "pipelines" (whole ones), "stages" (pairs)}."""
    triggers = Trigger.objects.for_account(account).filter(group__isnull=False)
    rows = triggers.order_by("priority", "pk").values_list("group__kommo_id", "stages")
    return [
        {
            "group": group,
            "pipelines": sorted(pipeline for pipeline, status in stages if status is None),
            "stages": sorted(stage for stage in stages if stage[1] is not None),
        }
        for group, stages in rows
    ]


def catalogue_of(account: Account) -> Catalogue:
    """Return the groups, pipelines, stages and fields to choose from; three queries."""
    takes_part = Q(manager__is_licensed=True, manager__is_active_in_kommo=True)
    groups = (
        Group.objects.for_account(account)
        .filter(is_gone=False)
        .annotate(members=Count("manager", filter=takes_part))
        .order_by("name", "pk")
    )
    fields = LeadField.objects.for_account(account).filter(is_gone=False).order_by("name", "pk")
    choices = [FieldChoice(row.kommo_id, row.name, row.type == "checkbox") for row in fields]
    return Catalogue(
        tuple(GroupChoice(row.kommo_id, row.name, row.members) for row in groups),
        _pipelines_of(account),
        tuple(sorted(choices, key=lambda choice: not choice.is_checkbox)),
    )


def _pipelines_of(account: Account) -> tuple[PipelineChoice, ...]:
    """Return the pipelines with their open stages; unsorted leads cannot be dealt in Kommo."""
    stages = (
        Stage.objects.for_account(account)
        .filter(is_gone=False, pipeline__is_gone=False)
        .exclude(kommo_id__in=Stage.CLOSED)
        .exclude(type=Stage.UNSORTED_TYPE)
        .select_related("pipeline")
        .order_by("pipeline__sort", "pipeline_id", "sort", "kommo_id")
    )
    found: dict[int, tuple[str, list[StageChoice]]] = {}
    for stage in stages:
        _, listed = found.setdefault(stage.pipeline.kommo_id, (stage.pipeline.name, []))
        listed.append(StageChoice(stage.kommo_id, stage.name))
    return tuple(PipelineChoice(pk, name, tuple(listed)) for pk, (name, listed) in found.items())


def without_schedule(account: Account, groups: Collection[int], now: datetime) -> int:
    """Return how many who take part in these groups (Kommo ids) have no schedule for today (F68)."""
    members = Manager.objects.for_account(account).filter(
        group__kommo_id__in=groups, is_licensed=True, is_active_in_kommo=True
    )
    standings = schedules_of(account, now)
    states = [standings[user_id].state for user_id in members.values_list("kommo_id", flat=True)]
    return states.count(State.EMPTY)


@dataclass(frozen=True, slots=True)
class LaterSaves:
    """What was saved since a version: each changed setting's value before, and the last author."""

    before: Mapping[str, Any]
    actor_name: str


def saves_after(account: Account, version: int) -> LaterSaves:
    """Return what others saved after `version`; the page compares it with what a user typed."""
    before: dict[str, Any] = {}
    actor_id = None
    entries = AuditEntry.objects.for_account(account).filter(
        action=SAVED, after__version__gt=version
    )
    for entry in entries.order_by("pk"):
        actor_id = entry.actor_id
        before = {**entry.before, **before}
    name = Manager.objects.for_account(account).filter(kommo_id=actor_id).values_list("name")
    return LaterSaves(before, next((row[0] for row in name), ""))
