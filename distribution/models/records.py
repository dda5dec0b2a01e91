"""Why: what every turn knew and what it decided, enough to decide it again."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import AccountOwnedHot


class Roster(AccountOwnedHot):
    """The candidates of a turn with their standing verdicts, stored once per content."""

    digest = models.BinaryField(max_length=32)
    body = models.JSONField()

    class Meta:
        verbose_name = _("roster")
        verbose_name_plural = _("rosters")
        constraints = [models.UniqueConstraint(fields=["account", "digest"], name="roster_once")]

    def __str__(self) -> str:
        return f"roster {self.pk}"


class TurnRecord(AccountOwnedHot):
    """One trigger's dealing in one turn: the roster's digest, and loads and lags when it began.

    `key` is "<lane token>:<trigger id>:<number>": unique in its account.
    """

    key = models.CharField(max_length=64)
    trigger_id = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField()
    roster_digest = models.BinaryField(max_length=32)
    opening = models.JSONField()

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")
        constraints = [models.UniqueConstraint(fields=["account", "key"], name="turn_record_once")]

    def __str__(self) -> str:
        return self.key


class Decision(AccountOwnedHot):
    """What was decided about a lead, why, and who got it: the record and the assignment in one."""

    class Kind(models.TextChoices):
        DISTRIBUTION = "distribution", _("Distribution")
        REDISTRIBUTION = "redistribution", _("Redistribution")
        RETURN = "return", _("Return")
        MANUAL = "manual", _("Changed by a person")
        LINKED = "linked", _("Followed a lead of the same customer")
        UNDO = "undo", _("A move taken back")

    lead_id = models.BigIntegerField(_("lead"))
    kind = models.CharField(max_length=16, choices=Kind)
    decided_at = models.DateTimeField()
    stage_entry = models.IntegerField(default=1)
    chosen_id = models.BigIntegerField(_("manager"), null=True)  # null = the lead waits
    previous_owner_id = models.BigIntegerField(null=True)  # the before-image of a wave
    reason = models.CharField(max_length=32, blank=True)  # why it waits, or what made it move
    until = models.DateTimeField(null=True)  # when it is looked at again at the latest
    turn_key = models.CharField(max_length=64, blank=True)
    seq = models.IntegerField(default=0)  # place in its turn: replay goes through them in order
    lead_facts = models.JSONField(default=dict)
    verdicts = models.JSONField(default=list)  # those that differ from the roster's
    # the chosen one's load and lag (millionths) before the decision, and how many could take it
    load_before = models.IntegerField(null=True)
    lag_before = models.BigIntegerField(null=True)
    eligible = models.IntegerField(default=0)
    wave_id = models.BigIntegerField(null=True)
    trigger_id = models.BigIntegerField(null=True)
    template_id = models.BigIntegerField(null=True)
    template_version = models.IntegerField(null=True)
    is_shadow = models.BooleanField(default=False)  # decided and recorded, nothing was written (N8)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        constraints = [
            # the backstop of "dealt once per stage entry"
            models.UniqueConstraint(
                fields=["account", "lead_id", "stage_entry"],
                name="decision_dealt_once",
                condition=models.Q(kind="distribution", chosen_id__isnull=False, is_shadow=False),
            )
        ]
        indexes = [
            models.Index(
                fields=["account", "lead_id", "id"], name="decision_of_lead"
            ),  # a lead's page
            models.Index(fields=["account", "-decided_at"], name="decision_latest"),  # the log
            models.Index(fields=["account", "turn_key", "seq"], name="decision_of_turn"),  # replay
            models.Index(
                fields=["account", "wave_id"],
                name="decision_of_wave",
                condition=models.Q(wave_id__isnull=False),
            ),  # a wave's page, its undo
            models.Index(
                fields=["account", "template_id", "-decided_at"],
                name="decision_in_shadow",
                condition=models.Q(is_shadow=True),
            ),  # the report of a template in shadow
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.lead_id}"


class Wave(AccountOwnedHot):
    """A batch of leads moved for one cause: its decisions carry the owners before it."""

    class Kind(models.TextChoices):
        REDISTRIBUTION = "redistribution", _("Redistribution")
        RETURN = "return", _("Return")
        UNDO = "undo", _("A wave taken back")

    id = models.BigIntegerField(primary_key=True)  # given by the turn: operations.deciding.moves
    kind = models.CharField(max_length=16, choices=Kind)
    user_id = models.BigIntegerField(_("manager"))  # who left, or who came back
    started_at = models.DateTimeField()
    moved = models.IntegerField(default=0)
    parked = models.IntegerField(default=0)
    # Of an undo: the wave that it takes back. A wave is taken back once.
    undoes_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("wave")
        verbose_name_plural = _("waves")
        constraints = [
            models.UniqueConstraint(fields=["account", "undoes_id"], name="wave_taken_back_once")
        ]
        indexes = [models.Index(fields=["account", "-started_at"], name="wave_latest")]  # the log

    def __str__(self) -> str:
        return f"{self.kind} {self.user_id}"
