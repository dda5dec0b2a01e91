"""What an account's Kommo holds and we keep a copy of: people, groups, pipelines, stages, fields."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import AccountOwned


class Group(AccountOwned):
    """A Kommo user group (a department). Kommo's default group has the id 0."""

    kommo_id = models.BigIntegerField(_("Kommo id"))
    name = models.CharField(_("name"), max_length=255)
    is_gone = models.BooleanField(_("deleted in Kommo"), default=False)
    # Who joins the group in Kommo takes part at once (F24); as chosen on the page Team.
    licenses_newcomers = models.BooleanField(_("new members take part"), default=True)

    class Meta:
        verbose_name = _("group")
        verbose_name_plural = _("groups")
        constraints = [models.UniqueConstraint(fields=["account", "kommo_id"], name="group_once")]

    def __str__(self) -> str:
        return self.name


class Manager(AccountOwned):
    """A Kommo user; takes part only when licensed here and active in Kommo."""

    kommo_id = models.BigIntegerField(_("Kommo id"))
    name = models.CharField(_("name"), max_length=255)
    email = models.CharField(_("email"), max_length=255, blank=True)
    language = models.CharField(_("language"), max_length=8, blank=True)
    # The manager's own clock, an IANA name; blank = the account's (R30).
    zone = models.CharField(_("time zone"), max_length=64, blank=True)
    group = models.ForeignKey(Group, null=True, blank=True, on_delete=models.SET_NULL)
    is_admin = models.BooleanField(_("admin in Kommo"), default=False)
    is_active_in_kommo = models.BooleanField(_("active in Kommo"), default=True)
    is_licensed = models.BooleanField(_("takes part"), default=True)
    is_supervisor = models.BooleanField(_("supervisor"), default=False)

    class Meta:
        verbose_name = _("manager")
        verbose_name_plural = _("managers")
        constraints = [models.UniqueConstraint(fields=["account", "kommo_id"], name="manager_once")]

    def __str__(self) -> str:
        return self.name


class Pipeline(AccountOwned):
    """A Kommo sales pipeline."""

    kommo_id = models.BigIntegerField(_("Kommo id"))
    name = models.CharField(_("name"), max_length=255)
    sort = models.IntegerField(default=0)
    is_gone = models.BooleanField(_("deleted in Kommo"), default=False)

    class Meta:
        verbose_name = _("pipeline")
        verbose_name_plural = _("pipelines")
        constraints = [
            models.UniqueConstraint(fields=["account", "kommo_id"], name="pipeline_once")
        ]

    def __str__(self) -> str:
        return self.name


class Stage(AccountOwned):
    """A stage of a pipeline; its key is pipeline + status, since 142 and 143 stand in every pipeline."""

    UNSORTED_TYPE = 1
    WON = 142
    LOST = 143
    CLOSED = (WON, LOST)

    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="stages")
    kommo_id = models.BigIntegerField(_("Kommo id"))
    name = models.CharField(_("name"), max_length=255)
    sort = models.IntegerField(default=0)
    type = models.SmallIntegerField(default=0)
    color = models.CharField(max_length=16, blank=True)
    is_gone = models.BooleanField(_("deleted in Kommo"), default=False)

    class Meta:
        verbose_name = _("stage")
        verbose_name_plural = _("stages")
        constraints = [models.UniqueConstraint(fields=["pipeline", "kommo_id"], name="stage_once")]

    def __str__(self) -> str:
        return self.name


class LeadField(AccountOwned):
    """A custom field of leads; a checkbox one may exclude leads from dealing."""

    kommo_id = models.BigIntegerField(_("Kommo id"))
    name = models.CharField(_("name"), max_length=255)
    type = models.CharField(max_length=32)
    is_gone = models.BooleanField(_("deleted in Kommo"), default=False)

    class Meta:
        verbose_name = _("lead field")
        verbose_name_plural = _("lead fields")
        constraints = [
            models.UniqueConstraint(fields=["account", "kommo_id"], name="lead_field_once")
        ]

    def __str__(self) -> str:
        return self.name
