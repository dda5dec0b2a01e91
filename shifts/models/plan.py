"""The plan: what follows from the layers of the schedule, and stays as it is once its day is over."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import AccountOwnedHot
from shifts.models.schedule import manager_key


class PlannedDay(AccountOwnedHot):
    """What the layers come to for a manager's day; a day without any plan has no row.

    Written ahead, written anew while its day is not over by the manager's clock, then frozen.
    """

    manager = manager_key()
    on = models.DateField(_("day"))
    kind = models.CharField(_("kind"), max_length=7)  # layers.Kind but "empty"
    cause = models.CharField(max_length=8, blank=True)  # layers.Cause
    hours = models.JSONField(_("hours"), default=list)  # kept on a day off, too
    # The day itself by the manager's clock, [begins_at, closes_at).
    begins_at = models.DateTimeField()
    closes_at = models.DateTimeField()

    class Meta:
        verbose_name = _("planned day")
        verbose_name_plural = _("planned days")
        constraints = [models.UniqueConstraint(fields=["manager", "on"], name="planned_day_once")]
        indexes = [
            # queries.availability: the day that runs now, one probe a manager
            models.Index(fields=["manager", "-begins_at"], name="planned_day_now"),
            # queries.schedule: the frozen days of a month
            models.Index(fields=["account", "on"], name="planned_day_month"),
        ]

    def __str__(self) -> str:
        return f"{self.manager_id} {self.on} {self.kind}"


class WorkSpan(AccountOwnedHot):
    """When a manager is to work, [starts_at, ends_at): the hours of a planned day as instants."""

    manager = manager_key()
    on = models.DateField(_("day"))  # whose hours these are
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))

    class Meta:
        verbose_name = _("work span")
        verbose_name_plural = _("work spans")
        constraints = [
            ExclusionConstraint(
                name="work_span_no_overlap",
                expressions=[
                    ("manager", RangeOperators.EQUAL),
                    (
                        models.Func(
                            "starts_at",
                            "ends_at",
                            RangeBoundary(),
                            function="tstzrange",
                            output_field=DateTimeRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="work_span_ends_after_start",
            ),
        ]
        indexes = [
            # queries.availability: the span that runs or comes next, one probe a manager
            models.Index(fields=["manager", "ends_at"], name="work_span_next"),
            # queries.coverage: everything in a period
            models.Index(fields=["account", "ends_at"], name="work_span_period"),
        ]

    def __str__(self) -> str:
        return f"{self.manager_id} {self.starts_at:%Y-%m-%d %H:%M}"
