"""The tables of the app, by what they are about."""

from shifts.models.participation import Participation
from shifts.models.plan import PlannedDay, WorkSpan
from shifts.models.presence import Cause, Presence, Shift, ShiftPause, ShiftSettings
from shifts.models.schedule import (
    CalendarFeed,
    CoverageWarning,
    Holiday,
    Override,
    PatternPreset,
    ScheduleChange,
    SchedulePattern,
    ScheduleSettings,
    StandingPattern,
    Swap,
    Workday,
)

__all__ = [
    "CalendarFeed",
    "Cause",
    "CoverageWarning",
    "Holiday",
    "Override",
    "Participation",
    "PatternPreset",
    "PlannedDay",
    "Presence",
    "ScheduleChange",
    "SchedulePattern",
    "ScheduleSettings",
    "Shift",
    "ShiftPause",
    "ShiftSettings",
    "StandingPattern",
    "Swap",
    "WorkSpan",
    "Workday",
]
