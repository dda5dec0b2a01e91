"""Effects over which worker after worker has died are put aside, of whatever kind; the others go on."""

from __future__ import annotations

import pytest

from distribution.models import DeadLetter, Effect
from distribution.operations.deciding.turn import take_turn
from distribution.operations.delivering.effects import MOST_DEATHS
from tests.functional.engine.test_stage_moves import at_the_cap, stage_of
from tests.functional.main_job.conftest import Team
from tests.world import World


def let_workers_die(team: Team, kind: str, deaths: int) -> None:
    """Leave the open effects of a kind as so many workers that died with them in hand do."""
    rows = Effect.objects.for_account(team.account).filter(kind=kind, state__in=Effect.OPEN)
    assert rows.update(state="sending", attempts=deaths, crashes=deaths) == 1


def letters(team: Team) -> list[int]:
    return list(DeadLetter.objects.for_account(team.account).values_list("row_id", flat=True))


@pytest.mark.parametrize(("deaths", "is_dead"), [(MOST_DEATHS - 1, False), (MOST_DEATHS, True)])
def test_a_change_of_stage_that_kills_workers_is_put_aside(
    team: Team, world: World, deaths: int, is_dead: bool
) -> None:
    lead = at_the_cap(team)
    take_turn()
    before = stage_of(world, lead)
    let_workers_die(team, "stage", deaths)
    world.run()
    (effect,) = Effect.objects.for_account(team.account).filter(kind="stage")
    assert effect.state == ("dead" if is_dead else "done")
    assert letters(team) == ([effect.pk] if is_dead else [])
    assert (stage_of(world, lead) == before) is is_dead


@pytest.mark.parametrize(("deaths", "is_dead"), [(MOST_DEATHS - 1, False), (MOST_DEATHS, True)])
def test_a_change_of_owner_that_kills_workers_is_put_aside(
    team: Team, world: World, deaths: int, is_dead: bool
) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    world.crm("leads", count=1)
    world.post_hooks()
    take_turn()
    let_workers_die(team, "owner", deaths)
    world.run()
    (effect,) = Effect.objects.for_account(team.account).filter(kind="owner")
    assert effect.state == ("dead" if is_dead else "done")
    assert letters(team) == ([effect.pk] if is_dead else [])
    assert (world.owner(effect.lead_id) == team.oleg.kommo_id) is not is_dead


def test_of_two_notes_the_deadly_one_is_put_aside_and_the_other_written(
    team: Team, world: World
) -> None:
    team.deal_with(notes_enabled=True)
    world.start_shifts([team.oleg])
    world.crm("faults", kind="server_error", method="POST", count=1)
    first, second = world.leads(2)
    notes = Effect.objects.for_account(team.account).filter(kind="note")
    assert set(notes.values_list("state", flat=True)) <= set(Effect.OPEN)
    notes.filter(lead_id=first).update(state="sending", attempts=11, crashes=MOST_DEATHS)
    world.advance(600)
    assert notes.get(lead_id=first).state == "dead"
    assert letters(team) == [notes.get(lead_id=first).pk]
    assert world.notes(first) == []
    assert len(world.notes(second)) == 1
