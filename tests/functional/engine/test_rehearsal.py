"""The test run: who would get this lead now, and why; equal to the decision that follows (B16)."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Manager
from distribution.core.decisions import all_verdicts
from distribution.models import Decision, LeadMirror, ManagerProfile, Template, Trigger
from distribution.operations.rehearsal import (
    NothingAsked,
    NoTrigger,
    Question,
    Rehearsal,
    UnknownLead,
    UnknownTrigger,
    would_get,
)
from distribution.queries.records import record_of
from tests import policies
from tests.functional.main_job.conftest import Team
from tests.world import World

pytestmark = [pytest.mark.feature("B16")]


_DIGEST = "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t"


def everything() -> dict[str, str | None]:
    """The digest of every table's contents: what was written shows."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            table = model._meta.db_table
            cursor.execute(_DIGEST.format(connection.ops.quote_name(table)))
            found[table] = cursor.fetchone()[0]
    return found


def ask(team: Team, **question: Any) -> Rehearsal:
    """Make a test run; see that it neither writes anything nor asks Kommo."""
    before, calls = everything(), team.world.api_calls()
    found = would_get(team.account.pk, Question(**question), team.world.now)
    assert everything() == before
    assert team.world.api_calls() == calls
    return found


@dataclass
class Outcome:
    """What may be compared of an answer and of a decision."""

    chosen: int | None
    reason: str
    eligible: int
    load: int | None
    lag: int | None
    trigger: int | None
    refusals: dict[int, list[str]]


def answered(found: Rehearsal) -> Outcome:
    row = found.recorded
    return Outcome(
        row.chosen_id,
        row.reason,
        row.eligible,
        row.load_before,
        row.lag_before,
        row.trigger_id,
        {
            one.verdict.manager_id: [refusal.reason.value for refusal in one.verdict.refusals]
            for one in found.chances
        },
    )


def decided(team: Team, lead: int) -> Outcome:
    row = Decision.objects.for_account(team.account).filter(lead_id=lead).latest("pk")
    record = record_of(team.account, row)
    verdicts = all_verdicts(record.roster, {"verdicts": row.verdicts})
    return Outcome(
        row.chosen_id,
        row.reason,
        row.eligible,
        row.load_before,
        row.lag_before,
        row.trigger_id,
        {one.manager_id: [refusal.reason.value for refusal in one.refusals] for one in verdicts},
    )


def stage_of(team: Team) -> tuple[int, int]:
    pipeline, stages = team.world.stages()
    return pipeline, stages[0]


@pytest.mark.parametrize(
    "body",
    [
        {"strategy": "even"},
        {"strategy": "least_loaded"},
        {"strategy": "least_loaded", "limits": {"leads": 2}},
        {"strategy": "even", "limits": {"leads": 1}},
        {"strategy": "even", "gates": {"shift": "off"}},
        {"strategy": "even", "gates": {"presence": "prefer"}},
        {"strategy": "even", "gates": {"start_delay_minutes": 30}},
        {"strategy": "even", "limits": {"pace_leads": 1, "pace_minutes": 60}},
        {"strategy": "even", "hours": {"start": "20:00", "end": "21:00"}},
        {"strategy": "even", "keep_owner": True},
    ],
    ids=str,
)
def test_the_answer_equals_the_decision_made_a_second_later(
    team: Team, world: World, body: dict[str, Any]
) -> None:
    team.deal_with()
    policies.change_simple(team.account, **body)
    world.configure(team.account)
    world.start_shifts([team.oleg, team.ana])
    world.shift(team.ana, "pause")
    world.run()
    for _ in range(5):
        found = ask(team, stage=stage_of(team), owner_id=11000001)
        world.advance(1)
        (lead,) = world.leads(1, responsible_user_id=11000001)
        assert answered(found) == decided(team, lead)
        world.advance(7)
    world.shift(team.ana, "resume")
    world.run()
    found = ask(team, stage=stage_of(team), owner_id=11000001)
    world.advance(1)
    (lead,) = world.leads(1, responsible_user_id=11000001)
    assert answered(found) == decided(team, lead)


def test_weighted_members_groups_and_tiers_are_told_as_they_are_decided(
    team: Team, world: World
) -> None:
    team.deal_with()
    members = [
        {"kind": "manager", "id": team.oleg.kommo_id, "weight": 40},
        {"kind": "manager", "id": team.ana.kommo_id, "weight": 60},
        {"kind": "manager", "id": team.max.kommo_id, "weight": 10, "tier": 2},
    ]
    policies.change_simple(team.account, strategy="weighted", members=members)
    Trigger.objects.update(group=None)
    world.configure(team.account)
    world.start_shifts(team.everybody)
    seen = []
    for _ in range(6):
        found = ask(team, stage=stage_of(team))
        world.advance(1)
        (lead,) = world.leads(1)
        assert answered(found).chosen == decided(team, lead).chosen
        assert (found.decided.tier, found.decided.relaxed) == (1, ())
        seen.append(found.decided.chosen)
    assert (seen.count(team.oleg.kommo_id), seen.count(team.ana.kommo_id)) in [(2, 4), (3, 3)]
    assert [one.before.manager_id for one in found.chances][-1] == team.max.kommo_id
    assert [one.is_among for one in found.chances] == [True, True, False]


