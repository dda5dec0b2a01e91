"""How work reaches an account: the inbox, the lanes, the budget of API calls; and the audit trail."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import AccountOwned, AccountOwnedHot


class InboxEvent(AccountOwnedHot):
    """The only way in: whatever may lead to a decision, stored as it came, in order of ids."""

    class Kind(models.TextChoices):
        WEBHOOK = "webhook", _("Webhook")  # body: the raw form body
        LEADS = "leads", _("Leads to look at")  # body: JSON {"ids": [...], "source": "reconcile"}
        SHIFT = "shift", _("Shift")  # body: JSON {"manager": user id, "what": "started|ended|..."}
        # body: JSON {"of": "participation"} or {"of": "schedule"}: who can take leads has changed
        AVAILABILITY = "availability", _("Availability")
        SETTINGS = "settings", _("Settings saved")  # body: JSON {}
        SYNCED = "synced", _("CRM data refreshed")  # body: JSON {}
        SETTLED = "settled", _("Effect superseded")  # body: JSON, see distribution.operations
        # body of the next five: JSON, see distribution.operations.deciding.happenings
        TRIGGER = "trigger", _("Digital pipeline")
        BOT = "bot", _("Salesbot")
        LINKED = "linked", _("Leads of the same customer")
        REGISTER = "register", _("Register changed")
        UNDO = "undo", _("Wave to be taken back")
        TASKS = "tasks", _("Tasks to look at")  # body: JSON {"ids": [...]}

    kind = models.CharField(max_length=12, choices=Kind)
    body = models.BinaryField(editable=False)
    digest = models.BinaryField(max_length=32, editable=False)
    # Given by our own pages with a click, so that a repeated request counts once.
    client_key = models.CharField(max_length=64, null=True, editable=False)  # noqa: DJ001 - null = none
    received_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    # Raised at each claim, so that a worker's death counts; back to 0 when the event is done.
    crashes = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("inbox event")
        verbose_name_plural = _("inbox events")
        constraints = [
            # identical bodies are folded only while nobody has claimed the first one
            models.UniqueConstraint(
                fields=["account", "digest"],
                name="inbox_fold_unclaimed",
                condition=models.Q(claimed_at__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["account", "client_key"],
                name="inbox_client_key_once",
                condition=models.Q(client_key__isnull=False),
            ),
        ]
        indexes = [
            # the claim of a lane: what is left to do in an account, in order
            models.Index(
                fields=["account", "id"],
                name="inbox_open",
                condition=models.Q(done_at__isnull=True),
            ),
            # the purge of what is done
            models.Index(fields=["done_at"], name="inbox_done"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Lane(AccountOwned):
    """The right to work on an account, one row a kind of work; a lease with a fencing token."""

    class Kind(models.TextChoices):
        DECIDE = "decide", _("Deciding")
        DELIVER = "deliver", _("Delivering")

    kind = models.CharField(max_length=8, choices=Kind)
    token = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    served_at = models.DateTimeField(null=True, blank=True)
    # Set when Kommo asked to wait or is out of order; the lane is left alone until then.
    not_before = models.DateTimeField(null=True, blank=True)
    # Kommo has just answered slowly here: only a few workers take such accounts.
    slow_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("lane")
        verbose_name_plural = _("lanes")
        constraints = [models.UniqueConstraint(fields=["account", "kind"], name="lane_once")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.kind}"


class CallBudget(models.Model):
    """When the last calls to Kommo began, an account or the whole egress IP; shared by all workers.

    A call may begin one second (and a guard) after the call that lies `limit` calls before it,
    so that no sliding second holds more than `limit` calls.
    """

    key = models.CharField(max_length=64, primary_key=True)  # "account:12" or "ip"
    slots = ArrayField(models.DateTimeField())  # beginnings of the last calls, oldest first
    # Breaker (account) or guard after a block (ip): no call begins before.
    blocked_until = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    first_failure_at = models.DateTimeField(null=True, blank=True)
    # When Kommo last blocked this account; two accounts within a minute stop the whole IP.
    blocked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("call budget")
        verbose_name_plural = _("call budgets")

    def __str__(self) -> str:
        return self.key


class AuditEntry(AccountOwned):
    """Who changed what, when: settings, licences, forced changes; never edited."""

    at = models.DateTimeField()
    # Kommo user id; null = the service itself or the operator.
    actor_id = models.BigIntegerField(null=True, blank=True)
    action = models.CharField(max_length=64)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [models.Index(fields=["account", "-at"], name="audit_latest")]  # audit page

    def __str__(self) -> str:
        return f"{self.action} {self.at:%Y-%m-%d %H:%M}"
