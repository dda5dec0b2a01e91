"""Tables of the accounts app in the operator's site, and who may operate.

Accounts themselves are in distribution/admin/accounts.py: their health is told by tables of that app too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.admin import TOTPDeviceAdmin
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import (
    AuditEntry,
    Authorization,
    CallBudget,
    Credential,
    Group,
    InboxEvent,
    Lane,
    LeadField,
    Manager,
    Pipeline,
    Stage,
    WidgetNonce,
)
from peresmenka.admin_base import OpenFilter, OperatorAdmin, pretty_json

BODY_BYTES = 16 * 1024
BODY_LINES = 200
# The last part of a key whose value says what happened and nothing about a person.
TELLING = re.compile(
    r"(?:ids?|.*_id|.*_type|type|kind|source|what|cause|outcome|lead|effect|target|seen|manager"
    r"|by|at|date_create|last_modified|created_at|updated_at|created_by|updated_by|\d+)"
)
HARMLESS = re.compile(r"-?\d{1,20}|[a-z_]{1,32}|\d{4}-\d\d-\d\dT[\d:.+Z-]{5,24}", re.ASCII)
PLAIN_KEY = re.compile(r"[a-z_]{1,40}(?:\[[a-z0-9_]{0,40}\]){0,8}", re.ASCII)


def told_by_body(body: bytes, *, is_json: bool) -> Iterator[str]:
    """Return the body's lines `key = value`, at most 200 of its first 16 KiB.

    Values are shown only where they are numbers, codes or moments under a key that tells what
    happened; all others, custom fields above all, are told by their length.
    """
    text = body[:BODY_BYTES].decode("utf-8", "replace")
    pairs = _json_pairs(text) if is_json else parse_qsl(text, keep_blank_values=True)
    for key, value in pairs[:BODY_LINES]:
        name = key if PLAIN_KEY.fullmatch(key) else "…"
        yield f"{name} = {value if _may_be_shown(name, value) else f'… ({len(value)})'}"
    if len(pairs) > BODY_LINES or len(body) > BODY_BYTES:
        yield f"… ({len(body)} B)"


def _may_be_shown(key: str, value: str) -> bool:
    last = key.rstrip("]").rpartition("[")[2]
    is_custom = "custom_field" in key or "values" in key
    return not is_custom and bool(TELLING.fullmatch(last) and HARMLESS.fullmatch(value))


def _json_pairs(text: str) -> list[tuple[str, str]]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return [("…", text)]
    pairs = []
    for name, value in found.items() if isinstance(found, dict) else []:
        many = value if isinstance(value, list) else [value]
        pairs += [
            (f"{name}[{number}]" if many is value else name, one) for number, one in enumerate(many)
        ]
    return [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in pairs]


class ToDoFilter(OpenFilter):
    """Events that no turn has settled."""

    condition = Q(done_at=None)


@admin.register(InboxEvent)
class InboxEventAdmin(OperatorAdmin):
    list_display = (
        "id",
        "account",
        "kind",
        "received_at",
        "claimed_at",
        "done_at",
        "crashes",
        "error",
    )
    list_filter = (ToDoFilter,)
    hidden_fields = ("client_key",)
    extra_fields = ("what_it_says",)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Leave the bodies, up to 1 MiB each, where they are until one is looked at."""
        return super().get_queryset(request).defer("body", "digest")

    @admin.display(description=_("body, without what is personal"))
    def what_it_says(self, event: InboxEvent) -> SafeString:
        """Return the redacted body."""
        is_json = event.kind != InboxEvent.Kind.WEBHOOK
        return format_html(
            "<pre>{}</pre>", "\n".join(told_by_body(bytes(event.body), is_json=is_json))
        )


@admin.register(Lane)
class LaneAdmin(OperatorAdmin):
    list_display = (
        "id",
        "account",
        "kind",
        "token",
        "lease_until",
        "served_at",
        "not_before",
        "slow_until",
    )


@admin.register(CallBudget)
class CallBudgetAdmin(OperatorAdmin):
    list_display = ("key", "blocked_until", "failures", "first_failure_at", "blocked_at")
    text_fields = ("key",)
    search_help_text = _("Part of the key: “account:” with the account’s number, or “ip”")


