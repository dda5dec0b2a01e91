"""Policies and what sends leads into them: templates with their versions, and triggers."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import AccountOwned


def empty_body() -> dict[str, Any]:
    """Return a body in which everything has its default."""
    return {}


class Template(AccountOwned):
    """A named policy; its body is the document of distribution.core.policy."""

    name = models.CharField(_("name"), max_length=64)
    body = models.JSONField(_("settings"), default=empty_body)
    is_enabled = models.BooleanField(_("on"), default=True)
    # Decides and records, writes nothing to Kommo (N8).
    is_shadow = models.BooleanField(_("only in shadow"), default=False)
    # The one that the page "Shift distribution" edits (DESIGN §5).
    is_simple = models.BooleanField(default=False, editable=False)
    # Raised by each save, the number of its latest version.
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "name"],
                name="template_name_once",
                condition=models.Q(is_simple=False),
            ),
            models.UniqueConstraint(
                fields=["account"], name="template_one_simple", condition=models.Q(is_simple=True)
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TemplateVersion(AccountOwned):
    """A template as it was saved, and by whom (B17); never edited."""

    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="+")
    version = models.PositiveIntegerField(_("version"))
    at = models.DateTimeField(_("saved"))
    actor_id = models.BigIntegerField(_("by"), null=True)  # Kommo user id; null = the service
    document = models.JSONField(_("settings"))  # {"name", "is_enabled", "is_shadow", "body"}

    class Meta:
        verbose_name = _("version of a template")
        verbose_name_plural = _("versions of templates")
        constraints = [
            models.UniqueConstraint(fields=["template", "version"], name="template_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.template_id} v{self.version}"


class Trigger(AccountOwned):
    """What sends leads into a template. Of several for one lead the first that is open counts (R37)."""

    class Kind(models.TextChoices):
        WATCH = "watch", _("Watch: every new lead in its stages")
        PIPELINE = "pipeline", _("Digital pipeline")
        SALESBOT = "salesbot", _("Salesbot")

    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    name = models.CharField(_("name"), max_length=64, blank=True)
    # Of the page "Shift distribution": whose leads these are; only this group receives them (F84).
    group = models.ForeignKey(
        "accounts.Group", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    # [[pipeline, stage or null for the whole pipeline], …]: watched, or where the action stands.
    stages = models.JSONField(_("stages"), default=list, blank=True)
    priority = models.PositiveSmallIntegerField(_("priority"), default=0)  # smaller is asked first
    # Whose statistics count: its own register ("current trigger") or a named one (F95, F118).
    register = models.ForeignKey(
        "distribution.Register", null=True, on_delete=models.RESTRICT, related_name="+"
    )
    # SHA-256 of the key that its card echoes with each hook; empty for a watch.
    key_digest = models.BinaryField(max_length=32, null=True, editable=False)
    key_version = models.PositiveIntegerField(default=1, editable=False)
    # As the card says: it fires so long after the lead has entered (F93).
    delay_minutes = models.PositiveIntegerField(_("delay, minutes"), default=0)
    # The latest settings version that a hook has echoed (F111).
    card_version = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("trigger")
        verbose_name_plural = _("triggers")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "group"],
                name="trigger_group_once",
                condition=models.Q(group__isnull=False),
            ),
            # the hook of a digital pipeline: whose key is this?
            models.UniqueConstraint(
                fields=["key_digest"],
                name="trigger_key_once",
                condition=models.Q(key_digest__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.kind} {self.pk}"
