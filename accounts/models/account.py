"""The tenant: a Kommo account, its credential and the codes that install it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import AccountOwned


class Account(models.Model):
    """A Kommo account that has installed Peresmenka, known by its Kommo id; the host may change."""

    class State(models.TextChoices):
        TRIAL = "trial", _("Trial")
        ACTIVE = "active", _("Active")
        SUSPENDED = "suspended", _("Suspended")
        CLOSING = "closing", _("Closing")
        LEFT = "left", _("Left")

    class Health(models.TextChoices):
        OK = "ok", _("Working")
        NEEDS_REAUTH = "needs_reauth", _("Needs authorisation")
        PAYMENT_REQUIRED = "payment_required", _("Kommo plan has ended")

    class SyncState(models.TextChoices):
        NEVER = "never", _("Not begun")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    kommo_id = models.BigIntegerField(_("Kommo id"), unique=True)
    host = models.CharField(_("host"), max_length=255)
    name = models.CharField(_("name"), max_length=255, blank=True)
    language = models.CharField(_("language"), max_length=8, default="en")
    zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    country = models.CharField(_("country"), max_length=2, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.TRIAL)
    health = models.CharField(_("health"), max_length=24, choices=Health, default=Health.OK)
    # SHA-256 of the secret in the account's webhook path; ingest finds the account by it.
    hook_digest = models.BinaryField(max_length=32, unique=True, editable=False)
    hook_version = models.PositiveIntegerField(default=1, editable=False)
    # Kommo user whose grant the service works with: its own echoes carry this id.
    service_user_id = models.BigIntegerField(null=True, blank=True, editable=False)
    hook_checked_at = models.DateTimeField(_("webhook checked"), null=True, blank=True)
    sync_state = models.CharField(max_length=8, choices=SyncState, default=SyncState.NEVER)
    # What the first sync has done so far: {"step": "leads", "done": 250, "total": null}.
    sync_progress = models.JSONField(default=dict, blank=True)
    synced_at = models.DateTimeField(_("synced"), null=True, blank=True)
    # Kommo's updated_at (unix seconds) up to which leads were reconciled.
    reconciled_until = models.BigIntegerField(default=0)
    reconciled_at = models.DateTimeField(_("reconciled"), null=True, blank=True)
    installed_at = models.DateTimeField(_("installed"))
    # When an admin has chosen who takes part; null = the page Team still asks.
    team_chosen_at = models.DateTimeField(null=True, blank=True, editable=False)
    left_at = models.DateTimeField(_("left"), null=True, blank=True)
    # A signed access-revoked hook has come; it may be a replay, so an API call is to confirm it.
    revoked_hook_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")

    def __str__(self) -> str:
        return self.name or self.host


class Credential(AccountOwned):
    """The token pair of an account, encrypted and bound to it, with the pair before it.

    The previous pair is kept because Kommo's pages disagree on whether an old refresh token
    works until the new one has been used.
    """

    access_encrypted = models.BinaryField(editable=False)
    refresh_encrypted = models.BinaryField(editable=False)
    previous_refresh_encrypted = models.BinaryField(null=True, editable=False)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("credential")
        verbose_name_plural = _("credentials")
        constraints = [
            models.UniqueConstraint(fields=["account"], name="credential_one_an_account")
        ]

    def __str__(self) -> str:
        return f"credential {self.account_id} v{self.version}"


class Authorization(models.Model):
    """An authorisation code as it arrived, kept before it is exchanged: Kommo never resends it."""

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    code_encrypted = models.BinaryField(editable=False)
    # SHA-256 of the code: the same code is exchanged once, however often it arrives.
    code_digest = models.BinaryField(max_length=32, unique=True, editable=False)
    host = models.CharField(_("host"), max_length=255)
    from_widget = models.BooleanField(default=False)
    received_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.SET_NULL)
    # Kommo user who consented, known after the exchange.
    user_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("authorisation")
        verbose_name_plural = _("authorisations")
        indexes = [
            # the job that exchanges codes: pending ones, oldest first
            models.Index(
                fields=["received_at"],
                name="authorization_pending",
                condition=models.Q(state="pending"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.host} {self.state}"


class WidgetNonce(models.Model):
    """A one-time token of the widget that has changed something: it changes nothing again."""

    # SHA-256 of the token's jti
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    expires_at = models.DateTimeField(db_index=True)  # the purge

    class Meta:
        verbose_name = _("used widget token")
        verbose_name_plural = _("used widget tokens")

    def __str__(self) -> str:
        return f"used until {self.expires_at:%Y-%m-%d %H:%M}"
