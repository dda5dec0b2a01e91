"""Each distribution, redistribution and return leaves one note, in the account's language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.functional.main_job.conftest import Team
from tests.world import World

pytestmark = pytest.mark.feature("F148")

ENGLISH = ("Distributed to Oleg", "went off shift, Ana takes over", "Oleg is back on shift")
CATALOGUE = Path(__file__).parents[3] / "locale" / "ru" / "LC_MESSAGES" / "django.mo"


def three_notes(world: World, language: str) -> list[str]:
    """The notes of a lead that was dealt, moved and returned."""
    account = world.open(managers=3, groups=("Sales",), language=language)
    oleg, ana, _ = world.managers(account)
    world.configure(account, notes_enabled=True)
    world.start_shifts([oleg])
    (lead,) = world.leads()
    world.start_shifts([ana])
    world.shift(oleg, "end")
    world.run()
    world.start_shifts([oleg])
    world.advance(3600)
    return world.notes(lead)


def test_dealing_moving_and_returning_leave_one_note_each(world: World) -> None:
    notes = three_notes(world, "en")
    assert len(notes) == 3
    assert all(words in note for note, words in zip(notes, ENGLISH, strict=True))


@pytest.mark.skipif(not CATALOGUE.exists(), reason="the catalogues are not compiled")
def test_the_notes_of_a_russian_account_are_russian(world: World) -> None:
    notes = three_notes(world, "ru")
    assert len(notes) == 3
    assert all(re.search("[а-яё]{4}", note) for note in notes)
    assert [("Oleg" in note, "Ana" in note) for note in notes] == [
        (True, False),
        (True, True),
        (True, True),
    ]


def test_no_note_is_written_where_notes_are_off(team: Team, world: World) -> None:
    team.deal_with(notes_enabled=False)
    world.start_shifts([team.oleg])
    (lead,) = world.leads()
    assert world.owner(lead) == team.oleg.kommo_id
    assert world.notes(lead) == []


def test_a_waiting_lead_gets_no_note(team: Team, world: World) -> None:
    team.deal_with(notes_enabled=True)
    (lead,) = world.leads()
    world.advance(3600)
    assert world.notes(lead) == []


@pytest.mark.parametrize(
    "fault",
    ["server_error", "server_error_after_commit", "drop_after_commit", "truncated", "empty"],
)
def test_a_note_is_written_once_although_its_answer_was_lost(
    team: Team, world: World, fault: str
) -> None:
    team.deal_with(notes_enabled=True)
    world.start_shifts([team.oleg])
    world.crm("faults", kind=fault, method="POST", path="/leads/notes", count=2)
    (lead,) = world.leads()
    for _ in range(10):
        world.advance(30)
    assert len(world.notes(lead)) == 1


def test_a_lead_that_its_owner_keeps_gets_no_note(team: Team, world: World) -> None:
    team.deal_with(notes_enabled=True)
    world.start_shifts([team.oleg])
    (lead,) = world.leads(responsible_user_id=team.oleg.kommo_id)
    assert world.kinds(team.account, lead) == ["distribution"]
    assert world.notes(lead) == []
