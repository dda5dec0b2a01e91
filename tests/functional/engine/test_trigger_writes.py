"""Triggers as an admin sets them up: what is refused, what is noted, what takes effect."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import AuditEntry, Manager
from distribution.models import Register, RegisterEntry, Trigger
from distribution.operations.policies import triggers
from distribution.operations.policies.triggers import (
    create_trigger,
    delete_trigger,
    key_digest,
    rotate_key,
    save_trigger,
    trigger_key,
)
from tests import policies
from tests.functional.engine.senders import put_card, sender, switch_on, template
from tests.functional.main_job.conftest import Team
from tests.world import World


@pytest.fixture
def shop(team: Team) -> Team:
    """The team, with dealing switched on and nothing that sends leads yet."""
    switch_on(team)
    return team


def vera(shop: Team) -> Manager:
    found: Manager = Manager.objects.for_account(shop.account).get(name="Vera")
    return found


def make(shop: Team, **fields: Any) -> Trigger:
    values = {"kind": "pipeline", "actor": vera(shop), "now": shop.world.now, **fields}
    row = values.pop("template", None) or template(shop, "Sales", shop.ana)
    return create_trigger(row, **values)


@pytest.mark.feature("F88")
@pytest.mark.feature("F95")
def test_a_new_trigger_has_a_key_and_a_register_of_its_own_and_is_asked_last(
    shop: Team, world: World
) -> None:
    pipeline, stages = world.stages()
    row = template(shop, "Sales", shop.ana)
    first = make(shop, template=row, stages=[(pipeline, stages[0])], name="  New   leads ")
    second = make(shop, template=row, kind="salesbot")
    assert (first.name, first.stages) == ("New leads", [[pipeline, stages[0]]])
    assert (first.priority, second.priority) == (0, 1)
    assert first.register is not None
    assert first.register.own_of == first
    assert bytes(first.key_digest) == key_digest(trigger_key(first))
    assert trigger_key(first) != trigger_key(second)
    entry = AuditEntry.objects.for_account(shop.account).get(
        action="trigger_created", after__trigger=first.pk
    )
    assert entry.actor_id == vera(shop).kommo_id
    assert entry.after["name"] == "New leads"
    assert trigger_key(first) not in str(entry.after)


@pytest.mark.feature("R2")
@pytest.mark.feature("F88")
def test_a_watch_deals_from_the_moment_at_which_it_is_made_and_not_after_it_is_deleted(
    shop: Team, world: World
) -> None:
    pipeline, _ = world.stages()
    row = template(shop, "Sales", shop.ana)
    watch = make(shop, template=row, kind="watch", stages=[(pipeline, None)])
    world.run()
    (lead,) = world.leads()
    assert world.owner(lead) == shop.ana.kommo_id
    delete_trigger(watch, actor=None, now=world.now)
    world.run()
    (later,) = world.leads()
    assert world.kinds(shop.account, later) == []


def refusals(shop: Team, world: World) -> dict[str, tuple[type[Exception], dict[str, Any]]]:
    pipeline, _ = world.stages()
    rival = world.open("rival.kommo.com", managers=1)
    foreign = Register.objects.create(account=rival, name="Theirs")
    other = make(shop, template=template(shop, "Other", shop.ana))
    return {
        "closed": (triggers.ClosedStage, {"stages": [(pipeline, 142)]}),
        "unknown stage": (triggers.UnknownStage, {"stages": [(pipeline, 5)]}),
        "unknown pipeline": (triggers.UnknownStage, {"stages": [(5, None)]}),
        "another account's pipeline": (
            triggers.UnknownStage,
            {"stages": [(world.stages(host="rival.kommo.com")[0], None)]},
        ),
        "a watch of nothing": (triggers.NoStages, {"kind": "watch"}),
        "another account's register": (triggers.ForeignRegister, {"register": foreign}),
        "another trigger's register": (triggers.ForeignRegister, {"register": other.register}),
        "another account's template": (
            triggers.ForeignTemplate,
            {"template": policies.template(rival, "Theirs"), "save": True},
        ),
        "long": (triggers.BadName, {"name": "x" * 65}),
        "delay": (triggers.BadDelay, {"delay_minutes": -1}),
        "priority": (triggers.BadPriority, {"priority": 40_000}),
        "strict": (
            triggers.NoPace,
            {
                "register": Register.objects.create(
                    account=shop.account, name="Strict", strict_totals=True
                )
            },
        ),
    }


@pytest.mark.feature("F95")
def test_what_cannot_work_is_refused_with_a_reason_and_writes_nothing(
    shop: Team, world: World
) -> None:
    row = template(shop, "Sales", shop.ana)
    pipeline, _ = world.stages()
    watch = make(shop, template=row, kind="watch", stages=[(pipeline, None)])
    cases = refusals(shop, world)
    before = Trigger.objects.count(), AuditEntry.objects.count(), Register.objects.count()
    for name, (error, fields) in cases.items():
        if not fields.pop("save", False):
            with pytest.raises(error) as raised:
                make(shop, template=row, **fields)
            assert len(str(raised.value)) > 20, name
        changes = {key: value for key, value in fields.items() if key != "kind"}
        with pytest.raises(error):
            save_trigger(watch, changes=changes or {"stages": []}, actor=None, now=world.now)
    assert before == (
        Trigger.objects.count(),
        AuditEntry.objects.count(),
        Register.objects.count(),
    )


def test_what_belongs_to_the_page_shift_distribution_is_edited_there(
    team: Team, world: World
) -> None:
    team.deal_with()
    of_group = Trigger.objects.for_account(team.account).get(group__isnull=False)
    simple = of_group.template
    with pytest.raises(triggers.ForeignTemplate):
        make(team, template=simple)
    for change in (delete_trigger, rotate_key):
        with pytest.raises(triggers.GroupsOwn):
            change(of_group, actor=None, now=world.now)
    with pytest.raises(triggers.GroupsOwn):
        save_trigger(of_group, changes={"name": "x"}, actor=None, now=world.now)


@pytest.mark.feature("F95")
@pytest.mark.feature("F118")
def test_a_trigger_may_change_registers_and_finds_its_own_as_it_left_it(
    shop: Team, world: World
) -> None:
    _, stages = world.stages()
    named = Register.objects.create(account=shop.account, name="Shared")
    trigger = sender(shop, template(shop, "Sales", shop.ana))
    put_card(shop, trigger, stages[0])
    own = trigger.register
    world.leads(2, status_id=stages[0])
    for register in (named, None):
        assert save_trigger(trigger, changes={"register": register}, actor=None, now=world.now)
        world.run()
        world.leads(1, status_id=stages[0])
    assert not save_trigger(trigger, changes={"register": own}, actor=None, now=world.now)
    rows = RegisterEntry.objects.for_account(shop.account).values_list("register", "count")
    assert own is not None
    assert dict(rows) == {own.pk: 3, named.pk: 1}


def test_a_deleted_trigger_leaves_named_registers_and_how_its_own_stood(
    shop: Team, world: World
) -> None:
    _, stages = world.stages()
    named = Register.objects.create(account=shop.account, name="Shared")
    row = template(shop, "Sales", shop.ana)
    own, shared = sender(shop, row), sender(shop, row, register=named)
    put_card(shop, own, stages[0])
    world.leads(2, status_id=stages[0])
    for trigger in (own, shared):
        delete_trigger(trigger, actor=None, now=world.now)
    assert list(Register.objects.for_account(shop.account)) == [named]
    rows = AuditEntry.objects.for_account(shop.account).filter(action="trigger_deleted")
    standing = [entry.before["standing"] for entry in rows.order_by("pk")]
    assert standing == [[[shop.ana.kommo_id, 0, 2]], []]


@pytest.mark.feature("F88")
def test_a_new_key_takes_the_place_of_the_old_one(shop: Team, world: World) -> None:
    _, stages = world.stages()
    trigger = sender(shop, template(shop, "Sales", shop.ana))
    old = trigger_key(trigger)
    new = rotate_key(trigger, actor=vera(shop), now=world.now)
    trigger.refresh_from_db()
    assert new == trigger_key(trigger) != old
    put_card(shop, trigger, stages[0])
    (lead,) = world.leads(status_id=stages[0])
    assert world.owner(lead) == shop.ana.kommo_id
    entry = AuditEntry.objects.for_account(shop.account).get(action="trigger_key_rotated")
    assert (entry.before["key"], entry.after["key"]) == (1, 2)
    watch = make(shop, kind="watch", stages=[(world.stages()[0], None)], template=trigger.template)
    with pytest.raises(triggers.KindHasNoKey):
        rotate_key(watch, actor=None, now=world.now)
