"""Writes of templates: each save is a version that can be restored (B17)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.models import Manager
from distribution.core.policy import read_body, to_json
from distribution.models import Template, TemplateVersion


def document_of(template: Template) -> dict[str, Any]:
    """Return what a version holds of a template, every field written out."""
    return {
        "name": template.name,
        "is_enabled": template.is_enabled,
        "is_shadow": template.is_shadow,
        "body": to_json(read_body(template.body)[0]),
    }


def save_body(
    template: Template, body: dict[str, Any], *, actor: Manager | None, now: datetime
) -> bool:
    """Write a checked body and the version that it makes; False where nothing differs.

    The caller has locked what several people may edit at once.
    """
    checked = to_json(read_body(body)[0])
    if checked == to_json(read_body(template.body)[0]) and _has_versions(template):
        return False
    template.body = checked
    write_version(template, actor=actor, now=now)
    return True


def write_version(template: Template, *, actor: Manager | None, now: datetime) -> None:
    """Save the template as it is in memory, as its next version."""
    if _has_versions(template):
        template.version += 1
    template.save(update_fields=["name", "body", "is_enabled", "is_shadow", "version"])
    TemplateVersion.objects.create(
        account=template.account,
        template=template,
        version=template.version,
        at=now,
        actor_id=actor.kommo_id if actor else None,
        document=document_of(template),
    )


def _has_versions(template: Template) -> bool:
    versions = TemplateVersion.objects.for_account(template.account_id)
    return bool(versions.filter(template=template).exists())
