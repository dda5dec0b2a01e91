"""Schedules of the demo's people, so that the pages show a team at work: patterns, a day off, a swap."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import Account, Manager
from shifts.core.patterns import pattern_from_json
from shifts.models import PatternPreset
from shifts.operations.grid import Step, edit_month
from shifts.operations.patterns import assign_pattern, create_pattern
from shifts.queries.schedule import account_today, settings_of

PRESETS = ("5-2", "2-2")
_DAY = timedelta(days=1)


def plan_schedules(account: Account, managers: list[Manager], now: datetime) -> None:
    """Let half of the people work 5/2, half 2/2 by turns, from today on; give the first a day off."""
    today = account_today(account, now)
    monday = today - today.weekday() * _DAY
    for place, code in enumerate(PRESETS):
        preset = PatternPreset.objects.get(code=code)
        pattern = create_pattern(
            account,
            name=preset.name,
            cycle=pattern_from_json(preset.cycle, monday).cycle,
            anchor_on=monday,
            actor=None,
            now=now,
        )
        for number, manager in enumerate(managers[place :: len(PRESETS)]):
            # Whoever works 2/2 begins when the colleague before has two days of rest.
            turn = monday + number % 2 * place * 2 * _DAY
            assign_pattern(pattern, [manager], starts_on=today, anchor_on=turn, actor=None, now=now)
    friday = (managers[0].kommo_id, today + (4 - today.weekday()) % 7 * _DAY)
    steps = [
        Step("set_hours", (friday,), hours=((540, 1080),)),
        Step("day_off", (friday,)),
    ]
    edit_month(account, actor=None, base=settings_of(account).version, steps=steps, now=now)