def test_the_ledger_is_told_before_and_after(team: Team, world: World) -> None:
    team.deal_with()
    policies.change_simple(team.account, strategy="even")
    world.configure(team.account)
    world.start_shifts([team.oleg, team.ana])
    found = ask(team, stage=stage_of(team))
    lags = {one.before.manager_id: (one.before.lag, one.after.lag) for one in found.chances}
    loads = {one.before.manager_id: (one.before.load, one.after.load) for one in found.chances}
    assert [lags[manager.kommo_id] for manager in team.everybody] == [
        (0, -500_000),
        (0, 500_000),
        (0, 0),
    ]
    assert loads[found.decided.chosen] == (0, 1)


def test_a_lead_that_waits_is_asked_in_its_place_in_the_queue(team: Team, world: World) -> None:
    team.deal_with()
    policies.change_simple(team.account, strategy="even", limits={"leads": 2})
    world.configure(team.account)
    leads = world.leads(3)
    for lead in leads:
        found = ask(team, lead_id=lead)
        assert (found.decided.chosen, found.recorded.reason) == (None, "nobody_on_shift")
    world.advance(60)
    world.shift(team.oleg, "start")
    world.post_hooks()
    found = [ask(team, lead_id=lead) for lead in leads]
    assert [one.decided.chosen for one in found] == [team.oleg.kommo_id] * 2 + [None]
    assert [one.ahead for one in found] == [0, 1, 2]
    assert found[2].recorded.reason == "all_at_limit"
    world.run()
    assert [answered(one).chosen for one in found] == [decided(team, x).chosen for x in leads]
    assert answered(found[2]) == decided(team, leads[2])


@pytest.mark.feature("F126")
def test_a_customers_lead_is_told_to_go_to_its_owner(team: Team, world: World) -> None:
    team.deal_with()
    policies.change_simple(team.account, strategy="even", sticky={"by": "contact"})
    world.configure(team.account)
    world.start_shifts(team.everybody)
    found = ask(team, stage=stage_of(team), customer_of=team.max.kommo_id)
    assert (found.decided.chosen, found.recorded.reason) == (team.max.kommo_id, "sticky")
    (lead,) = world.leads(1)
    LeadMirror.objects.filter(lead_id=lead).update(
        cycle={"customer": [team.ana.kommo_id, "contact", 5]}
    )
    found = ask(team, lead_id=lead)
    assert (found.decided.chosen, found.recorded.reason) == (team.ana.kommo_id, "sticky")


@pytest.mark.feature("B14")
def test_skills_are_asked_as_given(team: Team, world: World) -> None:
    team.deal_with()
    ManagerProfile.objects.update_or_create(
        manager=team.ana, defaults={"account": team.account, "skills": ["English"]}
    )
    skills = {"mode": "hard", "field_id": world.field_id()}
    policies.change_simple(team.account, strategy="even", skills=skills)
    world.configure(team.account)
    world.start_shifts(team.everybody)
    found = ask(team, stage=stage_of(team), skills=("english",))
    assert found.decided.chosen == team.ana.kommo_id
    found = ask(team, stage=stage_of(team), skills=("Turkish",))
    assert (found.decided.chosen, found.recorded.reason) == (None, "nobody_skilled")


@pytest.mark.feature("B12")
def test_the_duty_person_is_named_where_nobody_else_can(team: Team, world: World) -> None:
    team.deal_with()
    nobody = {"then": "duty", "duty": team.max.kommo_id}
    policies.change_simple(team.account, strategy="even", nobody=nobody)
    world.configure(team.account)
    found = ask(team, stage=stage_of(team))
    assert (found.decided.chosen, found.recorded.reason) == (team.max.kommo_id, "duty")
    world.advance(1)
    (lead,) = world.leads(1)
    assert answered(found) == decided(team, lead)


@pytest.mark.feature("N8")
def test_a_template_in_shadow_answers_and_says_that_it_is(team: Team, world: World) -> None:
    team.deal_with()
    Template.objects.update(is_shadow=True)
    world.start_shifts([team.oleg])
    found = ask(team, stage=stage_of(team))
    assert found.decided.chosen == team.oleg.kommo_id
    assert found.trigger.template.is_shadow
    assert found.recorded.is_shadow


