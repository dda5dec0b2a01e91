"""What an admin sets on the page "Shift distribution"."""

from __future__ import annotations

from datetime import time

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import AccountOwned

_UP_TO_A_DAY = [MaxValueValidator(24 * 60)]


class DistributionSettings(AccountOwned):
    """What holds for all leads of an account. Windows are half-open, in its zone; equal ends = all day.

    Who gets the leads is said by templates; that of the same page is `Template.is_simple`.
    """

    class Mode(models.TextChoices):
        WATCH = "watch", _("Every new lead in the tracked stages")
        PIPELINE = "pipeline", _("Only leads sent by a digital pipeline trigger")

    is_enabled = models.BooleanField(_("distribution is on"), default=False)
    # When dealing was last switched on: leads created earlier are mirrored, not dealt.
    enabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    mode = models.CharField(_("distribution mode"), max_length=8, choices=Mode, default=Mode.WATCH)
    redistribution_enabled = models.BooleanField(_("redistribution is on"), default=True)
    redistribution_from = models.TimeField(_("redistribution from"), default=time(9))
    redistribution_to = models.TimeField(_("redistribution until"), default=time(18))
    redistribution_delay_minutes = models.PositiveIntegerField(
        _("redistribution delay, minutes"), default=0, validators=_UP_TO_A_DAY
    )
    transfer_minutes = models.PositiveIntegerField(
        _("transfer leads after, minutes"), null=True, blank=True, validators=_UP_TO_A_DAY
    )
    # Kommo id of a lead field; a lead in which it is filled is left alone.
    exclusion_field_id = models.BigIntegerField(_("exclusion field"), null=True, blank=True)
    return_enabled = models.BooleanField(_("lead return"), default=True)
    return_only_untouched = models.BooleanField(
        _("only if the stage has not moved on"), default=True
    )
    notes_enabled = models.BooleanField(_("event notes"), default=False)
    # Stages whose open leads are still to be mirrored: [[pipeline, status, next page], …].
    to_mirror = models.JSONField(default=list, blank=True, editable=False)
    # Raised by each save: two people editing at once are told of each other.
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("distribution settings")
        verbose_name_plural = _("distribution settings")
        constraints = [
            models.UniqueConstraint(fields=["account"], name="distribution_settings_one_an_account")
        ]

    def __str__(self) -> str:
        return f"{self.account_id}"


class ManagerProfile(AccountOwned):
    """What distribution knows of a manager beyond the CRM: the personal limit and the skills."""

    manager = models.OneToOneField(
        "accounts.Manager", on_delete=models.CASCADE, related_name="+", verbose_name=_("manager")
    )
    # Most open leads at once; null = no limit.
    leads = models.PositiveIntegerField(_("open leads at most"), null=True, blank=True)
    tasks = models.PositiveIntegerField(_("open tasks at most"), null=True, blank=True)
    skills = models.JSONField(_("skills"), default=list, blank=True)  # words, sorted

    class Meta:
        verbose_name = _("manager’s profile")
        verbose_name_plural = _("managers’ profiles")

    def __str__(self) -> str:
        return f"{self.manager_id} {self.leads}"
