"""Which days and people a change of the schedule may name; the errors that all layers share."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from accounts.models import Account, Manager
from shifts.queries.schedule import account_today, today_of

FARTHEST = timedelta(days=3653)  # ten years


class ScheduleError(Exception):
    """The schedule cannot be changed like this; read the error's own text."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class PastIsFrozen(ScheduleError):
    """Past days are kept as they were; choose today or a later day."""


class TooFarAway(ScheduleError):
    """The day is more than ten years ahead; choose a nearer one."""


class EndsBeforeStart(ScheduleError):
    """The last day lies before the first one; choose a later last day."""


class NobodyChosen(ScheduleError):
    """Nobody is chosen; tick at least one manager or a group with members."""


class NotInAccount(ScheduleError):
    """One of these managers is deactivated in Kommo or not in the account; choose again."""


def check_days(first: date, last: date | None, today: date) -> None:
    """Refuse periods that begin before today, end before they begin or lie too far ahead.

    Raises PastIsFrozen, TooFarAway, EndsBeforeStart.
    """
    if first < today:
        raise PastIsFrozen
    if max(first, last or first) > today + FARTHEST:
        raise TooFarAway
    if last is not None and last < first:
        raise EndsBeforeStart


def check_people(account: Account, managers: Collection[Manager]) -> None:
    """Refuse an empty choice, and people who are gone. Raises NobodyChosen, NotInAccount."""
    if not managers:
        raise NobodyChosen
    if any(row.account_id != account.pk or not row.is_active_in_kommo for row in managers):
        raise NotInAccount


def earliest_today(account: Account, managers: Collection[Manager], now: datetime) -> date:
    """Return the earliest date of these people's calendars; that of the account where nobody is named."""
    days = [today_of(manager, account, now) for manager in managers]
    return min(days, default=account_today(account, now))
