"""Shifts, pauses and presence in the operator's site: read only."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from peresmenka.admin_base import OpenFilter, OperatorAdmin
from shifts.models import Participation, Presence, Shift, ShiftPause, ShiftSettings


class RunningFilter(OpenFilter):
    """Shifts and pauses that have not ended."""

    title = _("running")
    label = _("Running only")
    condition = Q(ended_at=None)


@admin.register(Shift)
class ShiftAdmin(OperatorAdmin):
    list_display = (
        "id",
        "account",
        "manager",
        "started_at",
        "start_cause",
        "ended_at",
        "end_cause",
    )
    list_filter = (RunningFilter,)
    list_select_related = ("manager",)


@admin.register(ShiftPause)
class ShiftPauseAdmin(OperatorAdmin):
    list_display = ("id", "account", "manager", "started_at", "cause", "ended_at", "end_cause")
    list_filter = (RunningFilter,)
    list_select_related = ("shift__manager",)

    @admin.display(description=_("manager"))
    def manager(self, pause: ShiftPause) -> str:
        """Return the name of whoever paused."""
        return str(pause.shift.manager)


@admin.register(Presence)
class PresenceAdmin(OperatorAdmin):
    list_display = ("id", "account", "manager", "last_seen_at", "source")
    list_select_related = ("manager",)


@admin.register(ShiftSettings)
class ShiftSettingsAdmin(OperatorAdmin):
    list_display = ("id", "account", "mode", "pause_after_minutes", "offline_after_minutes")


@admin.register(Participation)
class ParticipationAdmin(OperatorAdmin):
    list_display = ("id", "account", "manager", "status", "until", "changed_at", "changed_by")
    list_select_related = ("manager",)
