"""The mail that tells of gaps in the coverage: its words and its two bodies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.conf import settings as site
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import ngettext

from accounts.models import Account, Manager
from peresmenka.lib.moments import short_day
from peresmenka.lib.zones import known_zone
from shifts.core.coverage import Gap
from shifts.labels.gaps import gap_lines


def mail_of_gaps(
    account: Account, person: Manager, on: date, gaps: Sequence[Gap]
) -> EmailMultiAlternatives:
    """Return the mail that tells a person of a day's gaps, in their own language."""
    known = dict(site.LANGUAGES)
    wishes = (person.language, account.language, site.LANGUAGE_CODE)
    language = next(code for code in wishes if code in known)
    with translation.override(language):
        subject = ngettext(
            "%(number)s gap in the schedule of %(day)s",
            "%(number)s gaps in the schedule of %(day)s",
            len(gaps),
        ) % {"number": len(gaps), "day": short_day(on)}
        context = {
            "account": account,
            "day": short_day(on),
            "lines": gap_lines(gaps, known_zone(account.zone)),
            "page": f"{site.PUBLIC_URL}{reverse('shifts:coverage')}",
            "language": language,
        }
        text = render_to_string("shifts/mail/gaps.txt", context)
        html = render_to_string("shifts/mail/gaps.html", context)
    mail = EmailMultiAlternatives(
        subject, text, None, [person.email], headers={"Auto-Submitted": "auto-generated"}
    )
    mail.attach_alternative(html, "text/html")
    return mail
