"""Mails to supervisors about managers who do not respond and leads that nobody touches, each once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.core.mail import EmailMessage
from django.db import transaction

from accounts.models import Account, Manager
from distribution.models import Alert
from shifts.operations.coverage import NoMailServer, Outcome, send_all, sends_mail
from shifts.queries.coverage import to_be_told

TOLD_WITHIN = timedelta(hours=6)  # what is older is no news
MOST_A_MAIL = 50

# Words the mail to one person of the account about what has happened.
WriteMail = Callable[[Account, Manager, Sequence[Alert]], EmailMessage]

_log = logging.getLogger(__name__)


def tell_supervisors(now: datetime, *, write: WriteMail) -> int:
    """Mail supervisors and admins what they are to know; return how many accounts were told.

    Of two runs one sends. What could not be sent is tried again by the next run.
    """
    if not sends_mail():
        return 0
    fresh = Alert.objects.filter(told_at=None, at__gt=now - TOLD_WITHIN)
    ids = list(fresh.order_by("account_id").values_list("account_id", flat=True).distinct())
    told = 0
    for account in Account.objects.filter(pk__in=ids).order_by("pk"):
        try:
            told += _tell(account, now, write)
        except NoMailServer:
            _log.exception("no mail server: everybody waits for the next run")
            break
        except Exception:  # noqa: BLE001 - a loop's boundary: one account's trouble is not the others'
            _log.exception("the alerts of account %s were not told", account.pk)
    return told


def _tell(account: Account, now: datetime, write: WriteMail) -> bool:
    """Claim the account's alerts and send; return whether somebody was told."""
    alerts = _claim(account, now)
    if not alerts:
        return False
    is_over = False
    try:
        people = to_be_told(account)
        outcomes = send_all([(person, write(account, person, alerts)) for person in people])
        is_over = Outcome.SENT in outcomes or Outcome.FAILED not in outcomes
    finally:
        if not is_over:
            Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(told_at=None)
    return Outcome.SENT in outcomes


@transaction.atomic
def _claim(account: Account, now: datetime) -> list[Alert]:
    rows = Alert.objects.for_account(account).filter(told_at=None, at__gt=now - TOLD_WITHIN)
    alerts = list(rows.select_for_update(skip_locked=True).order_by("at", "pk")[:MOST_A_MAIL])
    Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(told_at=now)
    return alerts
