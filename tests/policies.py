"""Templates and triggers as tests set them up: plain rows, the way that pages write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from accounts.models import Account, Group
from distribution.core.policy import read_body, to_json
from distribution.models import Register, Template, Trigger
from distribution.queries.settings import SIMPLE_BODY, SIMPLE_NAME

Stages = Sequence[Sequence[int | None]]
ALL_DAY = {"start": "00:00", "end": "00:00"}
PAGE = ("strategy", "hours_from", "hours_to", "schedule_gate", "start_delay_minutes")
"""What the page "Shift distribution" keeps in its template, by the page's names."""


def simple(account: Account, groups: Mapping[int, Stages], **values: Any) -> Template:
    """Return the template of "Shift distribution": Kommo group ids with their stages; open all day.

    `values` are sections of the body, laid over its beginning.
    """
    template, _ = Template.objects.get_or_create(
        account=account,
        is_simple=True,
        defaults={"name": SIMPLE_NAME, "body": checked({**SIMPLE_BODY, "hours": ALL_DAY})},
    )
    for place, (group, stages) in enumerate(groups.items()):
        row = Group.objects.for_account(account).get(kommo_id=group)
        watch(template, stages, group=row, priority=place, name=row.name)
    members = [{"kind": "group", "id": group} for group in groups]
    return change(template, members=members, **values)


def template(account: Account, name: str, **body: Any) -> Template:
    """Return a template that is on, open all day, with no gate unless given."""
    made: Template = Template.objects.create(account=account, name=name, body=checked(body))
    return made


def change(row: Template, **laid_over: Any) -> Template:
    """Lay sections of a body over a template's; a section given as a dict keeps its other fields."""
    body = deepcopy(row.body)
    for name, value in laid_over.items():
        known = body.get(name)
        body[name] = {**known, **value} if isinstance(known, dict) else value
    row.body = checked(body)
    row.version += 1
    row.save(update_fields=["body", "version"])
    return row


def change_simple(account: Account | None = None, **laid_over: Any) -> None:
    """Lay sections over the body of "Shift distribution", of one account or of all."""
    rows = Template.objects.filter(is_simple=True)
    for row in rows.filter(account=account) if account else rows:
        change(row, **laid_over)


def sections(page: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sections of a body that values of the page stand for."""
    found: dict[str, Any] = {}
    if "strategy" in page:
        found["strategy"] = page["strategy"]
    hours = {"start": page.get("hours_from"), "end": page.get("hours_to")}
    found["hours"] = {
        name: at if isinstance(at, str) else at.strftime("%H:%M")
        for name, at in hours.items()
        if at is not None
    }
    gates: dict[str, Any] = {}
    if "schedule_gate" in page:
        gates["schedule"] = "personal" if page["schedule_gate"] else "off"
    if "start_delay_minutes" in page:
        gates["start_delay_minutes"] = page["start_delay_minutes"]
    found["gates"] = gates
    return {name: value for name, value in found.items() if value}


def watch(
    owner: Template,
    stages: Stages,
    *,
    group: Group | None = None,
    priority: int = 0,
    name: str = "",
    register: Register | None = None,
) -> Trigger:
    """Return a watch of stages, with a register of its own unless one is given."""
    return trigger(
        owner,
        Trigger.Kind.WATCH,
        stages,
        group=group,
        priority=priority,
        name=name,
        register=register,
    )


def trigger(
    owner: Template,
    kind: str,
    stages: Stages = (),
    *,
    register: Register | None = None,
    **fields: Any,
) -> Trigger:
    """Return a trigger of any kind, with a register of its own unless one is given."""
    row: Trigger = Trigger.objects.create(
        account=owner.account,
        template=owner,
        kind=kind,
        stages=[list(stage) for stage in stages],
        register=register,
        **fields,
    )
    if register is None:
        row.register = Register.objects.create(
            account=owner.account, own_of=row, name=fields.get("name") or f"{owner.name} {row.pk}"
        )
        row.save(update_fields=["register"])
    return row


def checked(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body with every default written out; fail where something is wrong with it."""
    found, problems = read_body(dict(body))
    assert not problems, problems
    document: dict[str, Any] = to_json(found)
    return document
