"""Limits and faults, seen through `requests` in virtual time."""

import pytest
import requests

from sandbox.faults import Armed, Fault
from tests.unit.sandbox.worlds import BASE, Sandbox

API = f"{BASE}/api/v4"
REFUSED = {
    Fault.TOO_MANY_REQUESTS: 429,
    Fault.SERVER_ERROR: 500,
    Fault.GATEWAY_TIMEOUT: 504,
    Fault.IP_BLOCKED: 403,
    Fault.PAYMENT_REQUIRED: 402,
    Fault.UNAUTHORIZED: 401,
}
SPOILT = {
    Fault.SERVER_ERROR_AFTER_COMMIT: 500,
    Fault.GATEWAY_TIMEOUT_AFTER_COMMIT: 504,
    Fault.HTML: 200,
    Fault.TRUNCATED: 200,
    Fault.EMPTY: 200,
}


@pytest.fixture
def sandbox():
    return Sandbox()


def armed(sandbox, kind, **more):
    return sandbox.crm.faults.arm(Armed(sandbox.account.id, kind, count=1, **more))


def patched(sandbox, session, **more):
    lead = next(iter(sandbox.account.leads.values()))
    return session.patch(f"{API}/leads/{lead.id}", json={"price": 77}, **more)


@pytest.mark.parametrize(("kind", "status"), REFUSED.items())
def test_a_fault_before_the_commit_writes_nothing(sandbox, kind, status):
    lead, session = sandbox.leads()[0], sandbox.session()
    armed(sandbox, kind)

    assert patched(sandbox, session).status_code == status
    assert lead.price == 0
    assert patched(sandbox, session).status_code == 200


@pytest.mark.parametrize(("kind", "status"), SPOILT.items())
def test_a_fault_after_the_commit_has_written(sandbox, kind, status):
    lead, session = sandbox.leads()[0], sandbox.session()
    armed(sandbox, kind)

    answer = patched(sandbox, session)

    assert (answer.status_code, lead.price) == (status, 77)
    if status == 200:
        with pytest.raises(ValueError):
            answer.json()


@pytest.mark.parametrize(("kind", "price"), [
    (Fault.DROP_BEFORE_COMMIT, 0), (Fault.DROP_AFTER_COMMIT, 77),
])  # fmt: skip
def test_a_dropped_connection_raises(sandbox, kind, price):
    lead, session = sandbox.leads()[0], sandbox.session()
    armed(sandbox, kind)

    with pytest.raises(requests.ConnectionError):
        patched(sandbox, session)

    assert lead.price == price


@pytest.mark.parametrize("kind", [Fault.SLOW, Fault.SLOW_BEFORE_COMMIT])
def test_a_slow_answer_times_out_in_virtual_time_after_the_write(sandbox, kind):
    lead, session, start = sandbox.leads()[0], sandbox.session(), sandbox.clock.now()
    armed(sandbox, kind, seconds=30.0)

    with pytest.raises(requests.ReadTimeout):
        patched(sandbox, session, timeout=(1, 5))

    assert lead.price == 77
    assert sandbox.clock.now() - start == 5


def test_a_slow_answer_within_the_time_out_costs_its_time(sandbox):
    sandbox.leads()
    session, start = sandbox.session(), sandbox.clock.now()
    armed(sandbox, Fault.SLOW, seconds=3.0)

    assert patched(sandbox, session, timeout=5).status_code == 200
    assert sandbox.clock.now() - start == 3


def test_probability_comes_from_the_seed(sandbox):
    sandbox.crm.faults.arm(Armed(0, Fault.SERVER_ERROR, probability=0.3))
    session = sandbox.session(None)

    failed = sum(session.get(f"{API}/account").status_code == 500 for _ in range(1_000))

    assert 250 < failed < 350


def test_a_fault_can_name_a_method_and_a_path(sandbox):
    sandbox.leads()
    session = sandbox.session()
    sandbox.crm.faults.arm(Armed(0, Fault.SERVER_ERROR, method="PATCH", path="/leads"))

    assert session.get(f"{API}/leads").status_code == 200
    assert patched(sandbox, session).status_code == 500


def test_the_eighth_call_within_a_second_is_429():
    sandbox = Sandbox(calls_per_second=7)
    session = sandbox.session()
    sandbox.clock.advance(10)

    statuses = [session.get(f"{API}/account").status_code for _ in range(8)]

    assert statuses == [200] * 7 + [429]
    sandbox.clock.advance(1)
    answer = session.get(f"{API}/account")
    assert answer.status_code == 200
    assert sandbox.account.most_calls_in_a_second() == 8


def test_a_429_names_retry_after():
    sandbox = Sandbox(calls_per_second=1)
    sandbox.account.limits.retry_after = 300
    session = sandbox.session(None)
    session.get(f"{API}/account")

    body = session.get(f"{API}/account").json()

    assert {"title", "status", "detail", "retry_after"} <= set(body)
    assert body["retry_after"] == 300


def test_an_ip_limit_counts_over_accounts(sandbox):
    from sandbox.seed import Plan, open_account

    rival = open_account(sandbox.crm, Plan(host="rival.kommo.com", calls_per_second=0))
    sandbox.account.limits.per_ip = rival.limits.per_ip = 7
    session = sandbox.session(None)
    hosts = [BASE, "https://rival.kommo.com"] * 4

    statuses = [session.get(f"{host}/api/v4/account").status_code for host in hosts]

    assert statuses == [401] * 7 + [429]


def test_repeated_429_block_the_ip_and_disable_webhooks():
    sandbox = Sandbox(calls_per_second=0)
    sandbox.subscribe()
    session = sandbox.session()
    sandbox.account.limits.per_account, sandbox.account.limits.block_ip_after = 1, 5

    statuses = {session.get(f"{API}/account").status_code for _ in range(10)}

    assert 403 in statuses
    assert all(row.disabled for row in sandbox.account.subscriptions.values())
