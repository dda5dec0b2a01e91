"""The order in which triggers are asked: all of an account's in one line, the page's groups among them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import Account, AuditEntry, InboxEvent, Manager
from accounts.operations.inbox import append_event
from distribution.models import Trigger
from distribution.operations.policies.triggers import GroupsOwn
from peresmenka.lib.enqueue import ring


@transaction.atomic
def move_trigger(trigger: Trigger, *, by: int, actor: Manager | None, now: datetime) -> bool:
    """Move a trigger so many places down the account's line (up: below 0); False at its end.

    Locks the account's triggers and numbers them anew from 0; groups keep their order among each
    other. Writes one audit entry and one inbox event. Raises GroupsOwn.
    """
    account = trigger.account
    rows = Trigger.objects.for_account(account).select_for_update(of=("self",))
    line = list(rows.order_by("priority", "pk"))
    former = [row.pk for row in line]
    place = former.index(trigger.pk)
    if line[place].group_id is not None:
        raise GroupsOwn
    line.insert(max(0, place + by), line.pop(place))
    order = [row.pk for row in line]
    if order == former:
        return False
    for number, row in enumerate(line):
        if row.priority != number:
            row.priority = number
            row.save(update_fields=["priority"])
    AuditEntry.objects.create(
        account=account,
        at=now,
        actor_id=actor.kommo_id if actor else None,
        action="triggers_ordered",
        before={"order": former},
        after={"order": order, "trigger": trigger.pk},
    )
    append_event(account, InboxEvent.Kind.SETTINGS, {}, now)
    transaction.on_commit(ring)
    return True


def group_places(account: Account, number: int) -> list[int]:
    """Return so many places for the watches of groups, ascending: those they have, then after all others."""
    line = Trigger.objects.for_account(account).order_by("priority", "pk")
    rows = list(line.values_list("group_id", "priority"))
    taken = sorted({priority for group, priority in rows if group is not None})
    after = max((priority for _, priority in rows), default=-1) + 1
    missing = max(0, number - len(taken))
    return [*taken[:number], *range(after, after + missing)]
