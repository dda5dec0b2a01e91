"""Places the mirrored leads anew after the tracked stages have changed, and counts loads again."""

from __future__ import annotations

from django.db import connection

from accounts.models import Account, Stage
from distribution.models import DistributionSettings
from distribution.queries.config import AccountConfig

_PLACES = """
SELECT DISTINCT pipeline_id, status_id FROM distribution_leadmirror WHERE account_id = %s
"""
_PLACE = """
UPDATE distribution_leadmirror m SET rule_id = u.rule_id,
  is_counted = u.rule_id IS NOT NULL AND NOT m.is_deleted AND m.state <> 'waiting',
  state = CASE WHEN u.rule_id IS NULL AND m.state IN ('waiting', 'parked') THEN 'seen' ELSE m.state END,
  waiting_since = CASE WHEN u.rule_id IS NULL THEN NULL ELSE m.waiting_since END
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS u(pipeline_id, status_id, rule_id)
WHERE m.account_id = %s AND m.pipeline_id = u.pipeline_id AND m.status_id = u.status_id
  AND m.rule_id IS DISTINCT FROM u.rule_id
"""
_COUNT = """
WITH counted AS (
  SELECT owner_id AS user_id, count(*) AS open_leads FROM distribution_leadmirror
  WHERE account_id = %(account)s AND is_counted AND owner_id IS NOT NULL GROUP BY owner_id
), gone AS (
  UPDATE distribution_managerload SET open_leads = 0
  WHERE account_id = %(account)s AND user_id NOT IN (SELECT user_id FROM counted) AND open_leads <> 0
)
INSERT INTO distribution_managerload AS l (account_id, user_id, open_leads)
SELECT %(account)s, user_id, open_leads FROM counted
ON CONFLICT (account_id, user_id) DO UPDATE SET open_leads = excluded.open_leads
WHERE l.open_leads <> excluded.open_leads
"""


def retrack(config: AccountConfig) -> bool:
    """Give each mirrored lead the rule of its stage; return whether any lead changed.

    A lead that the new settings newly track is not dealt: it was there before.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PLACES, [config.account_id])
        places = cursor.fetchall()
        rules = [config.rule_of(pipeline, status) for pipeline, status in places]
        columns = [list(column) for column in zip(*places, strict=True)] or [[], []]
        ids = [rule.rule_id if rule else None for rule in rules]
        cursor.execute(_PLACE, [*columns, ids, config.account_id])
        changed: int = cursor.rowcount
    recount_loads(config.account_id)
    return changed > 0


def recount_loads(account_id: int) -> None:
    """Count every manager's open leads from the mirror."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"account": account_id})


def mirror_tracked_stages(config: AccountConfig) -> None:
    """Have the open leads of all tracked stages paged, and that at once; see reconcile."""
    stages = (
        Stage.objects.for_account(config.account_id)
        .filter(is_gone=False)
        .order_by("pipeline__kommo_id", "kommo_id")
        .values_list("pipeline__kommo_id", "kommo_id")
    )
    tracked = [
        [pipeline, status, 1] for pipeline, status in stages if config.rule_of(pipeline, status)
    ]
    DistributionSettings.objects.for_account(config.account_id).update(to_mirror=tracked)
    Account.objects.filter(pk=config.account_id).update(reconciled_at=None)
