"""What is still to happen: timers, effects on their way to Kommo, and what died on the way."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import AccountOwned, AccountOwnedHot


class Timer(AccountOwnedHot):
    """Something that is due later; one pending timer a kind and subject, moved by setting it anew."""

    class Kind(models.TextChoices):
        DRAIN = "drain", _("Look at the waiting leads")  # subject 0, or a trigger: go on
        WAVE = "wave", _("Move the leads of a manager who left")  # subject: Kommo user id
        INACTIVITY = (
            "inactivity",
            _("See whether a manager is still active"),
        )  # subject: Kommo user id
        ACCEPT = "accept", _("See whether a lead was accepted in time")  # subject: lead
        TOUCH = "touch", _("See whether a lead was touched in time")  # subject: lead

    kind = models.CharField(max_length=12, choices=Kind)
    subject = models.BigIntegerField(default=0)
    due_at = models.DateTimeField()
    generation = models.IntegerField(default=1)  # raised each time the timer is set anew
    payload = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("timer")
        verbose_name_plural = _("timers")
        constraints = [
            models.UniqueConstraint(fields=["account", "kind", "subject"], name="timer_one_pending")
        ]
        indexes = [
            models.Index(fields=["due_at", "account"], name="timer_due")
        ]  # which lanes have work

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class Effect(AccountOwnedHot):
    """A write to Kommo, decided once and delivered until settled; parameters frozen before the first try."""

    class Kind(models.TextChoices):
        OWNER = "owner", _("Change of responsible")
        NOTE = "note", _("Note")
        STAGE = "stage", _("Change of stage")  # payload: {"from": [p, s], "to": [p, s]}
        LINKS = "links", _("Look for linked entities")  # payload: {"kinds": […]}
        CONTACT = "contact", _("Responsible of a contact")
        COMPANY = "company", _("Responsible of a company")
        CUSTOMER = "customer", _("Responsible of a customer")
        TASK = "task", _("Responsible of a task")
        BOT = "bot", _("Continuation of a Salesbot")  # payload: {"bot", "continue", "data"}

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        SENDING = "sending", _("Being sent")
        UNKNOWN = "unknown", _("Sent, answer lost")
        DONE = "done", _("Done")
        SUPERSEDED = "superseded", _("Overtaken by a person")
        FAILED = "failed", _("Refused by Kommo")
        DEAD = "dead", _("Given up")

    OPEN = (State.PENDING, State.SENDING, State.UNKNOWN)

    lead_id = models.BigIntegerField(_("lead"))
    kind = models.CharField(max_length=8, choices=Kind)
    entity_id = models.BigIntegerField(null=True)  # of a contact, company, customer or task
    payload = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    decision_id = models.BigIntegerField(null=True)
    expected_from = models.BigIntegerField(null=True)
    target = models.BigIntegerField(null=True)
    # What was read before deciding: Kommo's updated_at (seconds) and our clock.
    read_version = models.BigIntegerField(default=0)
    read_at = models.DateTimeField()
    note = models.TextField(blank=True)  # of an owner effect: the note that follows it
    state = models.CharField(max_length=12, choices=State, default=State.PENDING)
    created_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    crashes = models.PositiveSmallIntegerField(default=0)
    token = models.BigIntegerField(default=0)  # of the lane that sends it
    sent_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("effect")
        verbose_name_plural = _("effects")
        indexes = [
            # the delivering lane: what is open in an account, in order
            models.Index(
                fields=["account", "id"],
                name="effect_open",
                condition=models.Q(state__in=["pending", "sending", "unknown"]),
            ),
            models.Index(
                fields=["account", "lead_id", "id"], name="effect_of_lead"
            ),  # a lead's page
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.lead_id}"


class Alert(AccountOwned):
    """Something that supervisors are mailed about, each once; see operations.alerts."""

    class Kind(models.TextChoices):
        NON_RESPONDER = "non_responder", _("Does not accept leads")
        TOUCH = "touch", _("A first touch is running out of time")

    kind = models.CharField(max_length=16, choices=Kind)
    at = models.DateTimeField()
    user_id = models.BigIntegerField(_("manager"))  # Kommo user id: about whom
    lead_id = models.BigIntegerField(_("lead"), null=True)
    number = models.IntegerField(default=0)  # misses in a row, or minutes left
    is_off = models.BooleanField(default=False)  # NON_RESPONDER: was switched off
    told_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        indexes = [
            # what is still to be told
            models.Index(
                fields=["account", "at"],
                name="alert_untold",
                condition=models.Q(told_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.user_id}"


class DeadLetter(AccountOwned):
    """A row that killed workers or was refused too often, kept until the operator replays it."""

    class Source(models.TextChoices):
        EVENT = "event", _("Inbox event")
        EFFECT = "effect", _("Effect")

    source = models.CharField(max_length=8, choices=Source)
    row_id = models.BigIntegerField()
    reason = models.CharField(max_length=500)
    first_seen_at = models.DateTimeField()
    replayed_at = models.DateTimeField(null=True, blank=True)
    replayed_by = models.CharField(max_length=150, blank=True)

    class Meta:
        verbose_name = _("dead letter")
        verbose_name_plural = _("dead letters")
        indexes = [models.Index(fields=["account", "-first_seen_at"], name="dead_letter_latest")]

    def __str__(self) -> str:
        return f"{self.source} {self.row_id}"
