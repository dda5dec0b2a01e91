"""Codes, tokens, rotation, revocation and renamed accounts."""

import hashlib
import hmac
import json

import jwt
import pytest

from sandbox import outbound
from sandbox.oauth import revoked_signature
from tests.unit.sandbox.worlds import BASE, CLIENT_ID, SECRET, Sandbox

TOKEN_URL = f"{BASE}/oauth2/access_token"


@pytest.fixture
def sandbox():
    return Sandbox()


def exchanged(sandbox):
    session = sandbox.session(None)
    answer = session.post(
        TOKEN_URL, json=sandbox.token_form("authorization_code", code=sandbox.code())
    )
    assert answer.status_code == 200
    return session, answer.json()


def refreshed(sandbox, session, refresh):
    form = sandbox.token_form("refresh_token", refresh_token=refresh)
    return session.post(TOKEN_URL, json=form)


def test_a_code_gives_a_pair_with_the_claims_that_kommo_has(sandbox):
    _, pair = exchanged(sandbox)

    claims = jwt.decode(pair["access_token"], options={"verify_signature": False})
    assert set(pair) == {
        "token_type", "expires_in", "server_time", "access_token", "refresh_token"
    }  # fmt: skip
    assert pair["expires_in"] == 86_400
    assert claims["account_id"] == sandbox.account.id
    assert claims["sub"] == str(sandbox.user("Vera").id)
    assert claims["base_domain"] == "kommo.com"
    assert claims["api_domain"] == "api-c.kommo.com"


def test_a_code_works_once(sandbox):
    session, code = sandbox.session(None), sandbox.code()
    form = sandbox.token_form("authorization_code", code=code)

    statuses = [session.post(TOKEN_URL, json=form).status_code for _ in range(2)]

    assert statuses == [200, 400]


@pytest.mark.parametrize(("seconds", "status"), [(1_199, 200), (1_200, 400)])
def test_a_code_lives_for_twenty_minutes(sandbox, seconds, status):
    session, code = sandbox.session(None), sandbox.code()
    sandbox.clock.advance(seconds)

    answer = session.post(TOKEN_URL, json=sandbox.token_form("authorization_code", code=code))

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"client_secret": "wrong"}, 401),
        ({"client_id": "unknown"}, 401),
        ({"redirect_uri": "https://app.example/other"}, 400),
        ({"grant_type": "password"}, 400),
    ],
)
def test_a_wrong_token_request_is_a_problem_with_a_hint(sandbox, change, status):
    form = {**sandbox.token_form("authorization_code", code=sandbox.code()), **change}

    answer = sandbox.session(None).post(TOKEN_URL, json=form)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {"title", "detail", "status", "hint"} <= set(answer.json())


def test_the_old_refresh_token_works_until_the_new_pair_is_used(sandbox):
    session, first = exchanged(sandbox)
    lost = refreshed(sandbox, session, first["refresh_token"]).json()

    again = refreshed(sandbox, session, first["refresh_token"])

    assert again.status_code == 200
    assert refreshed(sandbox, session, lost["refresh_token"]).status_code == 401


def test_the_old_refresh_token_dies_when_the_new_access_token_is_used(sandbox):
    session, first = exchanged(sandbox)
    second = refreshed(sandbox, session, first["refresh_token"]).json()
    headers = {"Authorization": f"Bearer {second['access_token']}"}
    assert session.get(f"{BASE}/api/v4/account", headers=headers).status_code == 200

    assert refreshed(sandbox, session, first["refresh_token"]).status_code == 401


def test_without_grace_a_refresh_token_works_once(sandbox):
    sandbox.crm.grants.has_grace = False
    session, first = exchanged(sandbox)
    refreshed(sandbox, session, first["refresh_token"])

    assert refreshed(sandbox, session, first["refresh_token"]).status_code == 401


def test_an_access_token_expires_after_a_day(sandbox):
    session = sandbox.session()
    sandbox.clock.advance(86_399)
    assert session.get(f"{BASE}/api/v4/account").status_code == 200

    sandbox.clock.advance(1)

    assert session.get(f"{BASE}/api/v4/account").status_code == 401


def test_a_refresh_token_expires_after_three_months(sandbox):
    session, pair = exchanged(sandbox)
    sandbox.clock.advance(90 * 86_400)

    assert refreshed(sandbox, session, pair["refresh_token"]).status_code == 401


def test_after_uninstalling_calls_give_401_and_the_hook_is_signed(sandbox):
    session = sandbox.session()
    sandbox.integration.revoked_hook_url = "https://app.example/revoked"

    hook = outbound.revoke(sandbox.crm, sandbox.account, sandbox.integration, None, "client_uuid")

    message = f"{CLIENT_ID}|{sandbox.account.id}".encode()
    expected = hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()
    assert session.get(f"{BASE}/api/v4/account").status_code == 401
    assert f"client_uuid={CLIENT_ID}" in hook.url
    assert f"signature={expected}" in hook.url
    assert revoked_signature(CLIENT_ID, sandbox.account.id, SECRET) == expected


def test_a_token_keeps_working_when_its_user_is_deactivated(sandbox):
    session = sandbox.session("Oleg")
    sandbox.user("Oleg").is_active = False

    assert session.get(f"{BASE}/api/v4/account").status_code == 200


def test_a_renamed_account_is_found_by_its_refresh_token(sandbox):
    session, pair = exchanged(sandbox)
    sandbox.crm.rename(sandbox.account, "bolder.kommo.com")

    assert refreshed(sandbox, session, pair["refresh_token"]).status_code == 404
    found = session.get(
        "https://api-c.kommo.com/oauth2/account/current/subdomain",
        headers={"X-Refresh-Token": pair["refresh_token"]},
    )
    assert found.json()["domain"] == "bolder.kommo.com"
    assert set(found.json()) == {"id", "subdomain", "domain", "top_level_domain"}


def test_a_one_time_token_has_the_documented_claims(sandbox):
    token = outbound.widget_token(
        sandbox.crm, sandbox.account, sandbox.user("Ana"), sandbox.integration
    )

    options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    claims = jwt.decode(token, SECRET, ["HS256"], audience="https://app.example", options=options)
    assert claims["iss"] == BASE
    assert claims["user_id"] == sandbox.user("Ana").id
    assert claims["exp"] - claims["iat"] == 1_800
    assert set(claims) == {
        "iss", "aud", "jti", "iat", "nbf", "exp", "account_id", "user_id", "subdomain",
        "client_uuid",
    }  # fmt: skip


def test_the_install_hook_has_no_state(sandbox, kommo_payload):
    hook = outbound.install(sandbox.crm, sandbox.account, sandbox.user("Vera"), sandbox.integration)

    captured = kommo_payload("15_install_redirect_from_widget")["query"]
    sent = dict(pair.split("=") for pair in hook.url.split("?")[1].split("&"))
    assert set(sent) == set(captured)
    assert sent["referer"] == "acme.kommo.com"


def test_a_bot_waits_until_it_is_continued_once(sandbox):
    lead = sandbox.leads()[0]
    wait, outgoing = outbound.run_bot(
        sandbox.crm, sandbox.account, lead, sandbox.integration, "https://app.example/bot", {}
    )
    session, url = sandbox.session(), outgoing.json["return_url"]

    statuses = [session.post(url, json={"data": {"status": "success"}}).status_code for _ in "ab"]

    claims = jwt.decode(outgoing.json["token"], SECRET, ["HS512"], options={"verify_exp": False})
    assert statuses == [202, 404]
    assert json.loads(json.dumps(wait.answer)) == {"data": {"status": "success"}}
    assert claims["entity_id"] == lead.id