@admin.register(AuditEntry)
class AuditEntryAdmin(OperatorAdmin):
    list_display = ("id", "account", "at", "action", "actor_id")
    hidden_fields = ("before", "after")
    extra_fields = ("was", "is_now")

    @admin.display(description=_("before"))
    def was(self, entry: AuditEntry) -> SafeString:
        """Return the values before."""
        return pretty_json(entry.before)

    @admin.display(description=_("after"))
    def is_now(self, entry: AuditEntry) -> SafeString:
        """Return the values after."""
        return pretty_json(entry.after)


@admin.register(Credential)
class CredentialAdmin(OperatorAdmin):
    list_display = ("id", "account", "version", "issued_at", "expires_at")


@admin.register(Authorization)
class AuthorizationAdmin(OperatorAdmin):
    list_display = (
        "id",
        "host",
        "account",
        "state",
        "received_at",
        "attempts",
        "not_before",
        "error",
    )
    text_fields = ("host",)


@admin.register(WidgetNonce)
class WidgetNonceAdmin(OperatorAdmin):
    list_display = ("id", "expires_at")
    search_help_text = _("The row’s number")


@admin.register(Group)
class GroupAdmin(OperatorAdmin):
    list_display = ("id", "account", "kommo_id", "name", "is_gone")
    number_fields = ("kommo_id",)


@admin.register(Manager)
class ManagerAdmin(OperatorAdmin):
    list_display = (
        "id",
        "account",
        "kommo_id",
        "name",
        "group",
        "is_licensed",
        "is_supervisor",
        "is_admin",
        "is_active_in_kommo",
    )
    list_select_related = ("group",)
    number_fields = ("kommo_id",)
    text_fields = ("name",)
    search_help_text = _("Name, Kommo id, or the account’s host or Kommo id")


@admin.register(Pipeline)
class PipelineAdmin(OperatorAdmin):
    list_display = ("id", "account", "kommo_id", "name", "sort", "is_gone")
    number_fields = ("kommo_id",)


@admin.register(Stage)
class StageAdmin(OperatorAdmin):
    list_display = ("id", "account", "pipeline", "kommo_id", "name", "sort", "type", "is_gone")
    list_select_related = ("pipeline",)
    number_fields = ("kommo_id",)


@admin.register(LeadField)
class LeadFieldAdmin(OperatorAdmin):
    list_display = ("id", "account", "kommo_id", "name", "type", "is_gone")
    number_fields = ("kommo_id",)


@admin.register(LogEntry)
class LogEntryAdmin(OperatorAdmin):
    """What operators did; nobody can edit it here."""

    list_display = ("id", "action_time", "user", "content_type", "object_repr", "change_message")
    list_select_related = ("user", "content_type")
    text_fields = ("object_repr", "user__username")
    search_help_text = _("Name of the operator or of the row")


admin.site.unregister(TOTPDevice)


@admin.register(TOTPDevice)
class SecondFactorAdmin(TOTPDeviceAdmin):  # type: ignore[misc]
    """Second factors: the secret is shown until the device is confirmed, then never again."""

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """Return the columns without the one that leads to the secret."""
        return list(self.list_display)

    def get_fieldsets(self, request: HttpRequest, obj: TOTPDevice | None = None) -> list[Any]:
        """Leave the key out; keep the link to it while the device is not confirmed."""
        hidden = {"key"} if obj is not None and not obj.confirmed else {"key", "qrcode_link"}
        fieldsets = super().get_fieldsets(request, obj)
        return [
            (name, {"fields": [field for field in options["fields"] if field not in hidden]})
            for name, options in fieldsets
        ]

    def config_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the secret of a device that is being set up."""
        self._refuse_confirmed(pk)
        return super().config_view(request, pk)  # type: ignore[no-any-return]

    def qrcode_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the secret of a device that is being set up, as a picture."""
        self._refuse_confirmed(pk)
        return super().qrcode_view(request, pk)  # type: ignore[no-any-return]

    def _refuse_confirmed(self, pk: int) -> None:
        if not TOTPDevice.objects.filter(pk=pk, confirmed=False).exists():
            raise PermissionDenied
