"""What is linked to a lead follows its new owner, each by an effect of its own (F131-F136, R31)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import pytest
from requests import PreparedRequest, Response

from distribution.models import Decision, Effect
from distribution.operations.deciding.turn import take_turn
from tests.functional.engine.cards import (
    company,
    contact,
    earlier_lead,
    lay,
    owner_of,
    paths,
)
from tests.functional.main_job.conftest import Team
from tests.world import HOST, World

EVERYTHING = [
    "contacts",
    "companies",
    "customers",
    "lead_tasks",
    "linked_tasks",
    "company_leads",
    "contact_leads",
]


def ready(team: Team, *linked: str) -> None:
    """Deal to Oleg alone, with these linked entities following."""
    team.world.crm("account", customers_mode="segments")
    team.deal_with()
    lay(team, linked=list(linked))
    team.world.start_shifts([team.oleg])


def people_of(world: World) -> Mapping[int, Any]:
    account = world.sandbox.crm.account_at(HOST)
    assert account is not None
    return account.people["contacts"]


class Deal:
    """A lead with everything on it, all of it Max's, who is off shift; the lead goes to Oleg."""

    def __init__(self, team: Team) -> None:
        self.team, self.world = team, team.world
        world, owner = team.world, team.max
        self.company = company(world, owner)
        self.contact = contact(world, owner, company_id=self.company)
        self.other = contact(world, owner)
        (self.customer,) = world.crm(
            "customers", responsible_user_id=owner.kommo_id, contact_ids=[self.contact]
        )["ids"]
        self.company_lead = earlier_lead(
            world, company_id=self.company, contacts=0, responsible_user_id=owner.kommo_id
        )
        self.contact_lead = earlier_lead(
            world, contact_ids=[self.contact], responsible_user_id=owner.kommo_id
        )
        self.lead = world.leads(
            contact_ids=[self.contact, self.other], company_id=self.company, run=False
        )[0]
        self.lead_task = self.task(lead_id=self.lead)
        self.done_task = self.task(lead_id=self.lead)
        world.crm("complete_task", task_id=self.done_task)
        self.contact_task = self.task(entity_type="contacts", entity_id=self.contact)
        self.company_task = self.task(entity_type="companies", entity_id=self.company)

    def task(self, **on: Any) -> int:
        """Return an open task of Max's."""
        form = {"responsible_user_id": self.team.max.kommo_id, **on}
        (number,) = self.world.crm("task", **form)["task_ids"]
        return int(number)

    def moved(self) -> set[str]:
        """Return the names of what is Oleg's; everything else is still Max's."""
        things = {
            "contact": owner_of(self.world, "contacts", self.contact),
            "other contact": owner_of(self.world, "contacts", self.other),
            "company": owner_of(self.world, "companies", self.company),
            "customer": owner_of(self.world, "customers", self.customer),
            "task": owner_of(self.world, "tasks", self.lead_task),
            "task that is done": owner_of(self.world, "tasks", self.done_task),
            "contact's task": owner_of(self.world, "tasks", self.contact_task),
            "company's task": owner_of(self.world, "tasks", self.company_task),
            "company's lead": self.world.owner(self.company_lead),
            "contact's lead": self.world.owner(self.contact_lead),
        }
        assert self.world.owner(self.lead) == self.team.oleg.kommo_id
        allowed = {self.team.oleg.kommo_id, self.team.max.kommo_id}
        assert set(things.values()) <= allowed
        return {name for name, owner in things.items() if owner == self.team.oleg.kommo_id}


@pytest.mark.feature("F131", "F132", "F133", "F134", "F135", "F136", "R31")
@pytest.mark.parametrize(
    ("kind", "moved"),
    [
        ("contacts", {"contact", "other contact"}),
        ("companies", {"company"}),
        ("customers", {"customer"}),
        ("lead_tasks", {"task"}),
        ("linked_tasks", {"contact's task", "company's task"}),
        ("company_leads", {"company's lead"}),
        ("contact_leads", {"contact's lead"}),
    ],
)
def test_each_kind_follows_alone(team: Team, world: World, kind: str, moved: set[str]) -> None:
    ready(team, kind)
    deal = Deal(team)
    world.run()
    assert deal.moved() == moved


