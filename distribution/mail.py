"""The mail that tells supervisors of managers who do not respond and leads that nobody touches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.conf import settings as site
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Account, Manager
from distribution.models import Alert, LeadMirror
from distribution.queries.board import manager_names


def mail_of_alerts(
    account: Account, person: Manager, alerts: Sequence[Alert]
) -> EmailMultiAlternatives:
    """Return the mail that tells a person what has happened, in their own language."""
    known = dict(site.LANGUAGES)
    wishes = (person.language, account.language, site.LANGUAGE_CODE)
    language = next(code for code in wishes if code in known)
    names = manager_names(account)
    ids = [alert.lead_id for alert in alerts if alert.lead_id]
    leads = LeadMirror.objects.for_account(account).filter(lead_id__in=ids)
    titles = dict(leads.values_list("lead_id", "name"))
    with translation.override(language):
        subject = _("Leads need somebody: %(account)s") % {"account": account}
        context = {
            "account": account,
            "lines": [_line(alert, names, titles) for alert in alerts],
            "page": f"{site.PUBLIC_URL}{reverse('distribution:board')}",
            "language": language,
        }
        text = render_to_string("distribution/mail/alerts.txt", context)
        html = render_to_string("distribution/mail/alerts.html", context)
    headers = {"Auto-Submitted": "auto-generated"}
    subject = " ".join(subject.split())  # an account's name may hold anything
    mail = EmailMultiAlternatives(subject, text, None, [person.email], headers=headers)
    mail.attach_alternative(html, "text/html")
    return mail


def _line(alert: Alert, names: Mapping[int, str], titles: Mapping[int, str]) -> str:
    values = {
        "manager": names.get(alert.user_id, str(alert.user_id)),
        "number": alert.number,
        "lead": titles.get(alert.lead_id or 0) or str(alert.lead_id),
    }
    if alert.kind == Alert.Kind.TOUCH:
        text = ngettext(
            "%(lead)s: %(manager)s has %(number)s minute left for the first touch.",
            "%(lead)s: %(manager)s has %(number)s minutes left for the first touch.",
            alert.number,
        )
    elif alert.is_off:
        text = ngettext(
            "%(manager)s did not accept %(number)s lead in time and was switched off."
            " They can switch themselves on again.",
            "%(manager)s did not accept %(number)s leads in a row in time and was switched off."
            " They can switch themselves on again.",
            alert.number,
        )
    else:
        text = ngettext(
            "%(manager)s did not accept %(number)s lead in time, and stays on, since a supervisor"
            " keeps them on.",
            "%(manager)s did not accept %(number)s leads in a row in time, and stays on, since a"
            " supervisor keeps them on.",
            alert.number,
        )
    return text % values
