"""The tables of the app, by what they are about."""

from shifts.models.presence import Cause, Presence, Shift, ShiftPause, ShiftSettings

__all__ = ["Cause", "Presence", "Shift", "ShiftPause", "ShiftSettings"]
