"""Participation in words: the statuses, what they mean to their manager, and why they cannot be changed."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from accounts.models import Manager
from shifts.core.participation import Status
from shifts.models import Participation
from shifts.operations import participation as operations
from shifts.queries.participation import denied_now
from shifts.queries.presence import settings_of

# The docstrings of the domain errors, where the translators' tools find them.
ERROR_TEXTS: dict[type[operations.ParticipationError], object] = {
    operations.BadUntil: gettext_lazy(
        "The end lies in the past or more than a year ahead; choose a moment within the next 366 days."
    ),
    operations.NothingToUndo: gettext_lazy(
        "The status has been changed again since; look at it and set what you want."
    ),
    operations.ParticipationDenied: gettext_lazy(
        "You may not change your own status; ask a supervisor."
    ),
    operations.KeptOn: gettext_lazy(
        "A supervisor keeps you switched on, so you cannot switch yourself off; ask a supervisor."
    ),
    operations.KeptOff: gettext_lazy(
        "A supervisor has switched you off, so you cannot switch yourself on; ask a supervisor."
    ),
    operations.OnlySupervisors: gettext_lazy(
        "In this account only supervisors switch managers on and off; ask one of them."
    ),
    operations.ForcingDenied: gettext_lazy("Only supervisors force a status; choose On or Off."),
    operations.WithoutLicence: gettext_lazy(
        "You do not take part in the distribution of leads; ask an admin to let you take part."
    ),
}

_STATUS_TEXTS = {
    Status.ON: gettext_lazy("You are switched on: leads may come to you."),
    Status.OFF: gettext_lazy("You are switched off: no new leads come to you."),
    Status.FORCED_ON: gettext_lazy("A supervisor keeps you switched on: leads may come to you."),
    Status.FORCED_OFF: gettext_lazy("A supervisor has switched you off: no new leads come to you."),
}


@dataclass(frozen=True, slots=True)
class OwnChoice:
    """What a manager may do about their own status."""

    is_shown: bool  # the account shows it to managers at all (F27)
    can_change: bool
    why_not: str | None  # a code, and
    reason: str  # its sentence


def status_name(status: Status) -> str:
    """Return the name of a status of participation."""
    return str(Participation.Status(status.value).label)


def error_text(error: operations.ParticipationError) -> str:
    """Return the error's sentence in the reader's language."""
    return str(ERROR_TEXTS.get(type(error), error))


def own_status_text(status: Status) -> str:
    """Return what a status means, said to the manager who has it."""
    return str(_STATUS_TEXTS[status])


def own_choice(manager: Manager, current: Status) -> OwnChoice:
    """Return what the manager may do about their own status now; at most two queries."""
    is_shown = settings_of(manager.account_id).shows_activity
    if not manager.is_licensed:
        error: operations.ParticipationDenied = operations.WithoutLicence()
        return OwnChoice(is_shown, False, error.code, error_text(error))
    denied = denied_now(manager, current)
    if denied is None:
        return OwnChoice(is_shown, True, None, own_status_text(current))
    error = operations.ERROR_OF[denied]()
    return OwnChoice(is_shown, False, denied.value, error_text(error))