@pytest.mark.feature("R31")
def test_nothing_follows_where_nothing_is_ticked(team: Team, world: World) -> None:
    ready(team)
    deal = Deal(team)
    world.run()
    assert deal.moved() == set()


@pytest.mark.feature("R31")
def test_everything_follows_but_what_is_done(team: Team, world: World) -> None:
    ready(team, *EVERYTHING)
    deal = Deal(team)
    world.run()
    assert deal.moved() == {
        "contact", "other contact", "company", "customer", "task", "contact's task",
        "company's task", "company's lead", "contact's lead",
    }  # fmt: skip
    assert not Effect.objects.filter(state__in=Effect.OPEN).exists()


@pytest.mark.feature("F131")
def test_the_number_of_calls_of_a_lone_lead(team: Team, world: World) -> None:
    ready(team)
    world.leads(contacts=0)
    world.advance(1)
    calls = world.api_calls()
    world.leads()
    assert world.api_calls() - calls == 2  # without linked entities nothing more is asked
    lay(team, linked=["lead_tasks"])
    calls = world.api_calls()
    world.leads()
    assert world.api_calls() - calls == 3  # there is no open task


@pytest.mark.feature("R31")
def test_a_burst_of_a_hundred_leads_costs_a_handful_of_calls(team: Team, world: World) -> None:
    ready(team, *EVERYTHING)
    owner = team.max.kommo_id
    firms = [company(world, team.max) for _ in range(20)]
    people = [contact(world, team.max) for _ in range(100)]
    for number, one in enumerate(people):
        if number % 10 == 0:
            world.crm("customers", responsible_user_id=owner, contact_ids=[one])
    world.run()
    calls = world.api_calls()
    leads = []
    for number, one in enumerate(people):
        leads += world.leads(contact_ids=[one], company_id=firms[number % 20], run=False)
        world.crm("task", lead_id=leads[-1], responsible_user_id=owner)
    world.run()
    assert world.loads(leads) == {team.oleg.kommo_id: 100}
    assert {owner_of(world, "contacts", one) for one in people} == {team.oleg.kommo_id}
    asked = paths(world, calls)
    assert len(asked) <= 16, asked


@pytest.mark.feature("F131")
def test_what_belongs_to_the_new_owner_already_is_not_written(team: Team, world: World) -> None:
    ready(team, "contacts")
    mine = contact(world, team.oleg)
    world.leads(contact_ids=[mine])
    assert not Effect.objects.filter(kind="contact").exists()


@pytest.mark.feature("F131")
def test_a_contact_that_kommo_refuses_leaves_the_lead_and_the_others_done(
    team: Team, world: World
) -> None:
    ready(team, "contacts", "companies", "lead_tasks")
    deal = Deal(team)
    gone = contact(world, team.max)
    world.crm("link", lead_id=deal.lead, contact_id=gone)
    world.crm("faults", kind="drop_before_commit", method="PATCH", path="/contacts", count=1)
    world.run()
    people_of(world)[gone].is_deleted = True
    world.advance(30)
    world.advance(30)
    assert deal.moved() == {"contact", "other contact", "company", "task"}
    effect = Effect.objects.get(kind="contact", entity_id=gone)
    assert (effect.state, effect.result) == ("failed", "it is gone")


@pytest.mark.feature("F131")
@pytest.mark.parametrize("is_named", [True, False])
def test_bad_contacts_in_a_batch_are_left_out_and_all_others_are_written(
    team: Team, world: World, monkeypatch: pytest.MonkeyPatch, is_named: bool
) -> None:
    """They go between our read and our write; Kommo names them, or only says that something is wrong."""
    ready(team, "contacts")
    people = [contact(world, team.max) for _ in range(40)]
    bad = {people[0], people[7], people[39]}
    send, refused = world.adapter.send, []

    def send_and_delete(request: PreparedRequest, **how: Any) -> Response:
        answer = send(request, **how)
        if "/api/v4/contacts" in str(request.url):
            for one in bad:
                people_of(world)[one].is_deleted = True
            if not is_named and answer.status_code == 400:
                answer.raw = BytesIO(b'{"title": "Bad Request", "status": 400}')
                refused.append(answer)
        return answer

    monkeypatch.setattr(world.adapter, "send", send_and_delete)
    (lead,) = world.leads(contact_ids=people)
    assert world.owner(lead) == team.oleg.kommo_id
    assert is_named or len(refused) > 3  # halved until each bad one was alone
    states = Effect.objects.filter(kind="contact").values_list("entity_id", "state")
    assert dict(states) == {one: "failed" if one in bad else "done" for one in people}
    kept = [owner_of(world, "contacts", one) for one in people if one not in bad]
    assert set(kept) == {team.oleg.kommo_id}


