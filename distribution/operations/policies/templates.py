"""Writes of templates: each save is a version that can be restored (B17)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import Account, AuditEntry, InboxEvent, Manager
from accounts.operations.inbox import append_event
from distribution.core.policy import Problem, read_body, to_json
from distribution.models import Register, Template, TemplateVersion, Trigger
from distribution.operations import registers
from peresmenka.lib.enqueue import ring

LONGEST_NAME = 64
MOST_TEMPLATES = 200
Json = dict[str, Any]


class TemplateError(Exception):
    """The template cannot be changed like this."""


class BadName(TemplateError):
    """A template has a name of 1 to 64 characters; choose one."""


class NameTaken(TemplateError):
    """Another template of the account has this name; choose a different one."""


class TooManyTemplates(TemplateError):
    """The account has 200 templates already; delete those that no trigger uses."""


class IsSimple(TemplateError):
    """This template belongs to the page "Shift distribution": change it there; it cannot be deleted."""


class NoSuchVersion(TemplateError):
    """This version is not kept; choose another one from the list."""


class TemplateGone(TemplateError):
    """Somebody has deleted this template meanwhile; make a new one or copy another."""


class BadBody(TemplateError):
    """The settings do not fit their schema; correct what is named."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(self.__doc__)
        self.problems = tuple(problems)


class TemplateChanged(TemplateError):
    """Somebody else saved this template meanwhile; look at both values and save again."""

    def __init__(self, current: Template) -> None:
        super().__init__(self.__doc__)
        self.current = current


def document_of(template: Template) -> Json:
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
    _keep_version(template, actor, now)


@transaction.atomic
def create_template(
    account: Account, *, name: str, body: Json, actor: Manager | None, now: datetime
) -> Template:
    """Write a template that is on, with its first version, audit entry and inbox event.

    Raises BadName, NameTaken, BadBody, TooManyTemplates.
    """
    if Template.objects.for_account(account).count() >= MOST_TEMPLATES:
        raise TooManyTemplates
    template = Template(account=account, name=_tidy_name(name), body=_checked(body))
    _save_name(template, is_new=True)
    _keep_version(template, actor, now)
    _note(template, "template_created", {}, document_of(template), actor, now)
    return template


@transaction.atomic
def save_template(
    template: Template, *, name: str, body: Json, version: int, actor: Manager | None, now: datetime
) -> Template:
    """Write name and settings as the next version; return the template as it is saved then.

    Locks the template; nothing is written where nothing differs. What others have switched on or
    off meanwhile is no conflict. Raises TemplateChanged when somebody has saved other settings since
    `version`, and BadName, NameTaken, BadBody, IsSimple, TemplateGone.
    """
    row, checked, wanted = _locked(template, now), _checked(body), _tidy_name(name)
    if row.is_simple:
        raise IsSimple
    if row.version != version and not _is_same_policy(row, version):
        raise TemplateChanged(row)
    return _write(row, {"name": wanted, "body": checked}, "template_saved", actor, now)


@transaction.atomic
def switch_template(
    template: Template, *, is_on: bool, actor: Manager | None, now: datetime
) -> Template:
    """Switch dealing by the template on or off; a version, like each change. Raises IsSimple."""
    row = _locked(template, now)
    if row.is_simple:
        raise IsSimple
    return _write(row, {"is_enabled": is_on}, "template_switched", actor, now)


@transaction.atomic
def set_shadow(
    template: Template, *, is_shadow: bool, reason: str, actor: Manager | None, now: datetime
) -> Template:
    """Let the template only decide and record, or also write (N8).

    With the end of shadow its triggers' own registers begin a new epoch for that `reason`: what was
    dealt on paper only is nobody's debt.
    """
    row = _locked(template, now)
    was = row.is_shadow
    written = _write(row, {"is_shadow": is_shadow}, "template_shadow", actor, now)
    if was and not is_shadow:
        _begin_anew(row, reason, actor, now)
    return written


