"""Participation in words: what a status means to its manager, and why they cannot change it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from shifts.core.participation import Status
from shifts.operations import participation as operations

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


def error_text(error: operations.ParticipationError) -> str:
    """Return the error's sentence in the reader's language."""
    return str(ERROR_TEXTS.get(type(error), error))


def own_status_text(status: Status) -> str:
    """Return what a status means, said to the manager who has it."""
    return str(_STATUS_TEXTS[status])
