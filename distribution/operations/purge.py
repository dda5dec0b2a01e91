"""Forgets what nobody needs any more, in chunks: settled events and effects. Decisions stay."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

EVENTS_KEPT = timedelta(days=30)  # replay reaches back so far
EFFECTS_KEPT = timedelta(days=90)
CHUNK = 5000

_EVENTS = """
DELETE FROM accounts_inboxevent WHERE id IN (
  SELECT id FROM accounts_inboxevent WHERE done_at < %s ORDER BY done_at LIMIT %s)
"""
_EFFECTS = """
DELETE FROM distribution_effect WHERE id IN (
  SELECT id FROM distribution_effect
  WHERE settled_at < %s AND state IN ('done', 'superseded') ORDER BY id LIMIT %s)
"""


def purge(now: datetime) -> int:
    """Delete one chunk of each kind; return how many rows went, so that a caller can go on."""
    gone = 0
    with connection.cursor() as cursor:
        for sql, kept in ((_EVENTS, EVENTS_KEPT), (_EFFECTS, EFFECTS_KEPT)):
            cursor.execute(sql, [now - kept, CHUNK])
            gone += cursor.rowcount
    return gone
