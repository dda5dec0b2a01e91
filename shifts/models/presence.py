"""Tables of presence: shifts and their pauses with the cause of every transition, last activity, settings."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import AccountOwned
from shifts.core import machine


class Cause(models.TextChoices):
    """Why a shift or a pause began or ended, in words."""

    BUTTON = machine.Cause.BUTTON.value, _("by the manager")
    CONSOLE = machine.Cause.CONSOLE.value, _("in the console")
    API = machine.Cause.API.value, _("through the API")
    ACTIVITY = machine.Cause.ACTIVITY.value, _("activity in Kommo")
    INACTIVITY = machine.Cause.INACTIVITY.value, _("no activity")
    DEACTIVATED = machine.Cause.DEACTIVATED.value, _("deactivated in Kommo")
    UNLICENSED = machine.Cause.UNLICENSED.value, _("no longer takes part")


class ShiftSettings(AccountOwned):
    """How shifts start, pause and end in an account; an account without the row has the defaults."""

    class Mode(models.TextChoices):
        MANUAL = machine.Mode.MANUAL.value, _("Manual")
        AUTOMATIC = machine.Mode.AUTOMATIC.value, _("Automatic")
        HYBRID = machine.Mode.HYBRID.value, _("Hybrid")

    mode = models.CharField(_("shift mode"), max_length=9, choices=Mode, default=Mode.MANUAL)
    pause_after_minutes = models.PositiveIntegerField(_("paused after, minutes"), default=15)
    offline_after_minutes = models.PositiveIntegerField(_("offline after, minutes"), default=15)
    inactivity_ends_hand_pause = models.BooleanField(
        _("inactivity also ends a pause made by hand"), default=False
    )
    # Participation: whether managers see their own status (F27), and may change it (F28).
    shows_activity = models.BooleanField(_("managers see their participation"), default=True)
    users_may_change_activity = models.BooleanField(
        _("managers may change their own participation"), default=True
    )

    class Meta:
        verbose_name = _("shift settings")
        verbose_name_plural = _("shift settings")
        constraints = [
            models.UniqueConstraint(fields=["account"], name="shift_settings_one_an_account"),
            models.CheckConstraint(
                condition=models.Q(pause_after_minutes__gte=1), name="shift_settings_pause_after"
            ),
            models.CheckConstraint(
                condition=models.Q(offline_after_minutes__gte=1),
                name="shift_settings_offline_after",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.mode}"


# The half-open period [started_at, ended_at) of a row; endless while it runs.
_PERIOD = models.Func(
    "started_at",
    "ended_at",
    RangeBoundary(),
    function="tstzrange",
    output_field=DateTimeRangeField(),
)


class Shift(AccountOwned):
    """One shift of a manager, [started_at, ended_at)."""

    manager = models.ForeignKey(
        "accounts.Manager",
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
        verbose_name=_("manager"),
    )
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    start_cause = models.CharField(_("started by"), max_length=12, choices=Cause)
    end_cause = models.CharField(_("ended by"), max_length=12, choices=Cause, blank=True)
    # Kommo user ids of those whose hand it was; null = the service itself.
    started_by = models.BigIntegerField(null=True, blank=True)
    ended_by = models.BigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        constraints = [
            ExclusionConstraint(
                name="shift_no_overlap",
                expressions=[
                    ("manager", RangeOperators.EQUAL),
                    (_PERIOD, RangeOperators.OVERLAPS),
                ],
            ),
            models.UniqueConstraint(
                fields=["manager"], name="shift_one_running", condition=models.Q(ended_at=None)
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None) | models.Q(ended_at__gte=models.F("started_at")),
                name="shift_ends_after_start",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None, end_cause="")
                | models.Q(ended_at__isnull=False) & ~models.Q(end_cause=""),
                name="shift_end_has_cause",
            ),
        ]
        indexes = [
            # queries.shift_states: the last shift of each manager, one probe a manager
            models.Index(fields=["manager", "-started_at", "-id"], name="shift_latest"),
            # queries.timeline: what began and what ended in a period
            models.Index(fields=["account", "started_at"], name="shift_started"),
            models.Index(fields=["account", "ended_at"], name="shift_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.manager_id} {self.started_at:%Y-%m-%d %H:%M}"


class ShiftPause(AccountOwned):
    """A pause within a shift, [started_at, ended_at); ends with its shift at the latest."""

    shift = models.ForeignKey(
        Shift,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
        verbose_name=_("shift"),
    )
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    cause = models.CharField(_("paused by"), max_length=12, choices=Cause)
    # Blank while it runs, and for a pause that was cut off by the end of its shift.
    end_cause = models.CharField(_("ended by"), max_length=12, choices=Cause, blank=True)
    started_by = models.BigIntegerField(null=True, blank=True)
    ended_by = models.BigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        constraints = [
            ExclusionConstraint(
                name="shift_pause_no_overlap",
                expressions=[("shift", RangeOperators.EQUAL), (_PERIOD, RangeOperators.OVERLAPS)],
            ),
            models.UniqueConstraint(
                fields=["shift"], name="shift_pause_one_running", condition=models.Q(ended_at=None)
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None) | models.Q(ended_at__gte=models.F("started_at")),
                name="shift_pause_ends_after_start",
            ),
        ]
        indexes = [
            # queries.shift_states: the last pause of the running shift; also of the foreign key
            models.Index(fields=["shift", "-started_at", "-id"], name="shift_pause_latest"),
            # queries.timeline: what began and what ended in a period
            models.Index(fields=["account", "started_at"], name="shift_pause_started"),
            models.Index(fields=["account", "ended_at"], name="shift_pause_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.shift_id} {self.started_at:%Y-%m-%d %H:%M}"


class Presence(AccountOwned):
    """When a manager was last seen, and where; moves forward only."""

    class Source(models.TextChoices):
        WIDGET = "widget", _("page open in Kommo")
        WEBHOOK = "webhook", _("action in Kommo")  # counts for mobile users, too (R38)
        CONSOLE = "console", _("console")

    manager = models.OneToOneField(
        "accounts.Manager", on_delete=models.CASCADE, related_name="+", verbose_name=_("manager")
    )
    last_seen_at = models.DateTimeField(_("last seen"))
    source = models.CharField(_("where"), max_length=8, choices=Source)

    class Meta:
        verbose_name = _("presence")
        verbose_name_plural = _("presence")

    def __str__(self) -> str:
        return f"{self.manager_id} {self.last_seen_at:%Y-%m-%d %H:%M}"
