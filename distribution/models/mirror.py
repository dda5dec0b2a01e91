"""The mirror: our copy of the leads we care for. Own intents first, webhooks second, reconcile third."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import AccountOwnedHot


class LeadMirror(AccountOwnedHot):
    """A lead as we believe it to be; written only by the account's deciding lane.

    Delivery alone writes `confirmed_*` besides it, with a newer `confirmed_at`.
    """

    class State(models.TextChoices):
        SEEN = "seen", _("Not dealt by us")
        WAITING = "waiting", _("Waiting")
        DEALT = "dealt", _("Dealt")
        PARKED = "parked", _("Waiting for a colleague")  # its manager left and nobody could take it

    lead_id = models.BigIntegerField(_("lead"))
    name = models.CharField(_("name"), max_length=255, blank=True)
    pipeline_id = models.BigIntegerField(_("pipeline"))
    status_id = models.BigIntegerField(_("stage"))
    # Whose the lead is by our last decision, delivered or not.
    owner_id = models.BigIntegerField(_("manager"), null=True)
    # Whose it was in Kommo when last seen there, with Kommo's updated_at (seconds) and our clock.
    confirmed_owner_id = models.BigIntegerField(null=True)
    version = models.BigIntegerField(default=0)
    confirmed_at = models.DateTimeField()
    created_in_kommo_at = models.BigIntegerField(default=0)  # unix seconds
    # Raised at each observed change of stage; a lead is dealt once per stage entry.
    stage_entry = models.IntegerField(default=1)
    dealt_entry = models.IntegerField(default=0)
    trigger_id = models.BigIntegerField(null=True)  # which one watches its stage, or has sent it
    is_counted = models.BooleanField(default=False)  # open and not waiting: counts as a load
    is_excluded = models.BooleanField(default=False)  # the exclusion field is filled
    is_deleted = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State, default=State.SEEN)
    waiting_since = models.DateTimeField(null=True)
    waiting_reason = models.CharField(max_length=32, blank=True)
    # Lead return: who had it first, who holds it for them, at which stage entry it left.
    original_owner_id = models.BigIntegerField(null=True)
    transferee_id = models.BigIntegerField(null=True)
    displaced_entry = models.IntegerField(null=True)
    # The lead's cycle of redistribution, see operations.deciding.rows.Cycle; {} = nothing of it.
    cycle = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        constraints = [
            models.UniqueConstraint(fields=["account", "lead_id"], name="lead_mirror_once")
        ]
        indexes = [
            # the queue of an account, oldest first
            models.Index(
                fields=["account", "waiting_since", "lead_id"],
                name="lead_mirror_queue",
                condition=models.Q(state__in=["waiting", "parked"]),
            ),
            # a wave: the open leads of a manager who left; the recount of loads
            models.Index(
                fields=["account", "owner_id", "lead_id"],
                name="lead_mirror_of_owner",
                condition=models.Q(is_counted=True),
            ),
            # lead return: what a manager left behind
            models.Index(
                fields=["account", "original_owner_id"],
                name="lead_mirror_displaced",
                condition=models.Q(original_owner_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}"


class TaskMirror(AccountOwnedHot):
    """An open task as we believe it to be; kept only where a template limits tasks (F122)."""

    task_id = models.BigIntegerField(_("task"))
    owner_id = models.BigIntegerField(_("manager"), null=True)
    version = models.BigIntegerField(default=0)  # Kommo's updated_at, seconds
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        constraints = [
            models.UniqueConstraint(fields=["account", "task_id"], name="task_mirror_once")
        ]

    def __str__(self) -> str:
        return f"{self.task_id}"


class FirstTouch(AccountOwnedHot):
    """Until when a dealt lead was to be touched for the first time, and when it was (B13)."""

    lead_id = models.BigIntegerField(_("lead"))
    user_id = models.BigIntegerField(_("manager"))
    template_id = models.BigIntegerField()
    decision_id = models.BigIntegerField()
    started_at = models.DateTimeField(_("from"))
    due_at = models.DateTimeField(_("until"))
    allowed_minutes = models.PositiveIntegerField()
    warned_at = models.DateTimeField(null=True)
    touched_at = models.DateTimeField(_("touched"), null=True)
    touched_by = models.CharField(max_length=8, blank=True)  # message, call, note, task, stage
    used_seconds = models.PositiveIntegerField(null=True)  # of working time until the touch
    breached_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)  # moved on, closed: no longer asked for

    class Meta:
        verbose_name = _("first touch")
        verbose_name_plural = _("first touches")
        constraints = [
            models.UniqueConstraint(fields=["account", "decision_id"], name="first_touch_once")
        ]
        indexes = [
            # a touch seen: which clock of the lead runs
            models.Index(
                fields=["account", "lead_id"],
                name="first_touch_open",
                condition=models.Q(touched_at__isnull=True, ended_at__isnull=True),
            ),
            models.Index(fields=["account", "-started_at"], name="first_touch_latest"),  # report
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}"
