"""The tables of the app, by what they are about."""

from shifts.models.participation import Participation
from shifts.models.presence import Cause, Presence, Shift, ShiftPause, ShiftSettings
from shifts.models.schedule import (
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
