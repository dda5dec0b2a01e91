"""Saves the page "Shift distribution": settings, groups and stages, audit, and the event for the lane."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from django.db import transaction

from accounts.models import Account, AuditEntry, Group, InboxEvent, Manager
from accounts.operations.inbox import append_event
from distribution.core.policy import to_json
from distribution.models import DistributionSettings, Register, Template, Trigger
from distribution.operations.policies.templates import save_body
from distribution.operations.policies.trigger_order import group_places
from distribution.queries.settings import (
    DISTRIBUTION_FIELDS,
    SAVED,
    SHIFT_FIELDS,
    SIMPLE_BODY,
    SIMPLE_NAME,
    TIME_FIELDS,
    CurrentSettings,
    settings_of,
    simple_body_of,
    template_values,
)
from peresmenka.lib.enqueue import ring
from shifts.models import ShiftSettings


class SettingsChanged(Exception):
    """Somebody else saved these settings meanwhile; look at both values and save again."""

    def __init__(self, current: CurrentSettings) -> None:
        super().__init__(self.__doc__)
        self.current = current


def settings_for(account: Account) -> DistributionSettings:
    """Return the account's settings, written with their defaults where they are missing."""
    ShiftSettings.objects.get_or_create(account=account)
    row, _ = DistributionSettings.objects.get_or_create(account=account)
    settings: DistributionSettings = row
    Template.objects.get_or_create(
        account=account, is_simple=True, defaults={"name": SIMPLE_NAME, "body": SIMPLE_BODY}
    )
    return settings


@transaction.atomic
def save_settings(
    account: Account,
    *,
    actor: Manager | None,
    changes: Mapping[str, Any],
    version: int,
    now: datetime,
) -> CurrentSettings:
    """Write what differs in `changes` (names of queries.settings.Values); return what is saved then.

    Locks the settings row; writes settings, the page's template with its triggers and registers,
    one audit entry with the values before and after, and one inbox event. Nothing is written where nothing differs.
    Raises SettingsChanged when `version` is not the saved one.
    """
    settings_for(account)
    row = DistributionSettings.objects.for_account(account).select_for_update().get()
    current = settings_of(account)
    if row.version != version:
        raise SettingsChanged(current)
    changed = {name: value for name, value in changes.items() if current.values[name] != value}
    if not changed:
        return current
    _write_distribution(row, changed, now)
    _write_shifts(account, changed)
    _write_template(account, changed, actor, now)
    AuditEntry.objects.create(
        account=account,
        at=now,
        actor_id=actor.kommo_id if actor else None,
        action=SAVED,
        before={name: current.values[name] for name in changed},
        after={**changed, "version": row.version},
    )
    append_event(account, InboxEvent.Kind.SETTINGS, {}, now)
    transaction.on_commit(ring)
    return settings_of(account)


def _write_distribution(
    row: DistributionSettings, changed: Mapping[str, Any], now: datetime
) -> None:
    """Write the changed columns and the next version; switching on begins a new time of dealing."""
    own = [name for name in DISTRIBUTION_FIELDS if name in changed]
    for name in own:
        value = changed[name]
        setattr(row, name, time.fromisoformat(value) if name in TIME_FIELDS else value)
    if changed.get("is_enabled"):
        row.enabled_at = now
    row.version += 1
    row.save(update_fields=[*own, "enabled_at", "version"])


def _write_shifts(account: Account, changed: Mapping[str, Any]) -> None:
    fields = {field: changed[name] for name, field in SHIFT_FIELDS.items() if name in changed}
    if fields:
        ShiftSettings.objects.for_account(account).update(**fields)


def _write_template(
    account: Account, changed: Mapping[str, Any], actor: Manager | None, now: datetime
) -> None:
    """Write what of the changes lies in the page's template, as its next version."""
    body = simple_body_of(account)
    values = {**template_values(body), **changed}
    document = to_json(body)
    document["strategy"] = values["strategy"]
    document["hours"] |= {"start": values["hours_from"], "end": values["hours_to"]}
    document["gates"]["schedule"] = "personal" if values["schedule_gate"] else "off"
    document["gates"]["start_delay_minutes"] = values["start_delay_minutes"]
    rows = Template.objects.for_account(account).select_for_update()  # shadow is set elsewhere
    template = rows.get(is_simple=True)
    if "groups" in changed:
        _write_groups(template, changed["groups"])
        document["members"] = [
            {"kind": "group", "id": entry["group"]} for entry in changed["groups"]
        ]
    save_body(template, document, actor=actor, now=now)


def _write_groups(template: Template, groups: list[dict[str, Any]]) -> None:
    """Make the watches equal to `groups`; one that stays keeps its register and so its ledger."""
    account = template.account
    wanted = [entry["group"] for entry in groups]
    watches = Trigger.objects.for_account(account).filter(template=template, group__isnull=False)
    places = group_places(account, len(groups))
    watches.exclude(group__kommo_id__in=wanted).delete()
    known = {row.kommo_id: row for row in Group.objects.for_account(account)}
    for place, entry in zip(places, groups, strict=True):
        group = known[entry["group"]]
        stages = [[pipeline, None] for pipeline in entry["pipelines"]]
        trigger, _ = Trigger.objects.update_or_create(
            account=account,
            group=group,
            defaults={
                "template": template,
                "kind": Trigger.Kind.WATCH,
                "priority": place,
                "stages": stages + [list(stage) for stage in entry["stages"]],
            },
        )
        if trigger.register_id is None:
            trigger.register = Register.objects.create(
                account=account, own_of=trigger, name=group.name
            )
            trigger.save(update_fields=["register"])
