"""Who has had how much: registers with their lags, and the open load of each manager."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import AccountOwned, AccountOwnedHot


class Register(AccountOwned):
    """A ledger of fairness; a group rule has its own."""

    rule = models.OneToOneField(
        "distribution.GroupRule", null=True, on_delete=models.SET_NULL, related_name="register"
    )
    name = models.CharField(_("name"), max_length=255)

    class Meta:
        verbose_name = _("register")
        verbose_name_plural = _("registers")

    def __str__(self) -> str:
        return self.name


class RegisterEntry(AccountOwnedHot):
    """One manager's place in a register (ENGINE.md: the lags of a register always sum to zero)."""

    register = models.ForeignKey(
        Register, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    user_id = models.BigIntegerField(_("manager"))
    lag = models.BigIntegerField(_("lag, millionths of a lead"), default=0)
    count = models.BigIntegerField(_("leads"), default=0)
    last_lead_at = models.DateTimeField(_("last lead"), null=True, blank=True)

    class Meta:
        verbose_name = _("register entry")
        verbose_name_plural = _("register entries")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "register", "user_id"], name="register_entry_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.lag}"


class ManagerLoad(AccountOwnedHot):
    """How many open leads in tracked stages a Kommo user holds, leads in flight included.

    Kept by the lane with every change of the mirror, so that no decision counts leads.
    """

    user_id = models.BigIntegerField(_("manager"))
    open_leads = models.IntegerField(_("open leads"), default=0)

    class Meta:
        verbose_name = _("load")
        verbose_name_plural = _("loads")
        constraints = [
            models.UniqueConstraint(fields=["account", "user_id"], name="manager_load_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.open_leads}"
