"""Addresses at which calendars read the schedule: made, revoked, marked as read."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import Account, AuditEntry, Group, Manager
from shifts.models import CalendarFeed
from shifts.queries.feeds import digest_of

TOKEN_BYTES = 32
READ_IS_NOTED_EVERY = timedelta(hours=1)


@transaction.atomic
def create_feed(
    account: Account, *, of: Manager | Group, actor: Manager | None, now: datetime
) -> tuple[CalendarFeed, str]:
    """Make an address for a manager's or a group's schedule; return it with its secret, told only now.

    Locks the manager or group; revokes the address that they had; writes an audit entry.
    """
    type(of).objects.for_account(account).select_for_update().get(pk=of.pk)
    whose = {"manager": of} if isinstance(of, Manager) else {"group": of}
    earlier = CalendarFeed.objects.for_account(account).filter(**whose, revoked_at=None)
    earlier.update(revoked_at=now)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    feed = CalendarFeed.objects.create(
        account=account,
        **whose,
        token_digest=digest_of(token),
        created_at=now,
        created_by=actor.kommo_id if actor else None,
    )
    _note(account, actor, "calendar_feed.created", feed, now)
    return feed, token


@transaction.atomic
def revoke_feed(
    account: Account, *, feed: CalendarFeed, actor: Manager | None, now: datetime
) -> bool:
    """Let an address answer nobody any more; return whether it still did. Writes an audit entry."""
    rows = CalendarFeed.objects.for_account(account).filter(pk=feed.pk, revoked_at=None)
    was_open = rows.update(revoked_at=now) == 1
    if was_open:
        _note(account, actor, "calendar_feed.revoked", feed, now)
    return was_open


def note_read(feed: CalendarFeed, now: datetime) -> None:
    """Note that a calendar has read the feed, at most once an hour."""
    if feed.read_at is None or feed.read_at <= now - READ_IS_NOTED_EVERY:
        CalendarFeed.objects.for_account(feed.account_id).filter(pk=feed.pk).update(read_at=now)


def _note(
    account: Account, actor: Manager | None, action: str, feed: CalendarFeed, now: datetime
) -> None:
    of = feed.manager or feed.group
    kind = "manager" if feed.manager_id else "group"
    AuditEntry.objects.create(
        account=account,
        at=now,
        actor_id=actor.kommo_id if actor else None,
        action=action,
        after={"feed": feed.pk, kind: of.kommo_id if of else None},
    )
