"""What the console's templates ask of an account beyond its columns."""

from __future__ import annotations

from datetime import timedelta

from django import template
from django.utils import timezone

from accounts.models import Account

HOOK_STALE_AFTER = timedelta(hours=1)  # it is looked at every quarter of an hour

register = template.Library()


@register.filter
def hook_is_stale(account: Account) -> bool:
    """Say whether the account's webhook has not been found sound for so long that leads may be late."""
    checked_at = account.hook_checked_at
    is_working = (
        account.sync_state == Account.SyncState.DONE and account.health == Account.Health.OK
    )
    return is_working and (checked_at is None or timezone.now() - checked_at > HOOK_STALE_AFTER)
