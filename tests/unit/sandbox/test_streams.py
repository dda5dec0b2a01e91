"""Streams of leads in virtual time, seeds, and accounts from a description."""

from random import Random

import pytest

from sandbox.model import ROBOT
from sandbox.seed import Plan, open_account
from sandbox.stream import Stream, Streams, usual_place
from tests.unit.sandbox.worlds import Sandbox


def started(sandbox, **values):
    streams, place = Streams(), usual_place(sandbox.account)
    fixed = {"count": 100, "per_second": 2.0, "random": Random(3)}
    stream = Stream(1, sandbox.account.id, place, started_at=sandbox.clock.now(), **fixed | values)
    streams.running[1] = stream
    return streams


def test_leads_of_a_stream_arrive_at_its_rate():
    sandbox = Sandbox()
    streams = started(sandbox)
    seen = []
    for _ in range(4):
        streams.tick(sandbox.crm)
        seen.append(len(sandbox.account.leads))
        sandbox.clock.advance(10)

    assert seen == [1, 21, 41, 61]


def test_a_stream_without_a_rate_comes_at_once_in_bearable_pieces():
    sandbox = Sandbox()
    streams = started(sandbox, count=600, per_second=0)

    assert [streams.tick(sandbox.crm) for _ in range(4)] == [250, 250, 100, 0]


def test_leads_of_a_stream_come_from_nobody_and_have_a_contact():
    sandbox = Sandbox()
    started(sandbox).tick(sandbox.crm)

    (lead,) = sandbox.account.leads.values()
    assert lead.created_by == ROBOT
    assert lead.responsible_user_id == sandbox.user("Vera").id
    assert sandbox.account.people["contacts"][lead.contact_ids[0]].lead_ids == [lead.id]


def test_the_same_seed_gives_the_same_world():
    def names():
        sandbox = Sandbox()
        started(sandbox, count=40, per_second=0).tick(sandbox.crm)
        return [lead.name for lead in sandbox.account.leads.values()], sandbox.code()

    assert names() == names()


def test_accounts_share_no_ids():
    sandbox = Sandbox()
    others = [open_account(sandbox.crm, Plan(host=f"a{n}.kommo.com")) for n in range(20)]
    accounts = [sandbox.account, *others]

    for kind in ("users", "pipelines"):
        ids = [number for account in accounts for number in getattr(account, kind)]
        assert len(ids) == len(set(ids))
    assert len({account.id for account in accounts}) == 21


def test_a_big_team_has_distinct_names():
    sandbox = Sandbox()

    account = open_account(sandbox.crm, Plan(host="big.kommo.com", managers=500))

    assert len({user.name for user in account.users.values()}) == 502


def test_a_taken_host_is_refused():
    sandbox = Sandbox()

    with pytest.raises(ValueError):
        open_account(sandbox.crm, Plan())
