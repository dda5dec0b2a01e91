"""What an account wants of its coverage, and who is told of tomorrow's gaps, each day once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from enum import Enum
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from time import monotonic
from typing import Any

from django.conf import settings as site
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from accounts.models import Account, AuditEntry, Manager
from shifts.core.coverage import Gap
from shifts.models import CoverageWarning, ScheduleSettings
from shifts.queries.coverage import accounts_to_warn, to_be_told

SAVED = "coverage"
FIELDS = (
    "coverage_from",
    "coverage_to",
    "coverage_weekdays",
    "coverage_minimum",
    "warns_of_gaps",
)
# By the account's clock: late enough to know tomorrow, early enough to ask somebody. A mail that
# could not be sent is tried again at each run until the later hour.
WARN_FROM_HOUR = 16
WARN_UNTIL_HOUR = 22
SECONDS_A_RUN = 240.0
NO_MAIL = "django.core.mail.backends.dummy.EmailBackend"

# Words the mail to one person of the account about a day's gaps.
WriteMail = Callable[[Account, Manager, date, Sequence[Gap]], EmailMessage]

_log = logging.getLogger(__name__)


class Outcome(Enum):
    """What became of a mail."""

    SENT = "sent"
    REFUSED = "refused"  # for good
    FAILED = "failed"  # worth another try


class NoSchedules(Exception):
    """The account plans no schedules yet; write one in the month grid first."""


class NoMailServer(Exception):
    """The mail server cannot be reached; the next run tries again."""


@transaction.atomic
def save_coverage(
    account: Account, *, actor: Manager | None, changes: Mapping[str, Any], now: datetime
) -> bool:
    """Write what differs in `changes` (names of FIELDS); return whether anything did.

    Locks the account's schedule settings; writes them and an audit entry. The plan, its version
    and the turn know nothing of it. Raises NoSchedules.
    """
    row = ScheduleSettings.objects.for_account(account).select_for_update().first()
    if row is None:
        raise NoSchedules(NoSchedules.__doc__)
    before = {name: getattr(row, name) for name in FIELDS}
    changed = {name: value for name, value in changes.items() if before[name] != value}
    if not changed:
        return False
    for name, value in changed.items():
        setattr(row, name, value)
    row.save(update_fields=list(changed))
    AuditEntry.objects.create(
        account=account,
        at=now,
        actor_id=actor.kommo_id if actor else None,
        action=SAVED,
        before={name: _plain(before[name]) for name in changed},
        after={name: _plain(value) for name, value in changed.items()},
    )
    return True


def _plain(value: Any) -> Any:
    return f"{value:%H:%M}" if isinstance(value, time) else value


def sends_mail() -> bool:
    """Say whether the operator has named a mail server (EMAIL_URL)."""
    return bool(site.EMAIL_BACKEND != NO_MAIL)


def warn_of_gaps(now: datetime, *, write: WriteMail, seconds: float = SECONDS_A_RUN) -> int:
    """Tell supervisors and admins of tomorrow's gaps, each account once a day; return how many were told.

    `write` words a mail. Writes the account's CoverageWarning before it sends, so that of two runs
    one sends; takes it back where no mail could be sent. What is left after `seconds` waits for the
    next run.
    """
    if not sends_mail():
        return 0
    ends_at, told = monotonic() + seconds, 0
    for settings, tomorrow, gaps in accounts_to_warn(
        now, from_hour=WARN_FROM_HOUR, until_hour=WARN_UNTIL_HOUR
    ):
        try:
            told += _warn(settings.account, tomorrow, gaps, write, now)
        except NoMailServer:
            _log.exception("no mail server: everybody waits for the next run")
            break
        except Exception:  # noqa: BLE001 - a loop's boundary: one account's trouble is not the others'
            _log.exception("the gaps of account %s were not told", settings.account_id)
        if monotonic() > ends_at:
            break
    return told


def _warn(account: Account, on: date, gaps: Sequence[Gap], write: WriteMail, now: datetime) -> bool:
    """Claim the account's day and send; return whether somebody was told."""
    stored = [[gap.starts_at.isoformat(), gap.ends_at.isoformat(), gap.people] for gap in gaps]
    claim, is_new = CoverageWarning.objects.get_or_create(
        account=account, on=on, defaults={"sent_at": now, "gaps": stored}
    )
    if not is_new:
        return False
    is_over = False
    try:
        people = to_be_told(account)
        outcomes = send_all([(person, write(account, person, on, gaps)) for person in people])
        is_over = Outcome.SENT in outcomes or Outcome.FAILED not in outcomes
    finally:
        if not is_over:
            claim.delete()
    return Outcome.SENT in outcomes


def send_all(mails: Sequence[tuple[Manager, EmailMessage]]) -> list[Outcome]:
    """Send each person a mail over one connection; return what became of each. Raises NoMailServer."""
    if not mails:
        return []
    connection = get_connection()
    try:
        connection.open()
    except (SMTPException, OSError) as error:
        raise NoMailServer from error
    try:
        return [_send(connection, person, mail) for person, mail in mails]
    finally:
        connection.close()


def _send(connection: BaseEmailBackend, person: Manager, mail: EmailMessage) -> Outcome:
    mail.connection = connection
    try:
        mail.send()
    except (SMTPException, OSError, ValueError) as error:
        outcome = Outcome.REFUSED if _is_final(error) else Outcome.FAILED
        # Addresses stay out of the log: the id leads to the person.
        _log.warning(
            "mail to user %s of account %s %s: %s",
            person.kommo_id,
            person.account_id,
            outcome.value,
            type(error).__name__,
        )
        return outcome
    return Outcome.SENT


def _is_final(error: Exception) -> bool:
    """Say whether sending the same again would be refused again (RFC 5321, 4.2.1: codes from 500)."""
    if isinstance(error, SMTPRecipientsRefused):
        return all(code >= 500 for code, _text in error.recipients.values())
    if isinstance(error, SMTPResponseException):
        return error.smtp_code >= 500
    return isinstance(error, ValueError)  # no address at all
