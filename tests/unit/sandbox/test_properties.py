"""What holds after any sequence of changes: indexes, histories, events and hooks tell one story."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.leads import Actor, LeadChange, change_leads, delete_leads, restore_leads
from sandbox.wire import Query
from tests.unit.sandbox.worlds import BASE, Sandbox

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["move", "assign", "delete", "restore", "wait", "date"]),
        st.integers(0, 4),
        st.integers(0, 5),
    ),
    max_size=25,
)


def take(sandbox, step):
    """Apply one step to the sandbox's leads."""
    kind, which, value = step
    account, crm = sandbox.account, sandbox.crm
    lead = list(account.leads.values())[which]
    if kind == "wait":
        sandbox.clock.advance(value)
    elif kind == "delete" and not lead.is_deleted:
        delete_leads(crm, account, [lead], Actor(0))
    elif kind == "restore" and lead.is_deleted:
        restore_leads(crm, account, [lead], Actor(0))
    elif not lead.is_deleted and kind in ("move", "assign", "date"):
        stages = list(account.pipelines[lead.pipeline_id].stages)
        users = list(account.users)
        values = {
            "move": {"status_id": stages[value]},
            "assign": {"responsible_user_id": users[value]},
            "date": {"updated_at": int(sandbox.clock.now()) + value * 100 - 200},
        }[kind]
        change_leads(crm, account, [LeadChange(lead, values)], Actor(users[0]))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_indexes_histories_and_events_agree_with_the_rows(steps):
    sandbox = Sandbox()
    sandbox.leads(5)
    for step in steps:
        take(sandbox, step)

    account = sandbox.account
    alive = [lead for lead in account.leads.values() if not lead.is_deleted]
    assert {n for ids in account.by_stage.values() for n in ids} == {lead.id for lead in alive}
    for lead in alive:
        assert lead.id in account.by_stage[lead.pipeline_id, lead.status_id]
        assert lead.id in account.by_owner[lead.responsible_user_id]
    for lead in account.leads.values():
        assert lead.owners[-1].after == lead.responsible_user_id
        assert [o.before for o in lead.owners[1:]] == [o.after for o in lead.owners[:-1]]
    times = [event.created_at for event in account.events]
    assert times == sorted(times)


@settings(max_examples=100, deadline=None)
@given(steps=STEPS, back=st.integers(-300, 300))
def test_updated_since_finds_exactly_the_leads_updated_since(steps, back):
    sandbox = Sandbox()
    sandbox.leads(5)
    for step in steps:
        take(sandbox, step)
    since = int(sandbox.clock.now()) + back
    expected = {
        lead.id for lead in sandbox.account.leads.values()
        if lead.updated_at >= since and not lead.is_deleted
    }  # fmt: skip

    answer = sandbox.session().get(f"{BASE}/api/v4/leads?filter[updated_at][from]={since}")

    found = answer.json()["_embedded"]["leads"] if answer.status_code == 200 else []
    assert {lead["id"] for lead in found} == expected


@pytest.mark.parametrize("duplicate", [0.0, 0.5])
@settings(max_examples=50, deadline=None)
@given(steps=STEPS, jitter=st.floats(0, 30), bad=st.sets(st.integers(1, 60)))
def test_every_change_is_delivered_at_least_once(duplicate, steps, jitter, bad):
    sandbox = Sandbox()
    sandbox.subscribe()
    weather = sandbox.account.weather
    weather.jitter, weather.duplicate = jitter, duplicate
    sandbox.leads(5)
    for step in steps:
        take(sandbox, step)

    told = []
    for _ in range(12):
        for delivery in sandbox.crm.due_deliveries(sandbox.crm.now()):
            fails = delivery.id in bad
            sandbox.crm.settle_delivery(delivery, 503 if fails else 204)
            told += [] if fails else [dict(delivery.pairs)]
        sandbox.clock.advance(1_000)

    owners = {
        body["leads[responsible][0][responsible_user_id]"]
        for body in told if "leads[responsible][0][id]" in body
    }  # fmt: skip
    history = {str(o.after) for lead in sandbox.account.leads.values() for o in lead.owners[1:]}
    assert owners == history
    assert not sandbox.crm.post.in_flight


@given(st.lists(st.integers(0, 10**9), max_size=20))
def test_all_ways_to_write_a_list_are_read_alike(numbers):
    ways = [
        "&".join(f"filter[id][]={n}" for n in numbers),
        "&".join(f"filter[id][{i}]={n}" for i, n in enumerate(numbers)),
        "filter%5Bid%5D=" + ",".join(map(str, numbers)),
    ]
    assert [Query(way).numbers("filter[id]") for way in ways] == [numbers] * 3
