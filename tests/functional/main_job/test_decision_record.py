"""Every decision says why and why not for each candidate, and decided again it is the same (B2)."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from distribution.models import Decision, TurnRecord
from distribution.queries.records import differences, record_of, records_of_lead
from tests.functional.main_job.conftest import Team
from tests.world import HOST, World

pytestmark = pytest.mark.feature("B2")


def explain(lead: int) -> str:
    said = StringIO()
    call_command("explain_lead", str(lead), account=HOST, stdout=said)
    return said.getvalue()


def eventful_day(team: Team) -> list[int]:
    """A lead's whole repertoire: waits, bursts, an exclusion, a wave, a return, people's changes."""
    world = team.world
    team.deal_with(exclusion_field_id=world.field_id(), start_delay_minutes=5)
    leads = world.leads(3)
    world.start_shifts([team.oleg])
    world.advance(300)
    leads += world.leads(20)
    (excluded,) = world.leads(run=False)
    world.tick(excluded, True)
    world.start_shifts([team.ana, team.max])
    world.advance(120)
    leads += world.leads(7)
    world.advance(300)
    world.shift(team.max, "pause")
    leads += world.leads(9)
    world.shift(team.oleg, "end")
    world.run()
    world.edit(leads[0], responsible_user_id=team.max.kommo_id)
    world.advance(60)
    world.start_shifts([team.oleg])
    return [*leads, excluded]


def test_every_candidate_of_a_decision_has_a_verdict_with_its_reason(
    team: Team, world: World
) -> None:
    team.deal_with(start_delay_minutes=10)
    world.start_shifts([team.oleg])
    world.advance(600)
    world.start_shifts([team.ana])
    (lead,) = world.leads()
    (record,) = records_of_lead(team.account, lead)
    found = {verdict.manager_id: verdict for verdict in record.verdicts}
    assert {one.kommo_id for one in team.everybody} <= set(found)
    assert found[team.oleg.kommo_id].eligible
    delayed = found[team.ana.kommo_id].headline
    assert delayed is not None
    assert (delayed.reason, delayed.facts) == ("start_delay", {"seconds": 600})
    assert delayed.until is not None
    off = found[team.max.kommo_id].headline
    assert off is not None
    assert off.reason == "offline"


def test_a_decision_tells_load_and_lag_before_and_among_how_many(team: Team, world: World) -> None:
    world.existing_leads({team.oleg.kommo_id: 2, team.ana.kommo_id: 1})
    team.deal_with()
    world.start_shifts([team.oleg, team.ana])
    (lead,) = world.leads()
    (decision,) = world.decisions(team.account, lead)
    assert (decision.chosen_id, decision.load_before) == (team.ana.kommo_id, 1)
    assert (decision.lag_before, decision.eligible) == (0, 2)


@pytest.mark.parametrize("strategy", ["least_loaded", "even"])
def test_every_decision_of_an_eventful_day_is_the_same_when_decided_again(
    team: Team, world: World, strategy: str
) -> None:
    leads = eventful_day(team)
    if strategy == "even":
        world.save(team.account, strategy="even")
        leads += world.leads(25)
    rows = Decision.objects.for_account(team.account)
    results = {row.pk: differences(record_of(team.account, row)) for row in rows}
    kinds = set(rows.values_list("kind", flat=True))
    assert kinds == {"distribution", "redistribution", "return", "manual"}
    decided = [found for found in results.values() if found is not None]
    assert len(decided) > len(leads)
    assert not any(decided)


def test_a_lead_is_explained_in_words(team: Team, world: World) -> None:
    team.deal_with()
    (lead,) = world.leads()
    world.start_shifts([team.oleg])
    world.start_shifts([team.ana])
    world.shift(team.oleg, "end")
    world.run()
    world.start_shifts([team.oleg])
    said = explain(lead)
    for words in (
        "waits, nobody is on shift",
        "to Oleg, who had 0, from Vera",
        "* Oleg: could take it",
        "Ana: no: not on shift",
        "redistribution",
        "return",
        "identical",
    ):
        assert words in said
    assert "DIFFERENT" not in said


def test_a_record_that_was_tampered_with_is_seen_when_decided_again(
    team: Team, world: World
) -> None:
    team.deal_with()
    world.start_shifts([team.oleg, team.ana])
    (lead,) = world.leads()
    turn = TurnRecord.objects.for_account(team.account).latest("pk")
    opening: dict[str, Any] = turn.opening
    opening["open"] = [9 if load == 0 else load for load in opening["open"]]
    TurnRecord.objects.filter(pk=turn.pk).update(opening=opening)
    with pytest.raises(CommandError, match="not identical"):
        explain(lead)


@pytest.mark.parametrize("lead", ["99", "20000001"])
def test_a_lead_of_which_nothing_is_known_is_said_to_be_unknown(
    team: Team, world: World, lead: str
) -> None:
    team.deal_with()
    with pytest.raises(CommandError, match="nothing was decided"):
        explain(int(lead))
