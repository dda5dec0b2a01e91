"""What the pages of templates show: the list, what can be chosen of the account, versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Count

from accounts.models import Account, Group, Manager
from distribution.core.members import parts_of
from distribution.core.policy import Body, read_body
from distribution.models import Register, Template, TemplateVersion, Trigger
from distribution.queries.config import window_of
from distribution.queries.settings import Catalogue, catalogue_of
from peresmenka.lib.zones import known_zone
from shifts.core.windows import closes_at, opens_at
from shifts.models import SchedulePattern

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PersonChoice:
    """A Kommo user of the account; only one who takes part can be chosen anew (F22)."""

    kommo_id: int
    name: str
    group: int | None  # Kommo's id
    is_active: bool
    takes_part: bool


@dataclass(frozen=True)
class Choices:
    """Everything of the account that a template can name."""

    people: tuple[PersonChoice, ...]
    group_names: Mapping[int, str]  # by Kommo's id; those that are gone, too
    catalogue: Catalogue
    patterns: tuple[str, ...]

    @cached_property
    def takers(self) -> tuple[PersonChoice, ...]:
        """Return those who take part, by name."""
        return tuple(person for person in self.people if person.takes_part)

    @cached_property
    def by_id(self) -> dict[int, PersonChoice]:
        """Return everybody by Kommo's id."""
        return {person.kommo_id: person for person in self.people}

    @cached_property
    def groups_now(self) -> dict[int, list[int]]:
        """Return the user ids of those who take part, by their group; groups without any, too."""
        found: dict[int, list[int]] = {group.kommo_id: [] for group in self.catalogue.groups}
        for person in self.takers:
            if person.group in found:
                found[person.group].append(person.kommo_id)
        return found

    def person_name(self, user_id: int) -> str:
        """Return the name, or the id of somebody whom the account no longer has."""
        known = self.by_id.get(user_id)
        return known.name if known else str(user_id)

    def group_name(self, group_id: int) -> str:
        """Return the group's name, or the id of one that the account no longer has."""
        return self.group_names.get(group_id, str(group_id))

    def field_name(self, field_id: int) -> str:
        """Return the lead field's name, or the id of one that Kommo no longer has."""
        names = {row.kommo_id: row.name for row in self.catalogue.fields}
        return names.get(field_id, str(field_id))

    def place_name(self, pipeline_id: int, status_id: int | None) -> str:
        """Return "Pipeline: Stage", or the pipeline's name for a whole one."""
        if status_id is not None:
            return self.catalogue.stage_name(pipeline_id, status_id)
        names = {row.kommo_id: row.name for row in self.catalogue.pipelines}
        return names.get(pipeline_id, str(pipeline_id))

    def has_place(self, pipeline_id: int, status_id: int | None) -> bool:
        """Say whether Kommo still has this open stage, or this pipeline."""
        return any(
            row.kommo_id == pipeline_id
            and (status_id is None or any(one.kommo_id == status_id for one in row.stages))
            for row in self.catalogue.pipelines
        )


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """A template as the list shows it."""

    template: Template
    body: Body
    people: int  # who take part in it today
    triggers: int
    is_open: bool
    turns_at: datetime | None  # when it closes or opens; None: it never closes


@dataclass(frozen=True, slots=True)
class TriggerRow:
    """A trigger of a template: where it stands and whose statistics count."""

    trigger: Trigger
    places: tuple[str, ...]
    register: str  # name of a shared one; "" for its own


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version with its author's name and the one before it, to compare with."""

    version: TemplateVersion
    author: str
    before: Json | None


def choices_of(account: Account) -> Choices:
    """Return what the account has to choose from; six queries."""
    managers = Manager.objects.for_account(account).select_related("group").order_by("name", "pk")
    people = tuple(
        PersonChoice(
            row.kommo_id,
            row.name,
            row.group.kommo_id if row.group else None,
            row.is_active_in_kommo,
            row.is_active_in_kommo and row.is_licensed,
        )
        for row in managers
    )
    names = Group.objects.for_account(account).values_list("kommo_id", "name")
    patterns = SchedulePattern.objects.for_account(account).order_by("name")
    return Choices(
        people, dict(names), catalogue_of(account), tuple(patterns.values_list("name", flat=True))
    )


def templates_of(account: Account, choices: Choices, now: datetime) -> list[TemplateRow]:
    """Return the account's templates, the simple one first, then by name; two queries."""
    rows = Template.objects.for_account(account).order_by("-is_simple", "name", "pk")
    numbers = Trigger.objects.for_account(account).values("template").annotate(number=Count("pk"))
    triggers = dict(numbers.values_list("template", "number"))
    return [_row(row, account, choices, triggers.get(row.pk, 0), now) for row in rows]


def _row(
    template: Template, account: Account, choices: Choices, triggers: int, now: datetime
) -> TemplateRow:
    body = read_body(template.body)[0]
    window = window_of(body.hours)
    opening = opens_at(window, known_zone(account.zone), now)
    turns = closes_at(window, known_zone(account.zone), now) if opening == now else opening
    return TemplateRow(template, body, people_in(body, choices), triggers, opening == now, turns)


def people_in(body: Body, choices: Choices) -> int:
    """Return how many people take part through the body's members as of now."""
    parts = parts_of(body.members, choices.groups_now, body.strategy)
    takers = {person.kommo_id for person in choices.takers}
    return sum(user in takers and part.weight > 0 for user, part in parts.items())


def triggers_of(template: Template, choices: Choices) -> list[TriggerRow]:
    """Return the template's triggers in the order in which they are asked."""
    rows = Trigger.objects.for_account(template.account_id).filter(template=template)
    found = rows.select_related("group", "register").order_by("priority", "pk")
    return [
        TriggerRow(
            row,
            tuple(choices.place_name(pipeline, status) for pipeline, status in row.stages),
            row.register.name if row.register and row.register.own_of_id is None else "",
        )
        for row in found
    ]


def own_registers(template: Template) -> int:
    """Return how many registers belong to triggers of the template alone."""
    rows = Register.objects.for_account(template.account_id)
    return rows.filter(own_of__template=template).count()


def versions_of(template: Template, choices: Choices) -> list[VersionRow]:
    """Return the template's versions, the latest first, each with the one before."""
    rows = TemplateVersion.objects.for_account(template.account_id).filter(template=template)
    found = list(rows.order_by("-version"))
    earlier = [*(row.document for row in found[1:]), *([None] if found else [])]
    return [
        VersionRow(row, choices.person_name(row.actor_id) if row.actor_id else "", before)
        for row, before in zip(found, earlier, strict=True)
    ]


def version_of(template: Template, version: int) -> TemplateVersion | None:
    """Return one version of the template, if it is kept."""
    rows = TemplateVersion.objects.for_account(template.account_id)
    found: TemplateVersion | None = rows.filter(template=template, version=version).first()
    return found