def test_a_lead_that_is_dealt_is_asked_as_if_it_came_anew(team: Team, world: World) -> None:
    team.deal_with()
    policies.change_simple(team.account, strategy="least_loaded")
    world.configure(team.account)
    world.start_shifts([team.oleg])
    (lead,) = world.leads(1)
    found = ask(team, lead_id=lead)
    assert found.decided.chosen == team.oleg.kommo_id
    assert {one.before.manager_id: one.before.load for one in found.chances}[
        team.oleg.kommo_id
    ] == 0


def test_an_excluded_lead_is_left_alone(team: Team, world: World) -> None:
    team.deal_with(exclusion_field_id=world.field_id())
    world.start_shifts([team.oleg])
    (lead,) = world.leads(1)
    world.advance(60)
    world.tick(lead, True)
    found = ask(team, lead_id=lead)
    assert (found.decided.chosen, found.recorded.reason) == (None, "lead_excluded")


def test_distribution_that_is_off_still_answers_and_says_so(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    world.save(team.account, is_enabled=False)
    found = ask(team, stage=stage_of(team))
    assert (found.decided.chosen, found.is_enabled) == (team.oleg.kommo_id, False)


def test_a_trigger_is_asked_by_its_number_and_a_watch_is_chosen_by_the_stage(
    team: Team, world: World
) -> None:
    team.deal_with()
    only = [{"kind": "manager", "id": team.max.kommo_id}]
    other = policies.template(team.account, "Night", members=only, gates={"shift": "off"})
    made = policies.trigger(other, Trigger.Kind.PIPELINE, [stage_of(team)])
    world.configure(team.account)
    world.start_shifts([team.oleg])
    assert ask(team, stage=stage_of(team)).decided.chosen == team.oleg.kommo_id
    found = ask(team, trigger_id=made.pk)
    assert (found.decided.chosen, found.trigger.template.name) == (team.max.kommo_id, "Night")
    (lead,) = world.leads(1)
    assert ask(team, lead_id=lead, trigger_id=made.pk).decided.chosen == team.max.kommo_id


def test_what_cannot_be_answered_says_why(team: Team, world: World) -> None:
    team.deal_with()
    (lead,) = world.leads(1)
    world.delete(lead)
    support, stages = world.stages(1)
    asked: list[tuple[type[Exception], dict[str, Any]]] = [
        (UnknownLead, {"lead_id": 4}),
        (UnknownLead, {"lead_id": lead}),
        (UnknownTrigger, {"trigger_id": 4}),
        (NoTrigger, {"stage": (support, stages[0])}),
        (NothingAsked, {}),
    ]
    for error, question in asked:
        with pytest.raises(error):
            would_get(team.account.pk, Question(**question), world.now)
    Template.objects.update(is_enabled=False)  # a ban on writing would not outlive the answer


def run_command(*args: str) -> str:
    out = StringIO()
    call_command("who_gets", *args, stdout=out)
    return out.getvalue()


def test_the_command_tells_who_and_of_everybody_else_why_not(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.oleg, team.ana])
    world.shift(team.ana, "pause")
    (lead,) = world.leads(1)
    told = run_command(str(lead), "--account", team.account.host)
    assert "It would go to Oleg" in told
    assert "Ana: no: on pause" in told
    assert "Max: no: not on shift" in told
    with pytest.raises(CommandError, match="no account has the host"):
        run_command(str(lead), "--account", "rival.kommo.com")
    with pytest.raises(CommandError, match="is not known"):
        run_command("4", "--account", team.account.host)


def test_the_widgets_api_answers_supervisors(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    (lead,) = world.leads(1)
    sonia = Manager.objects.for_account(team.account).get(name="Sonia")
    sonia.is_supervisor = True
    sonia.save(update_fields=["is_supervisor"])
    status, answer = world.ask_widget(sonia, f"test_run?lead={lead}")
    assert (status, answer["manager_id"]) == (200, team.oleg.kommo_id)
    rows = {row["manager_id"]: row for row in answer["candidates"]}
    assert rows[team.ana.kommo_id]["could"] is False
    assert rows[team.ana.kommo_id]["reasons"] == ["not on shift"]
    trigger = Trigger.objects.for_account(team.account).first()
    status, answer = world.ask_widget(sonia, f"test_run?trigger={trigger.pk}")
    assert (status, answer["lead"]) == (200, None)
    refused = {
        "lead=4": (404, "unknown_lead"),
        "trigger=4": (404, "unknown_trigger"),
        "": (422, "nothing_asked"),
        "lead=x": (422, "invalid"),
    }
    for query, expected in refused.items():
        status, answer = world.ask_widget(sonia, f"test_run?{query}")
        assert (status, answer["error"]) == expected, answer
        assert answer["detail"].endswith(".")
    status, answer = world.ask_widget(team.oleg, f"test_run?lead={lead}")
    assert (status, answer["error"]) == (403, "permission_denied")
