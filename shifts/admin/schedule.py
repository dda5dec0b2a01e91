"""Schedules in the operator's site: read only, but for the presets, which the operator words."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from modeltranslation.utils import build_localized_fieldname

from peresmenka.admin_base import OperatorAdmin
from shifts.core.hours import BadHours, format_hours
from shifts.core.patterns import BadCycle, check_cycle
from shifts.models import (
    CalendarFeed,
    CoverageWarning,
    Holiday,
    Override,
    PatternPreset,
    PlannedDay,
    ScheduleChange,
    SchedulePattern,
    ScheduleSettings,
    StandingPattern,
    Swap,
    Workday,
    WorkSpan,
)


class PresetForm(ModelForm):  # type: ignore[type-arg]
    """Refuses a cycle that no schedule could follow."""

    def clean_cycle(self) -> Any:
        """Return the cycle as it is stored."""
        try:
            return check_cycle(self.cleaned_data["cycle"])
        except (BadCycle, BadHours) as error:
            text = _("A cycle is a list of days, each a list of [start, end] in minutes: %(error)s")
            raise ValidationError(text, params={"error": error}) from error


@admin.register(PatternPreset)
class PatternPresetAdmin(OperatorAdmin):
    """The presets: the operator adds, words and orders them."""

    form = PresetForm
    list_display = ("code", "name", "days", "sort")
    ordering = ("sort",)

    @admin.display(description=_("days"))
    def days(self, preset: PatternPreset) -> str:
        """Return the cycle as people read it."""
        return " | ".join(format_hours(day) or "–" for day in preset.cycle)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return the code, the name in every language, the cycle and the order."""
        names = [build_localized_fieldname("name", code) for code, _name in settings.LANGUAGES]
        return ["code", *names, "cycle", "sort"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Keep the code of a preset: pages name it."""
        return ["code"] if obj is not None else []

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever operates the table may add to it."""
        return self.has_operate_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever operates the table may change it."""
        return self.has_operate_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Patterns are copies of their preset: deleting one harms nobody."""
        return self.has_operate_permission(request)


@admin.register(ScheduleSettings)
class ScheduleSettingsAdmin(OperatorAdmin):
    list_display = ("id", "account", "version", "planned_until", "planned_zone", "country")


@admin.register(SchedulePattern)
class SchedulePatternAdmin(OperatorAdmin):
    list_display = ("id", "account", "name", "anchor_on")


@admin.register(StandingPattern)
class StandingPatternAdmin(OperatorAdmin):
    list_display = ("id", "account", "manager", "pattern", "starts_on", "ends_on")
    list_select_related = ("manager", "pattern")


@admin.register(Workday)
class WorkdayAdmin(OperatorAdmin):
    list_display = ("id", "account", "manager", "on", "hours", "day_off")
    list_select_related = ("manager",)


@admin.register(Holiday)
class HolidayAdmin(OperatorAdmin):
    list_display = ("id", "account", "on", "name", "country")


@admin.register(Override)
class OverrideAdmin(OperatorAdmin):
    list_display = ("id", "account", "manager", "kind", "cause", "starts_on", "ends_on")
    list_select_related = ("manager",)


@admin.register(Swap)
class SwapAdmin(OperatorAdmin):
    list_display = ("id", "account", "asker", "asker_on", "colleague", "colleague_on", "state")
    list_select_related = ("asker", "colleague")


@admin.register(PlannedDay)
class PlannedDayAdmin(OperatorAdmin):
    list_display = ("id", "account", "manager", "on", "kind", "cause", "hours")
    list_select_related = ("manager",)


@admin.register(WorkSpan)
class WorkSpanAdmin(OperatorAdmin):
    list_display = ("id", "account", "manager", "on", "starts_at", "ends_at")
    list_select_related = ("manager",)


@admin.register(ScheduleChange)
class ScheduleChangeAdmin(OperatorAdmin):
    list_display = ("id", "account", "version", "kind", "at", "actor_id", "undone_by")


@admin.register(CalendarFeed)
class CalendarFeedAdmin(OperatorAdmin):
    list_display = ("id", "account", "manager", "group", "created_at", "read_at", "revoked_at")
    list_select_related = ("manager", "group")


@admin.register(CoverageWarning)
class CoverageWarningAdmin(OperatorAdmin):
    list_display = ("id", "account", "on", "sent_at")
