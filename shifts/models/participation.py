"""Whether a manager takes part: On, Off, Forced On, Forced Off; a manager without the row is On (F29)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import AccountOwned
from shifts.core import participation


class Participation(AccountOwned):
    """A manager's status, possibly until a moment; then the status before it counts again."""

    class Status(models.TextChoices):
        ON = participation.Status.ON.value, _("On")
        OFF = participation.Status.OFF.value, _("Off")
        FORCED_ON = participation.Status.FORCED_ON.value, _("Forced On")
        FORCED_OFF = participation.Status.FORCED_OFF.value, _("Forced Off")

    manager = models.OneToOneField(
        "accounts.Manager", on_delete=models.CASCADE, related_name="+", verbose_name=_("manager")
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ON)
    # An unplanned absence is over by itself: from then on `status_after` counts.
    until = models.DateTimeField(_("until"), null=True, blank=True)
    status_after = models.CharField(max_length=10, choices=Status, default=Status.ON)
    note = models.CharField(_("note"), max_length=200, blank=True)
    changed_at = models.DateTimeField(_("changed"))
    # Kommo user id of the hand; null = the service itself.
    changed_by = models.BigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("participation")
        verbose_name_plural = _("participation")

    def __str__(self) -> str:
        return f"{self.manager_id} {self.status}"
