"""Time zones by name, from names that others have typed."""

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo


def known_zone(*names: str) -> tzinfo:
    """Return the first zone of these that this machine knows; UTC where it knows none."""
    for name in names:
        if name:
            try:
                return ZoneInfo(name)
            except (KeyError, ValueError, OSError):
                continue
    return UTC
