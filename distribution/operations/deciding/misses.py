"""Leads in a row that a manager let pass: counted, and after so many he is switched off (B8)."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import ngettext

from accounts.models import Manager
from distribution.core.acceptance import is_non_responder, misses_after
from distribution.models import Alert, ManagerLoad
from distribution.operations.deciding.work_state import TurnWork
from shifts.core.participation import Status
from shifts.operations.participation import set_participation
from shifts.queries.participation import standing_of


def settle_misses(work: TurnWork) -> None:
    """Count what this turn has seen of acceptances and misses, and pause those who do not respond."""
    users = work.accepted | {user for user, _ in work.missed}
    if not users:
        return
    loads = ManagerLoad.objects.for_account(work.config.account_id)
    rows = loads.filter(scope=ManagerLoad.MISSES, user_id__in=users)
    before = dict(rows.values_list("user_id", "number"))
    number = {user: 0 if user in work.accepted else before.get(user, 0) for user in users}
    pausing: dict[int, int] = {}
    for user, pause_after in work.missed:
        number[user] = misses_after(number[user], "missed")
        if is_non_responder(number[user], pause_after):
            pausing[user] = number[user]
    for user in pausing:
        _pause(work, user, pausing[user])
        number[user] = 0
    for user in sorted(users):
        work.loads[user, ManagerLoad.MISSES] += number[user] - before.get(user, 0)


def _pause(work: TurnWork, user_id: int, number: int) -> None:
    """Switch a manager off, unless a supervisor keeps him on; supervisors are told (operations.alerts)."""
    manager = Manager.objects.for_account(work.config.account_id).filter(kommo_id=user_id).first()
    if manager is None:
        return
    status = standing_of(manager, work.now).status
    if not status.is_in:
        return
    if status is Status.ON:
        note = _why(work.config.language, number)
        set_participation(manager, status=Status.OFF, now=work.now, by=None, note=note)
    Alert.objects.create(
        account_id=work.config.account_id,
        kind=Alert.Kind.NON_RESPONDER,
        at=work.now,
        user_id=user_id,
        number=number,
        is_off=status is Status.ON,
    )


def _why(language: str, number: int) -> str:
    with translation.override(language):
        return ngettext(
            "Did not accept %(number)s lead in time",
            "Did not accept %(number)s leads in a row in time",
            number,
        ) % {"number": number}
