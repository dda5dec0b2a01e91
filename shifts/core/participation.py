"""The four statuses of participation, and who may change which into what (F47–F53, R28). Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """Whether a manager takes part. Stored: never rename a value."""

    ON = "on"
    OFF = "off"
    FORCED_ON = "forced_on"
    FORCED_OFF = "forced_off"

    @property
    def is_in(self) -> bool:
        """Say whether leads may be dealt to somebody with this status."""
        return self in (Status.ON, Status.FORCED_ON)

    @property
    def is_forced(self) -> bool:
        """Say whether a supervisor has set it, so that the manager cannot change it."""
        return self in (Status.FORCED_ON, Status.FORCED_OFF)


class Denied(StrEnum):
    """Why a manager may not change their own status."""

    FORCED_ON = "forced_on"  # a supervisor has forbidden to opt out (F49)
    FORCED_OFF = "forced_off"  # a supervisor has excluded them (F50)
    NOT_ALLOWED = "not_allowed"  # the account lets only supervisors change it (F28)
    FORCING = "forcing"  # forcing is a supervisor's


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts now, and until when if it ends by itself."""

    status: Status = Status.ON
    until: datetime | None = None
    note: str = ""


def standing_at(
    now: datetime, status: Status, until: datetime | None, status_after: Status, note: str = ""
) -> Standing:
    """Return what counts at `now` of a status set until a moment; the moment itself is after it."""
    if until is not None and now >= until:
        return Standing(status_after)
    return Standing(status, until, note)


def denied_to_self(current: Status, wanted: Status, *, users_may_change: bool) -> Denied | None:
    """Say why a manager may not set their own status to `wanted`; None: they may."""
    if wanted.is_forced:
        return Denied.FORCING
    if current is Status.FORCED_ON:
        return Denied.FORCED_ON
    if current is Status.FORCED_OFF:
        return Denied.FORCED_OFF
    return None if users_may_change else Denied.NOT_ALLOWED