@pytest.mark.feature("F131", "F132", "F134")
@pytest.mark.parametrize("fault", ["drop_after_commit", "drop_before_commit", "server_error"])
@pytest.mark.parametrize("path", ["/contacts", "/companies", "/customers", "/tasks"])
def test_an_unclear_answer_neither_loses_nor_doubles(
    team: Team, world: World, path: str, fault: str
) -> None:
    ready(team, *EVERYTHING[:5])
    deal = Deal(team)
    world.crm("faults", kind=fault, method="PATCH", path=path, count=1)
    world.run()
    for _ in range(4):
        world.advance(20)
    assert deal.moved() == {
        "contact", "other contact", "company", "customer", "task", "contact's task",
        "company's task",
    }  # fmt: skip
    assert not Effect.objects.filter(state__in=Effect.OPEN).exists()
    assert Effect.objects.exclude(state="done").count() == 0


@pytest.mark.feature("F131")
def test_a_lookup_that_fails_is_tried_again(team: Team, world: World) -> None:
    ready(team, *EVERYTHING[:5])
    deal = Deal(team)
    for path in ("/contacts", "/companies", "/tasks"):
        world.crm("faults", kind="server_error", method="GET", path=path, count=1)
    world.run()
    for _ in range(4):
        world.advance(20)
    assert len(deal.moved()) == 7


@pytest.mark.feature("F131")
def test_a_persons_change_of_a_contact_wins(team: Team, world: World) -> None:
    ready(team, "contacts")
    deal = Deal(team)
    world.crm("faults", kind="drop_before_commit", method="PATCH", path="/contacts", count=1)
    world.run()
    world.crm(
        "edit_linked",
        kind="contacts",
        id=deal.contact,
        changes={"responsible_user_id": team.ana.kommo_id},
    )
    world.advance(30)
    assert owner_of(world, "contacts", deal.contact) == team.ana.kommo_id
    assert owner_of(world, "contacts", deal.other) == team.oleg.kommo_id
    effect = Effect.objects.get(kind="contact", entity_id=deal.contact)
    assert (effect.state, effect.result) == ("superseded", "a person decided")


@pytest.mark.feature("F134")
def test_a_task_that_is_done_meanwhile_keeps_its_owner(team: Team, world: World) -> None:
    ready(team, "lead_tasks")
    deal = Deal(team)
    world.crm("faults", kind="drop_before_commit", method="PATCH", path="/tasks", count=1)
    world.run()
    world.crm("complete_task", task_id=deal.lead_task)
    world.advance(30)
    assert deal.moved() == set()


@pytest.mark.feature("F133")
@pytest.mark.parametrize("refusal", [402, 403, 400])
def test_customers_that_are_switched_off_cost_nothing_and_stop_nothing(
    team: Team, world: World, refusal: int
) -> None:
    ready(team, "contacts", "customers")
    deal = Deal(team)
    world.crm("account", customers_mode="disabled", customers_refusal=refusal)
    world.run()
    assert owner_of(world, "contacts", deal.contact) == team.oleg.kommo_id
    assert not Effect.objects.filter(kind="customer").exists()


@pytest.mark.feature("F133")
@pytest.mark.parametrize("refusal", [402, 403, 400])
def test_customers_switched_off_on_the_way_are_given_up_with_the_reason(
    team: Team, world: World, refusal: int
) -> None:
    ready(team, "contacts", "customers")
    deal = Deal(team)
    world.crm("faults", kind="drop_before_commit", method="PATCH", path="/customers", count=1)
    world.run()
    world.crm("account", customers_mode="disabled", customers_refusal=refusal)
    world.advance(30)
    world.advance(30)
    effect = Effect.objects.get(kind="customer")
    assert (effect.state, str(refusal) in effect.result) == ("failed", True), effect.result
    assert deal.moved() == {"contact", "other contact"}


