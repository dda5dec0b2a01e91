"""Shadow mode's report: whom a template would have chosen, and who really has the lead (N8)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from accounts.models import Account
from distribution.models import Decision, Template

LEADS_SHOWN = 200
RECENT = timedelta(days=30)

# The last choice about each lead; a lead that came back to the stage was chosen for again.
_LATEST = """
SELECT c.id, c.lead_id, coalesce(m.name, ''), c.decided_at, c.chosen_id, c.reason,
  m.owner_id, coalesce(m.is_deleted, true)
FROM (
  SELECT DISTINCT ON (d.lead_id) d.id, d.lead_id, d.decided_at, d.chosen_id, d.reason
  FROM distribution_decision d
  WHERE d.account_id = %s AND d.template_id = %s AND d.is_shadow
    AND d.decided_at >= %s AND d.decided_at < %s
  ORDER BY d.lead_id, d.id DESC
) c LEFT JOIN distribution_leadmirror m ON m.account_id = %s AND m.lead_id = c.lead_id
ORDER BY c.decided_at DESC, c.id DESC
"""


@dataclass(frozen=True, slots=True)
class ShadowLead:
    """A lead for which a template in shadow has chosen, or would have let it wait."""

    decision_id: int
    lead_id: int
    name: str
    at: datetime
    ours: int | None  # Kommo user id; None: it would wait
    reason: str
    real: int | None  # who has it now
    is_deleted: bool

    @property
    def is_compared(self) -> bool:
        """Say whether there is something on both sides."""
        return self.ours is not None and self.real is not None and not self.is_deleted

    @property
    def is_equal(self) -> bool:
        """Say whether the one whom we would have chosen has it."""
        return self.is_compared and self.ours == self.real


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """A template's choices in a period, against what came of the leads."""

    leads: tuple[ShadowLead, ...]  # at most LEADS_SHOWN, newest first
    total: int
    compared: int
    equal: int
    waiting: int  # leads that would wait
    people: tuple[tuple[int, int, int, int], ...]  # Kommo user id; ours, real, both

    @property
    def percent(self) -> int | None:
        """Return the agreement, rounded down; None: nothing to compare."""
        return 100 * self.equal // self.compared if self.compared else None


def shadow_report(
    account: Account, template: Template, since: datetime, until: datetime
) -> ShadowReport:
    """Return the report for [since, until); one query."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, [account.pk, template.pk, since, until, account.pk])
        leads = [ShadowLead(*row) for row in cursor.fetchall()]
    compared = [lead for lead in leads if lead.is_compared]
    return ShadowReport(
        tuple(leads[:LEADS_SHOWN]),
        len(leads),
        len(compared),
        sum(lead.is_equal for lead in compared),
        sum(lead.ours is None for lead in leads),
        _people(compared),
    )


def _people(compared: list[ShadowLead]) -> tuple[tuple[int, int, int, int], ...]:
    ours = Counter(lead.ours for lead in compared)
    real = Counter(lead.real for lead in compared)
    both = Counter(lead.ours for lead in compared if lead.is_equal)
    users = sorted(ours | real, key=lambda user: (-ours[user], -real[user], user or 0))
    return tuple((user or 0, ours[user], real[user], both[user]) for user in users)


def shadow_templates(account: Account, now: datetime) -> list[Template]:
    """Return the templates in shadow, and those that were in the last month, by name."""
    recent = (
        Decision.objects.for_account(account)
        .filter(is_shadow=True, decided_at__gte=now - RECENT)
        .values("template_id")
    )
    rows = Template.objects.for_account(account)
    return list((rows.filter(is_shadow=True) | rows.filter(pk__in=recent)).order_by("name", "pk"))
