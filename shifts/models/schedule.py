"""Tables of the schedule, layer by layer: pattern → month → override → swap.

Hours are lists of [start, end] in minutes after the day's midnight by the manager's clock; an end
above 1440 lies on the next day. These tables say what is wanted; what follows is in models/plan.py.
"""

from __future__ import annotations

from datetime import time
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    DateRangeField,
    RangeBoundary,
    RangeOperators,
)
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import AccountOwned
from shifts.core import layers


def manager_key(verbose_name: Any = None) -> models.ForeignKey:  # type: ignore[type-arg]
    """Return a key to a manager without an index: each table names those that it needs."""
    return models.ForeignKey(
        "accounts.Manager",
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
        verbose_name=verbose_name or _("manager"),
    )


def working_week() -> list[int]:
    """Return Monday to Friday: a team that works at weekends says so."""
    return list(range(5))


class ScheduleSettings(AccountOwned):
    """What holds for the schedules of a whole account; written with the first schedule."""

    # Raised by each change of any layer: two people editing at once are told of each other.
    version = models.PositiveIntegerField(default=0, editable=False)
    # Up to which day (inclusive) and in which zone the plan is written.
    planned_until = models.DateField(null=True, blank=True, editable=False)
    planned_zone = models.CharField(max_length=64, blank=True, editable=False)
    country = models.CharField(_("country of the holidays"), max_length=8, blank=True)
    # Hours that need people, by the account's clock; equal ends = all day.
    coverage_from = models.TimeField(_("people needed from"), default=time(9))
    coverage_to = models.TimeField(_("people needed until"), default=time(18))
    # Days of the week that need people, Monday is 0; none means all.
    coverage_weekdays = models.JSONField(default=working_week, blank=True)
    coverage_minimum = models.PositiveSmallIntegerField(
        _("people needed at least"), default=1, validators=[MaxValueValidator(1000)]
    )
    warns_of_gaps = models.BooleanField(_("mail when tomorrow has a gap"), default=True)
    swaps_need_approval = models.BooleanField(_("a supervisor approves swaps"), default=True)

    class Meta:
        verbose_name = _("schedule settings")
        verbose_name_plural = _("schedule settings")
        constraints = [
            models.UniqueConstraint(fields=["account"], name="schedule_settings_one_an_account")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.version}"


class PatternPreset(models.Model):  # type: ignore[django-manager-missing]  # modeltranslation wraps it
    """A pattern that every account may start from; the operator words it in six languages."""

    code = models.SlugField(max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=64)
    # One entry a day, each a list of [start, end]; an empty one is a day of rest.
    cycle = models.JSONField(_("cycle"))
    sort = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("pattern preset")
        verbose_name_plural = _("pattern presets")
        ordering = ["sort", "pk"]

    def __str__(self) -> str:
        return self.name


