"""Makes an account's settings those of a file, by the same operations as the pages; or shows what would change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Account, Group, Manager
from distribution.core.members import selection_problems
from distribution.core.policy import Problem, to_json
from distribution.core.policy.file import SettingsFile, TemplateFile, TriggerFile, read_file
from distribution.models import Register, Template, Trigger
from distribution.operations import registers
from distribution.operations.policies import templates, triggers
from distribution.operations.policies.settings import save_settings
from distribution.queries.references import references_gone
from distribution.queries.settings import settings_of
from distribution.queries.settings_file import differences_of, document_of_account
from distribution.queries.templates import Choices, choices_of

Difference = tuple[str, Any, Any]


class BadFile(Exception):
    """The file cannot be taken over; each problem names its place in it. Nothing was changed."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(self.__doc__)
        self.problems = problems


@dataclass(frozen=True, slots=True)
class _Import:
    account: Account
    actor: Manager | None
    now: datetime


def import_file(
    account: Account,
    document: Any,
    *,
    actor: Manager | None,
    now: datetime,
    reason: str,
    dry_run: bool = False,
) -> list[Difference]:
    """Take a file over in one transaction; return what changed: (path, before, after).

    Registers, templates and triggers are matched by name (triggers also by kind); what is not in
    the file stays as it is. A template that leaves shadow begins its statistics anew for `reason`.
    With `dry_run` all of it is rolled back. Raises BadFile.
    """
    found, problems = read_file(document)
    problems += _unknown(found, account)
    if problems:
        raise BadFile(problems)
    before = document_of_account(account)
    with transaction.atomic():
        _take_over(_Import(account, actor, now), found, reason)
        after = document_of_account(account)
        if dry_run:
            transaction.set_rollback(True)
    return list(differences_of(before, after))


def _take_over(work: _Import, found: SettingsFile, reason: str) -> None:
    _page(work, found)
    for row in found.registers:
        _try_register(work, row.name)
    for template in found.templates:
        _template(work, template, reason)
    for row in found.registers:  # strict totals ask for the pace of the templates
        policy = registers.RegisterPolicy(
            row.strict_totals, row.catch_up_percent, row.catch_up_leads, row.ramp
        )
        shared = _register(work, row.name)
        try:
            registers.set_policy(shared, policy, actor=work.actor, now=work.now)
        except registers.RegisterError as error:
            raise BadFile([Problem(f"registers[{row.name}]", str(error))]) from error


def _page(work: _Import, found: SettingsFile) -> None:
    groups = [
        {
            "group": row.group,
            "pipelines": [pipeline for pipeline, status in row.stages if status is None],
            "stages": [list(stage) for stage in row.stages if stage[1] is not None],
        }
        for row in found.groups
    ]
    save_settings(
        work.account,
        actor=work.actor,
        changes={**to_json(found.settings), "groups": groups},
        version=settings_of(work.account).version,
        now=work.now,
    )


def _try_register(work: _Import, name: str) -> None:
    try:
        _register(work, name)
    except registers.RegisterError as error:
        raise BadFile([Problem(f"registers[{name}]", str(error))]) from error


def _register(work: _Import, name: str) -> Register:
    rows = Register.objects.for_account(work.account).filter(own_of=None, name=name)
    known: Register | None = rows.first()
    if known is not None:
        return known
    try:
        return registers.create_register(work.account, name=name, actor=work.actor, now=work.now)
    except registers.RegisterError as error:
        raise BadFile([Problem(f"registers[{name}]", str(error))]) from error


def _template(work: _Import, found: TemplateFile, reason: str) -> None:
    who: dict[str, Any] = {"actor": work.actor, "now": work.now}
    body = to_json(found.body)
    rows = Template.objects.for_account(work.account).filter(is_simple=False, name=found.name)
    template: Template | None = rows.first()
    try:
        if template is None:
            template = templates.create_template(work.account, name=found.name, body=body, **who)
        else:
            version = template.version
            template = templates.save_template(
                template, name=found.name, body=body, version=version, **who
            )
        template = templates.switch_template(template, is_on=found.is_enabled, **who)
        template = templates.set_shadow(template, is_shadow=found.is_shadow, reason=reason, **who)
        for row in found.triggers:
            _trigger(work, template, row)
    except (templates.TemplateError, triggers.TriggerError, registers.RegisterError) as error:
        raise BadFile([Problem(f"templates[{found.name}]", str(error))]) from error


def _trigger(work: _Import, template: Template, found: TriggerFile) -> None:
    values: dict[str, Any] = {
        "name": found.name,
        "stages": [list(stage) for stage in found.stages],
        "register": _register(work, found.register) if found.register else None,
        "delay_minutes": found.delay_minutes,
        "priority": found.priority,
    }
    rows = Trigger.objects.for_account(work.account).filter(
        template=template, kind=found.kind, name=found.name
    )
    known = rows.first()
    who: dict[str, Any] = {"actor": work.actor, "now": work.now}
    if known is None:
        triggers.create_trigger(template, kind=found.kind, **values, **who)
    else:
        triggers.save_trigger(known, changes=values, **who)


def _unknown(found: SettingsFile, account: Account) -> list[Problem]:
    """Return what the file names and the account does not have."""
    has = choices_of(account)
    groups = set(Group.objects.for_account(account).values_list("kommo_id", flat=True))
    problems = []
    for place, row in enumerate(found.groups):
        if row.group not in groups:
            problems.append(Problem(f"groups.{place}.group", "unknown_group"))
        if not all(has.has_place(*stage) for stage in row.stages):
            problems.append(Problem(f"groups.{place}.stages", "unknown_stage"))
    fields = {row.kommo_id for row in has.catalogue.fields}
    if found.settings.exclusion_field_id not in (None, *fields):
        problems.append(Problem("settings.exclusion_field_id", "unknown_field_of_leads"))
    for place, template in enumerate(found.templates):
        problems += _unknown_in(template, f"templates.{place}", has)
    return problems


def _unknown_in(template: TemplateFile, path: str, has: Choices) -> list[Problem]:
    body = template.body
    rows = selection_problems(body.members, has.groups_now, body.strategy, has.by_id)
    members = [
        Problem(f"{path}.body.members", f"{row.code} {row.kind or ''} {row.id or ''}".strip())
        for row in rows
    ]
    gone = [
        Problem(f"{path}.body.{at}", f"unknown_{kind}") for at, kind in references_gone(body, has)
    ]
    return members + gone
