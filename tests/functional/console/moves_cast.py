"""A wave of Oleg's leads, its undo, and a template in shadow, written row by row."""

from __future__ import annotations

from datetime import datetime, timedelta

from distribution.models import Decision, LeadMirror, Template, Wave
from tests import policies
from tests.functional.console import cast

FIRST = 34_600_000
NAMES = ("Harbour flat", "Dentist’s rooms", "Bakery, new oven", "Loft on Mill Lane")


def wave(world: cast.World, now: datetime, *, wave_id: int = 7_000_001) -> Wave:
    """Write a wave: three leads went from Oleg to Ana, a fourth waited."""
    made: Wave = Wave.objects.create(
        id=wave_id,
        account=world.account,
        kind="redistribution",
        user_id=cast.OLEG,
        started_at=now - timedelta(hours=2),
        moved=3,
        parked=1,
    )
    for number, name in enumerate(NAMES):
        is_moved = number < 3
        owner = cast.ANA if is_moved else cast.OLEG
        lead(world, FIRST + number, name, owner, now)
        Decision.objects.create(
            account=world.account,
            lead_id=FIRST + number,
            kind="redistribution",
            decided_at=made.started_at,
            chosen_id=cast.ANA if is_moved else None,
            previous_owner_id=cast.OLEG,
            reason="" if is_moved else "all_at_limit",
            wave_id=made.pk,
        )
    return made


def undo_of(world: cast.World, row: Wave, now: datetime) -> Wave:
    """Write that all but the second lead went back."""
    undo: Wave = Wave.objects.create(
        id=row.pk + 1,
        account=world.account,
        kind="undo",
        user_id=row.user_id,
        started_at=now,
        undoes_id=row.pk,
        moved=3,
        parked=1,
    )
    for number in range(4):
        is_back = number != 1
        Decision.objects.create(
            account=world.account,
            lead_id=FIRST + number,
            kind="undo",
            decided_at=now,
            chosen_id=cast.OLEG if is_back else None,
            previous_owner_id=cast.ANA,
            reason="" if is_back else "owner_changed_by_hand",
            wave_id=undo.pk,
        )
        owner = cast.OLEG if is_back else cast.LUCAS
        LeadMirror.objects.filter(lead_id=FIRST + number).update(
            owner_id=owner, confirmed_owner_id=owner
        )
    return undo


def lead(world: cast.World, lead_id: int, name: str, owner: int, now: datetime) -> LeadMirror:
    """Write a lead of the mirror."""
    made: LeadMirror = LeadMirror.objects.create(
        account=world.account,
        lead_id=lead_id,
        name=name,
        pipeline_id=cast.SALES,
        status_id=cast.TALKS,
        owner_id=owner,
        confirmed_owner_id=owner,
        confirmed_at=now,
        is_counted=True,
        state="dealt",
    )
    return made


def shadow(world: cast.World, now: datetime) -> Template:
    """Write a template in shadow with five choices: three as it was, one otherwise, one waits."""
    members = [{"kind": "manager", "id": cast.OLEG}, {"kind": "manager", "id": cast.ANA}]
    template = policies.template(world.account, "Weekend", members=members)
    template.is_shadow = True
    template.save(update_fields=["is_shadow"])
    choices = (
        (cast.OLEG, cast.OLEG),
        (cast.ANA, cast.ANA),
        (cast.OLEG, cast.OLEG),
        (cast.ANA, cast.LUCAS),
        (None, cast.OLEG),
    )
    for number, (ours, real) in enumerate(choices):
        lead(world, FIRST + 100 + number, f"Order {5000 + number}", real, now)
        Decision.objects.create(
            account=world.account,
            lead_id=FIRST + 100 + number,
            kind="distribution",
            decided_at=now - timedelta(minutes=10 * number),
            chosen_id=ours,
            previous_owner_id=cast.VERA,
            reason="" if ours else "nobody_on_shift",
            eligible=2 if ours else 0,
            template_id=template.pk,
            template_version=1,
            is_shadow=True,
        )
    return template
