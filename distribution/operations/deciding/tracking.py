"""Places the mirrored leads anew after the tracked stages have changed, and counts loads again."""

from __future__ import annotations

import json

from django.db import connection

from accounts.models import Account, Stage
from distribution.models import DistributionSettings, ManagerLoad
from distribution.queries.config import AccountConfig

ALL_TASKS = [0, 0, 1]
"""Among the stages to be mirrored: the open tasks are; the last entry of all."""

_PLACES = """
SELECT DISTINCT pipeline_id, status_id FROM distribution_leadmirror WHERE account_id = %s
"""
# A lead that a trigger has sent stays its own for as long as the trigger is on. What waits counts for
# nobody, unless it waits on paper only.
_PLACE = """
UPDATE distribution_leadmirror m SET trigger_id = p.trigger_id,
  is_counted = (p.cares OR p.trigger_id IS NOT NULL) AND NOT m.is_deleted
    AND (m.state <> 'waiting' OR p.trigger_id = ANY(%(shadow)s)),
  state = CASE WHEN p.trigger_id IS NULL AND m.state IN ('waiting', 'parked') THEN 'seen' ELSE m.state END,
  waiting_since = CASE WHEN p.trigger_id IS NULL THEN NULL ELSE m.waiting_since END
FROM (
  SELECT x.id, u.cares,
    CASE WHEN x.cycle->'asked' @> to_jsonb(x.trigger_id) AND x.trigger_id = ANY(%(live)s)
      OR x.trigger_id = ANY(%(live)s) AND u.watches @> to_jsonb(x.trigger_id)
    THEN x.trigger_id ELSE (u.watches->>0)::bigint END AS trigger_id
  FROM distribution_leadmirror x
  JOIN unnest(%(pipelines)s::bigint[], %(stages)s::bigint[], %(cares)s::boolean[],
    %(watches)s::jsonb[]) AS u(pipeline_id, status_id, cares, watches)
    ON x.pipeline_id = u.pipeline_id AND x.status_id = u.status_id
  WHERE x.account_id = %(account)s
) p
WHERE m.account_id = %(account)s AND m.id = p.id AND (
  m.trigger_id IS DISTINCT FROM p.trigger_id OR m.is_counted IS DISTINCT FROM (
    (p.cares OR p.trigger_id IS NOT NULL) AND NOT m.is_deleted
    AND (m.state <> 'waiting' OR p.trigger_id = ANY(%(shadow)s))))
"""
_COUNT = """
WITH counted AS (
  SELECT m.owner_id AS user_id, u.scope, count(*) AS number FROM distribution_leadmirror m
  JOIN unnest(%(pipelines)s::bigint[], %(stages)s::bigint[], %(scopes)s::bigint[])
    AS u(pipeline_id, status_id, scope)
    ON m.pipeline_id = u.pipeline_id AND m.status_id = u.status_id
  WHERE m.account_id = %(account)s AND m.is_counted AND m.owner_id IS NOT NULL
  GROUP BY m.owner_id, u.scope
  UNION ALL
  SELECT owner_id, %(tasks)s, count(*) FROM distribution_taskmirror
  WHERE account_id = %(account)s AND owner_id IS NOT NULL GROUP BY owner_id
), gone AS (
  UPDATE distribution_managerload l SET number = 0
  WHERE account_id = %(account)s AND scope <> %(misses)s AND number <> 0
    AND NOT EXISTS (SELECT 1 FROM counted c WHERE c.user_id = l.user_id AND c.scope = l.scope)
)
INSERT INTO distribution_managerload AS l (account_id, user_id, scope, number)
SELECT %(account)s, user_id, scope, number FROM counted
ON CONFLICT (account_id, user_id, scope) DO UPDATE SET number = excluded.number
WHERE l.number <> excluded.number
"""


def retrack(config: AccountConfig) -> bool:
    """Give each mirrored lead the trigger of its stage; return whether any lead changed.

    A lead that the new settings newly track is not dealt: it was there before.
    """
    places = _places(config)
    watches = [[one.trigger_id for one in config.watches_of(*place)] for place in places]
    with connection.cursor() as cursor:
        cursor.execute(
            _PLACE,
            {
                "account": config.account_id,
                "live": [one.trigger_id for one in config.triggers],
                "shadow": [one.trigger_id for one in config.triggers if one.template.is_shadow],
                "pipelines": [pipeline for pipeline, _ in places],
                "stages": [status for _, status in places],
                "cares": [config.cares_for(*place) for place in places],
                "watches": [json.dumps(ids) for ids in watches],
            },
        )
        changed: int = cursor.rowcount
    recount_loads(config)
    return changed > 0


def recount_loads(config: AccountConfig) -> None:
    """Count anew, from the mirror, what every manager holds in each scope."""
    counted = [(*place, scope) for place in _places(config) for scope in config.scopes_of(*place)]
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            {
                "account": config.account_id,
                "pipelines": [one[0] for one in counted],
                "stages": [one[1] for one in counted],
                "scopes": [one[2] for one in counted],
                "tasks": ManagerLoad.TASKS,
                "misses": ManagerLoad.MISSES,
            },
        )


def _places(config: AccountConfig) -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_PLACES, [config.account_id])
        return [(pipeline, status) for pipeline, status in cursor.fetchall()]


def mirror_tracked_stages(config: AccountConfig) -> None:
    """Have the open leads of all stages that count, and tasks, paged, and that at once; see reconcile."""
    stages = (
        Stage.objects.for_account(config.account_id)
        .filter(is_gone=False)
        .order_by("pipeline__kommo_id", "kommo_id")
        .values_list("pipeline__kommo_id", "kommo_id")
    )
    tracked = [
        [pipeline, status, 1] for pipeline, status in stages if config.cares_for(pipeline, status)
    ]
    if config.counts_tasks:
        tracked.append(ALL_TASKS)
    DistributionSettings.objects.for_account(config.account_id).update(to_mirror=tracked)
    Account.objects.filter(pk=config.account_id).update(reconciled_at=None)
