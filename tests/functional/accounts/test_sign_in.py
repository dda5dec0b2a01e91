"""Signing in with Kommo: states, roles, who may come in, and what a stranger sees."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from accounts.models import Account, Authorization, Credential, Manager
from sandbox import outbound
from sandbox.control import Control
from tests.functional.accounts.conftest import ACME, RIVAL, install, user_id

pytestmark = pytest.mark.django_db


def begin(client: Client, next_path: str = "/page") -> str:
    """Begin a sign-in; return the state that goes to Kommo."""
    answer = client.get("/signin", {"next": next_path})
    parts = urlsplit(answer["Location"])
    assert (parts.netloc, parts.path) == ("www.kommo.com", "/oauth")
    query = parse_qs(parts.query)
    assert query["client_id"] == ["test-client"]
    return query["state"][0]


def consent(kommo: Control, state: str, host: str = ACME, name: str = "Vera") -> str:
    """Let a user consent at Kommo; return where the browser goes."""
    crm = kommo.world.crm
    account = crm.account_at(host)
    assert account is not None
    user = account.users[user_id(kommo, host, name)]
    url = outbound.consent(crm, account, user, crm.integrations["test-client"], state)
    return url.removeprefix("https://peresmenka.example")


def sign_in(client: Client, kommo: Control, host: str = ACME, name: str = "Vera") -> Any:
    return client.get(consent(kommo, begin(client), host, name), follow=True)


def test_an_admin_signs_in_and_comes_to_the_page_asked_for(
    acme: Account, kommo: Control, client: Client
) -> None:
    first = client.get("/page")
    assert first.status_code == 302
    assert first["Location"] == "/signin?next=%2Fpage"
    answer = sign_in(client, kommo)
    assert answer.redirect_chain[-1][0] == "/page"
    assert answer.content.decode().startswith("Vera")


def test_an_admins_first_sign_in_installs_the_account(
    kommo: Control, client: Client, now: datetime
) -> None:
    from accounts.operations.housekeeping import do_housekeeping

    answer = sign_in(client, kommo)
    assert answer.status_code == 202  # the first sync has not read the managers yet
    do_housekeeping(now)
    answer = client.get("/signin/wait", follow=True)
    assert answer.content.decode().startswith("Vera")
    assert Account.objects.get().sync_state == "done"


def test_a_managers_own_token_is_not_kept(acme: Account, kommo: Control, client: Client) -> None:
    version = Credential.objects.get().version
    assert sign_in(client, kommo, name="Oleg").content.decode().startswith("Oleg")
    assert Credential.objects.get().version == version
    acme.refresh_from_db()
    assert acme.service_user_id == user_id(kommo, ACME, "Vera")


def test_a_manager_of_an_account_without_peresmenka_is_told_so(
    kommo: Control, client: Client
) -> None:
    answer = sign_in(client, kommo, name="Oleg")
    assert answer.status_code == 403
    assert "not installed" in answer.content.decode()
    assert not Account.objects.exists()


def test_a_deactivated_manager_does_not_come_in(
    acme: Account, kommo: Control, client: Client
) -> None:
    sign_in(client, kommo, name="Oleg")
    Manager.objects.filter(name__startswith="Oleg").update(is_active_in_kommo=False)
    assert client.get("/page").status_code == 302


def test_nobody_comes_in_once_the_account_has_left(
    acme: Account, kommo: Control, client: Client
) -> None:
    sign_in(client, kommo)
    Account.objects.update(state="left")
    assert client.get("/page").status_code == 302


def test_a_state_works_once(acme: Account, kommo: Control, client: Client) -> None:
    state = begin(client)
    assert client.get(consent(kommo, state), follow=True).status_code == 200
    assert client.get(consent(kommo, state)).status_code == 400


def test_a_state_of_another_browser_is_refused(
    acme: Account, kommo: Control, client: Client
) -> None:
    stolen = begin(Client())
    assert client.get(consent(kommo, stolen)).status_code == 400
    assert client.get(consent(kommo, "")).status_code == 400
    assert client.get("/page").status_code == 302
    assert Authorization.objects.filter(from_widget=False).count() == 0


def test_a_state_lives_ten_minutes(
    acme: Account, kommo: Control, client: Client, monkeypatch: Any
) -> None:
    state = begin(client)
    later = time.time() + 601
    monkeypatch.setattr("accounts.signin.time.time", lambda: later)
    assert client.get(consent(kommo, state)).status_code == 400


def test_a_code_that_comes_back_twice_lets_nobody_else_in(
    acme: Account, kommo: Control, client: Client
) -> None:
    url = consent(kommo, begin(client))
    assert client.get(url, follow=True).status_code == 200
    other = Client()
    replay = url.replace(parse_qs(urlsplit(url).query)["state"][0], begin(other))
    assert other.get(replay).status_code == 400
    assert other.get("/page").status_code == 302


def test_the_session_key_changes_at_sign_in(acme: Account, kommo: Control, client: Client) -> None:
    begin(client)
    before = client.session.session_key
    sign_in(client, kommo)
    assert client.session.session_key != before


@pytest.mark.parametrize(
    "target", ["//evil.com", "https://evil.com", "/\\evil.com", "javascript:1", "", "\nx"]
)
def test_the_way_back_never_leaves_the_site(
    acme: Account, kommo: Control, client: Client, target: str
) -> None:
    answer = client.get(consent(kommo, begin(client, target)))
    answer = client.get(answer["Location"])
    assert answer["Location"] == "/"


@pytest.mark.feature("R33")
@pytest.mark.parametrize(
    ("name", "seen"),
    [("Vera", (200, 200, 200)), ("Sonia", (200, 200, 403)), ("Oleg", (200, 403, 403))],
)
def test_roles_open_their_own_pages(
    acme: Account, kommo: Control, client: Client, name: str, seen: tuple[int, ...]
) -> None:
    Manager.objects.filter(name__startswith="Sonia").update(is_supervisor=True)
    sign_in(client, kommo, name=name)
    pages = ("/page", "/page/supervisor", "/page/admin")
    assert tuple(client.get(page).status_code for page in pages) == seen


def test_a_part_of_a_page_asks_for_sign_in_with_401(client: Client) -> None:
    assert client.get("/page", headers={"HX-Request": "true"}).status_code == 401
    assert client.post("/page").status_code == 401


def test_sign_out_ends_the_session(acme: Account, kommo: Control, client: Client) -> None:
    sign_in(client, kommo)
    assert client.get("/signout").status_code == 405
    client.post("/signout")
    assert client.get("/page").status_code == 302


def test_two_accounts_do_not_mix(
    acme: Account, kommo: Control, client: Client, now: datetime
) -> None:
    rival = install(kommo, RIVAL, now)
    answer = sign_in(client, kommo, host=RIVAL)
    request = answer.wsgi_request
    assert (request.account, request.manager.account_id) == (rival, rival.pk)


def test_a_slow_exchange_ends_on_a_page_that_waits(
    acme: Account, kommo: Control, client: Client
) -> None:
    kommo.faults({"kind": "server_error", "count": 1, "path": "/oauth2/access_token"})
    answer = sign_in(client, kommo)
    assert answer.status_code == 202
    assert 'http-equiv="refresh"' in answer.content.decode()
    assert client.get("/page").status_code == 302


def test_the_language_is_the_sessions_then_the_managers_then_the_accounts(
    acme: Account, kommo: Control, client: Client
) -> None:
    Account.objects.update(language="ru")
    Manager.objects.update(language="")
    sign_in(client, kommo)
    assert client.get("/page")["Content-Language"] == "ru"
    Manager.objects.update(language="pt-br")
    assert client.get("/page")["Content-Language"] == "pt-br"
    client.post("/language", {"language": "tr", "next": "/page"})
    assert client.get("/page")["Content-Language"] == "tr"
    assert client.post("/language", {"language": "xx"}).status_code == 400
    assert Client(headers={"Accept-Language": "es"}).get("/signin")["Content-Language"] == "es"
