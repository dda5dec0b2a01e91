"""The app's tables in the operator's site."""

from shifts.admin import presence, schedule

__all__ = ["presence", "schedule"]
