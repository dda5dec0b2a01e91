"""Who has had how much: registers with their lags, and what is counted of each manager."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import AccountOwned, AccountOwnedHot


def no_ramp() -> list[int]:
    """Return the ramp of a register in which newcomers count in full from the first lead."""
    return []


class Register(AccountOwned):
    """A ledger of fairness: of one trigger ("current trigger"), or named and shared (F114–F118)."""

    # Whose own it is, gone with its trigger; null for a named one.
    own_of = models.OneToOneField(
        "distribution.Trigger", null=True, on_delete=models.CASCADE, related_name="+"
    )
    name = models.CharField(_("name"), max_length=255)
    # Raised by each reset; what was before stays in RegisterEpoch.
    epoch = models.PositiveIntegerField(_("epoch"), default=1)
    epoch_started_at = models.DateTimeField(null=True)
    # The fewest leads a weight win, only together with a pace limit (R13).
    strict_totals = models.BooleanField(_("strictly equal totals"), default=False)
    # Of the share, credited while on leave; 0 = neutral (B5).
    catch_up_percent = models.PositiveSmallIntegerField(_("catch-up, percent"), default=0)
    catch_up_leads = models.PositiveSmallIntegerField(_("catch-up, at most"), default=3)
    # Percent of the weight in a newcomer's first, second, … week; then 100 (B5).
    ramp = models.JSONField(_("newcomers’ ramp"), default=no_ramp, blank=True)

    class Meta:
        verbose_name = _("register")
        verbose_name_plural = _("registers")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "name"],
                name="register_name_once",
                condition=models.Q(own_of__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.name


class RegisterEpoch(AccountOwned):
    """An epoch that is over: how the register stood when it was reset, why and by whom (R12)."""

    register = models.ForeignKey(Register, on_delete=models.CASCADE, related_name="+")
    epoch = models.PositiveIntegerField(_("epoch"))
    started_at = models.DateTimeField(_("from"), null=True)
    ended_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=200)
    actor_id = models.BigIntegerField(_("by"), null=True)  # Kommo user id; null = the service
    entries = models.JSONField(default=list)  # [[user id, lag, count, last lead or null], …]

    class Meta:
        verbose_name = _("epoch of a register")
        verbose_name_plural = _("epochs of registers")
        constraints = [
            models.UniqueConstraint(fields=["register", "epoch"], name="register_epoch_once")
        ]

    def __str__(self) -> str:
        return f"{self.register_id} {self.epoch}"


class RegisterCredit(AccountOwned):
    """Leads credited to a manager, or skipped, by hand, with the reason (B15); never edited."""

    register = models.ForeignKey(Register, on_delete=models.CASCADE, related_name="+")
    epoch = models.PositiveIntegerField()
    user_id = models.BigIntegerField(_("manager"))
    leads = models.SmallIntegerField(_("leads"))  # above 0 a credit, below 0 a skip
    reason = models.CharField(_("reason"), max_length=200)
    actor_id = models.BigIntegerField(_("by"), null=True)
    at = models.DateTimeField(_("when"))
    applied_at = models.DateTimeField(null=True)  # by the account's lane

    class Meta:
        verbose_name = _("credit")
        verbose_name_plural = _("credits")
        indexes = [models.Index(fields=["account", "register", "-at"], name="credit_latest")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.leads:+d}"


class RegisterEntry(AccountOwnedHot):
    """One manager's place in a register (ENGINE.md: the lags of a register always sum to zero)."""

    register = models.ForeignKey(
        Register, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    user_id = models.BigIntegerField(_("manager"))
    lag = models.BigIntegerField(_("lag, millionths of a lead"), default=0)
    count = models.BigIntegerField(_("leads"), default=0)
    last_lead_at = models.DateTimeField(_("last lead"), null=True, blank=True)
    joined_at = models.DateTimeField(_("since"), null=True)  # the first eligible lead; null = ever

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
    """What is counted of a Kommo user, leads in flight included, one row a scope.

    Kept by the lane with every change of the mirror, so that no decision counts rows.
    """

    # Scopes; a positive one is the template whose chosen stages count.
    TRACKED = 0  # open leads in stages that watches track
    ALL = -1  # open leads in every active stage
    TASKS = -2  # open tasks
    MISSES = -3  # leads in a row that were not accepted in time (B8)

    user_id = models.BigIntegerField(_("manager"))
    scope = models.BigIntegerField(_("scope"), default=TRACKED)
    number = models.IntegerField(_("number"), default=0)

    class Meta:
        verbose_name = _("load")
        verbose_name_plural = _("loads")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "user_id", "scope"], name="manager_load_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.scope}: {self.number}"