@pytest.mark.feature("F131")
def test_of_two_leads_of_one_contact_the_later_one_has_it(team: Team, world: World) -> None:
    ready(team, "contacts")
    world.start_shifts([team.ana])
    shared = contact(world, team.max)
    leads = [world.leads(contact_ids=[shared], run=False)[0] for _ in range(2)]
    world.run()
    assert owner_of(world, "contacts", shared) == world.owner(leads[1])


@pytest.mark.feature("F131")
def test_an_old_lookup_gives_nothing_to_whom_the_lead_no_longer_belongs(
    team: Team, world: World
) -> None:
    ready(team, "contacts", "lead_tasks")
    deal = Deal(team)
    world.crm("faults", kind="server_error", method="GET", path="/contacts", count=1)
    world.run()
    world.edit(deal.lead, responsible_user_id=team.ana.kommo_id)
    world.advance(30)
    assert owner_of(world, "contacts", deal.contact) == team.max.kommo_id
    assert owner_of(world, "tasks", deal.lead_task) == team.max.kommo_id


@pytest.mark.feature("R31")
def test_what_is_redistributed_takes_its_contact_along(team: Team, world: World) -> None:
    ready(team, "contacts")
    team.world.configure(team.account, redistribution_enabled=True)
    lay(team, departure={"moves": True})
    mine = contact(world, team.oleg)
    (lead,) = world.leads(contact_ids=[mine])
    world.start_shifts([team.ana])
    world.shift(team.oleg, "end")
    world.run()
    world.advance(3600)
    assert world.owner(lead) == team.ana.kommo_id
    assert owner_of(world, "contacts", mine) == team.ana.kommo_id


@pytest.mark.feature("R31")
@pytest.mark.parametrize("is_done", [True, False])
@pytest.mark.parametrize("fatal", range(1, 13))
def test_a_worker_that_dies_at_any_call_leaves_nothing_undone_and_nothing_doubled(
    team: Team, world: World, monkeypatch: pytest.MonkeyPatch, fatal: int, is_done: bool
) -> None:
    """The n-th call of the delivery kills its worker, before or after Kommo has carried it out."""
    ready(team, *EVERYTHING)
    deal = Deal(team)
    world.post_hooks()
    take_turn()
    send, calls = world.adapter.send, itertools.count(1)

    def send_or_die(request: PreparedRequest, **how: Any) -> Response:
        if next(calls) != fatal:
            return send(request, **how)
        if is_done:
            send(request, **how)
        raise SystemError("the worker dies")

    monkeypatch.setattr(world.adapter, "send", send_or_die)
    world.run()
    for _ in range(3):
        world.advance(20)
    assert next(calls) > fatal
    assert len(deal.moved()) == 9
    effects = Effect.objects.exclude(kind__in=["owner", "links"])
    keys = list(effects.values_list("kind", "entity_id"))
    assert len(keys) == len(set(keys)) == 7
    assert not Effect.objects.exclude(state="done").exists()
    assert Decision.objects.filter(kind="linked").count() == 2


@pytest.mark.feature("R31", "R20")
def test_notes_say_whose_customer_it_is_and_what_follows(team: Team, world: World) -> None:
    firm = company(world, team.max)
    before = earlier_lead(world, company_id=firm)
    team.deal_with(notes_enabled=True)
    lay(team, linked=["company_leads"], sticky={"by": "company", "owner_away": "distribute"})
    world.start_shifts([team.oleg])
    (lead,) = world.leads(company_id=firm)
    assert world.owner(lead) == team.oleg.kommo_id
    assert "Distributed to Oleg: Max, whose customer this is, cannot" in world.notes(lead)[0]
    assert "Given to Oleg together with another lead" in world.notes(before)[0]
    lay(team, sticky={"owner_away": "give"})
    (lead,) = world.leads(company_id=firm)
    assert "Given to Max, whose customer this is." in world.notes(lead)[0]