class SchedulePattern(AccountOwned):
    """A named schedule (F54): days that repeat, counted from an anchor date."""

    name = models.CharField(_("name"), max_length=64)
    cycle = models.JSONField(_("cycle"))  # as in PatternPreset
    anchor_on = models.DateField(_("first day of the cycle"))

    class Meta:
        verbose_name = _("schedule pattern")
        verbose_name_plural = _("schedule patterns")
        constraints = [
            models.UniqueConstraint(fields=["account", "name"], name="pattern_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class StandingPattern(AccountOwned):
    """A pattern that a manager follows from a day on, until further notice or [starts_on, ends_on]."""

    manager = manager_key()
    pattern = models.ForeignKey(SchedulePattern, on_delete=models.CASCADE, related_name="+")
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"), null=True, blank=True)
    # The manager's own first day of the cycle: two teams share 2/2 by turns.
    anchor_on = models.DateField(_("first day of the cycle"))

    class Meta:
        verbose_name = _("standing pattern")
        verbose_name_plural = _("standing patterns")
        constraints = [
            ExclusionConstraint(
                name="standing_pattern_no_overlap",
                expressions=[
                    ("manager", RangeOperators.EQUAL),
                    (
                        models.Func(
                            "starts_on",
                            "ends_on",
                            RangeBoundary(inclusive_upper=True),
                            function="daterange",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
            models.CheckConstraint(
                condition=models.Q(ends_on=None) | models.Q(ends_on__gte=models.F("starts_on")),
                name="standing_pattern_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.manager_id} {self.starts_on}"


class Workday(AccountOwned):
    """What a supervisor has set for a manager's day in the month grid."""

    manager = manager_key()
    on = models.DateField(_("day"))
    hours = models.JSONField(_("hours"), null=True, blank=True)  # null: those of the pattern
    # null: as holidays say; True: off, the hours stay (F76); False: works even on a holiday.
    day_off = models.BooleanField(_("day off"), null=True, blank=True)

    class Meta:
        verbose_name = _("workday")
        verbose_name_plural = _("workdays")
        constraints = [models.UniqueConstraint(fields=["manager", "on"], name="workday_once")]
        # queries.schedule: the days of a month; also of the foreign key's account
        indexes = [models.Index(fields=["account", "on"], name="workday_month")]

    def __str__(self) -> str:
        return f"{self.manager_id} {self.on}"


class Holiday(AccountOwned):
    """A day on which nobody works unless it is said; the hours stay underneath (B10)."""

    on = models.DateField(_("day"))
    name = models.CharField(_("name"), max_length=128)
    country = models.CharField(max_length=8, blank=True)  # blank: added by hand

    class Meta:
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")
        constraints = [models.UniqueConstraint(fields=["account", "on"], name="holiday_once")]

    def __str__(self) -> str:
        return f"{self.on} {self.name}"


class Swap(AccountOwned):
    """One manager's day goes to a colleague, for a day of the colleague's or for nothing (cover)."""

    class State(models.TextChoices):
        ASKED = "asked", _("asked")
        AGREED = "agreed", _("agreed, waits for a supervisor")
        APPROVED = "approved", _("approved")
        DECLINED = "declined", _("declined by the colleague")
        REFUSED = "refused", _("refused by a supervisor")
        CANCELLED = "cancelled", _("cancelled")

    OPEN = (State.ASKED, State.AGREED)

    asker = manager_key(_("asked by"))
    asker_on = models.DateField(_("day given away"))
    colleague = manager_key(_("colleague"))
    colleague_on = models.DateField(_("day taken over"), null=True, blank=True)  # null: cover only
    note = models.CharField(_("note"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.ASKED)
    asked_at = models.DateTimeField(_("asked"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.BigIntegerField(null=True, blank=True)  # Kommo user id

    class Meta:
        verbose_name = _("swap")
        verbose_name_plural = _("swaps")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(asker=models.F("colleague")), name="swap_is_between_two"
            ),
        ]
        indexes = [
            # own page and schedule: what is open, newest first
            models.Index(fields=["account", "state", "-asked_at"], name="swap_open")
        ]

    def __str__(self) -> str:
        return f"{self.asker_id} {self.asker_on} {self.state}"


class Override(AccountOwned):
    """Days that differ from pattern and month: an absence, other hours, or what a swap has moved."""

    class Kind(models.TextChoices):
        ABSENCE = layers.OverrideKind.ABSENCE.value, _("absence")
        HOURS = layers.OverrideKind.HOURS.value, _("other hours")
        SWAP = layers.OverrideKind.SWAP.value, _("swap")

    class Cause(models.TextChoices):
        VACATION = "vacation", _("vacation")
        SICK = "sick", _("sick")
        TRAINING = "training", _("training")
        OTHER = "other", _("other")

    manager = manager_key()
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"))  # inclusive
    kind = models.CharField(_("kind"), max_length=7, choices=Kind)
    cause = models.CharField(_("cause"), max_length=8, choices=Cause, default=Cause.OTHER)
    hours = models.JSONField(_("hours"), default=list, blank=True)  # of every day in the period
    note = models.CharField(_("note"), max_length=200, blank=True)
    swap = models.ForeignKey(
        Swap, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    created_at = models.DateTimeField(_("created"))
    created_by = models.BigIntegerField(null=True, blank=True)  # Kommo user id

    class Meta:
        verbose_name = _("override")
        verbose_name_plural = _("overrides")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")),
                name="override_ends_after_start",
            )
        ]
        indexes = [
            # queries.schedule: what reaches into a month
            models.Index(fields=["account", "ends_on"], name="override_month"),
            # of the foreign key
            models.Index(fields=["manager"], name="override_manager"),
        ]

    def __str__(self) -> str:
        return f"{self.manager_id} {self.kind} {self.starts_on}"


class ScheduleChange(AccountOwned):
    """One change of the schedule: who, when, and in the month grid each cell before and after."""

    class Kind(models.TextChoices):
        CELLS = "cells", _("month grid")
        UNDO = "undo", _("undone")
        PATTERN = "pattern", _("pattern")
        STANDING = "standing", _("standing pattern")
        HOLIDAY = "holiday", _("holidays")
        OVERRIDE = "override", _("override")
        SWAP = "swap", _("swap")
        ZONE = "zone", _("time zone")
        IMPORT = "import", _("import")

    version = models.PositiveIntegerField(_("version"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    at = models.DateTimeField(_("when"))
    actor_id = models.BigIntegerField(_("who"), null=True, blank=True)  # Kommo user id
    # [[Kommo user id, "2026-11-03", before, after], …]; before and after are {"hours", "day_off"}
    # of a workday, null = there is none. Empty where the change was not one of the grid's.
    cells = models.JSONField(default=list)
    summary = models.JSONField(default=dict)  # what the history says: {"op": …, names, dates}
    undone_by = models.PositiveIntegerField(null=True, blank=True)  # the version that undid it

    class Meta:
        verbose_name = _("schedule change")
        verbose_name_plural = _("schedule changes")
        constraints = [
            models.UniqueConstraint(fields=["account", "version"], name="schedule_change_once")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.version} {self.kind}"


class CalendarFeed(AccountOwned):
    """A secret address at which calendars read the schedule of a manager or of a group."""

    manager = models.ForeignKey(
        "accounts.Manager", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    group = models.ForeignKey(
        "accounts.Group", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    token_digest = models.BinaryField(max_length=32, unique=True, editable=False)
    created_at = models.DateTimeField(_("created"))
    created_by = models.BigIntegerField(null=True, blank=True)  # Kommo user id
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    read_at = models.DateTimeField(_("last read"), null=True, blank=True)

    class Meta:
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(manager=None) ^ models.Q(group=None), name="calendar_feed_of_one"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.manager_id or self.group_id}"


class CoverageWarning(AccountOwned):
    """That supervisors were told of the gaps of a day; one mail a day."""

    on = models.DateField(_("day"))
    sent_at = models.DateTimeField(_("sent"))
    gaps = models.JSONField(default=list)

    class Meta:
        verbose_name = _("coverage warning")
        verbose_name_plural = _("coverage warnings")
        constraints = [
            models.UniqueConstraint(fields=["account", "on"], name="coverage_warning_once")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.on}"