@transaction.atomic
def restore_version(
    template: Template, *, version: int, reason: str, actor: Manager | None, now: datetime
) -> Template:
    """Write what a version holds once more, as the next version; `reason` as in `set_shadow`.

    Raises NoSuchVersion, NameTaken, BadBody (the schema has changed since), IsSimple.
    """
    row = _locked(template, now)
    if row.is_simple:
        raise IsSimple
    kept = TemplateVersion.objects.for_account(row.account_id).filter(template=row, version=version)
    document = kept.values_list("document", flat=True).first()
    if document is None:
        raise NoSuchVersion
    was = row.is_shadow
    written = _write(
        row, {**document, "body": _checked(document["body"])}, "template_restored", actor, now
    )
    if was and not written.is_shadow:
        _begin_anew(row, reason, actor, now)
    return written


@transaction.atomic
def delete_template(template: Template, *, actor: Manager | None, now: datetime) -> None:
    """Delete the template with its versions, its triggers and their own registers. Raises IsSimple."""
    row = _locked(template, now)
    if row.is_simple:
        raise IsSimple
    triggers = Trigger.objects.for_account(row.account_id).filter(template=row)
    own = list(_own_registers(row).values_list("pk", flat=True))
    triggers.update(register=None)
    Register.objects.for_account(row.account_id).filter(pk__in=own).delete()
    _note(row, "template_deleted", document_of(row), {}, actor, now)
    row.delete()


def _write(
    row: Template, wanted: Json, action: str, actor: Manager | None, now: datetime
) -> Template:
    """Write what of the wanted attributes differs, as the next version, with audit and event."""
    before = document_of(row)
    changed = {name: value for name, value in wanted.items() if before[name] != value}
    if not changed:
        return row
    for name, value in changed.items():
        setattr(row, name, value)
    row.version += 1
    _save_name(row)
    _keep_version(row, actor, now)
    after = {**changed, "version": row.version}
    _note(row, action, {name: before[name] for name in changed}, after, actor, now)
    return row


def _locked(template: Template, now: datetime) -> Template:
    """Return the template as it is saved, locked; one without versions gets its first."""
    rows = Template.objects.for_account(template.account_id).select_related("account")
    found: Template | None = rows.select_for_update(of=("self",)).filter(pk=template.pk).first()
    if found is None:
        raise TemplateGone
    if not _has_versions(found):
        _keep_version(found, None, now)
    return found


def _is_same_policy(row: Template, version: int) -> bool:
    """Say whether name and settings are those of that version: since then only switches were used."""
    kept = TemplateVersion.objects.for_account(row.account_id).filter(template=row, version=version)
    document = kept.values_list("document", flat=True).first()
    now = document_of(row)
    return document is not None and all(document[name] == now[name] for name in ("name", "body"))


def _tidy_name(name: str) -> str:
    plain = " ".join(name.split())
    if not 1 <= len(plain) <= LONGEST_NAME:
        raise BadName
    return plain


def _checked(body: Json) -> Json:
    found, problems = read_body(body)
    if problems:
        raise BadBody(problems)
    document: Json = to_json(found)
    return document


def _save_name(row: Template, *, is_new: bool = False) -> None:
    fields = ["name", "body", "is_enabled", "is_shadow", "version"]
    try:
        with transaction.atomic():
            row.save(**({"force_insert": True} if is_new else {"update_fields": fields}))
    except IntegrityError:
        raise NameTaken from None


def _keep_version(template: Template, actor: Manager | None, now: datetime) -> None:
    TemplateVersion.objects.create(
        account=template.account,
        template=template,
        version=template.version,
        at=now,
        actor_id=actor.kommo_id if actor else None,
        document=document_of(template),
    )


def _note(
    template: Template, action: str, before: Json, after: Json, actor: Manager | None, now: datetime
) -> None:
    """Write the audit entry, and tell the account's lane that settings have changed."""
    AuditEntry.objects.create(
        account=template.account,
        at=now,
        actor_id=actor.kommo_id if actor else None,
        action=action,
        before=before,
        after={"template": template.pk, **after},
    )
    append_event(template.account, InboxEvent.Kind.SETTINGS, {}, now)
    transaction.on_commit(ring)


def _begin_anew(row: Template, reason: str, actor: Manager | None, now: datetime) -> None:
    for register in _own_registers(row):
        registers.reset(register, reason=reason, actor=actor, now=now)


def _own_registers(row: Template) -> Any:
    return Register.objects.for_account(row.account_id).filter(own_of__template=row)


def _has_versions(template: Template) -> bool:
    versions = TemplateVersion.objects.for_account(template.account_id)
    return bool(versions.filter(template=template).exists())
