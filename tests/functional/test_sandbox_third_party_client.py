"""Somebody else's client, amocrm-api-wrapper from PyPI, drives the sandbox over HTTP.

The package is used as published. Its release 1.0.1 passes json= to httpx.Client.get and .delete, which
no httpx accepts, so that no GET of it can work: its sessions get a Client that takes the argument.
"""

import httpx
import pytest
import requests
from amocrm_api import AmoOAuthClient, oauth_client
from amocrm_api.errors import AmoException

from tests.unit.sandbox.serving import served

CLIENT_ID, SECRET = "22222222-2222-4222-8222-222222222222", "a secret of the third party's test"
REDIRECT = "http://127.0.0.1:9/oauth"
HOST = "acme.kommo.com"


class TolerantClient(httpx.Client):
    """An httpx client whose get and delete take json= like its post does."""

    def get(self, url, *, json=None, timeout=None):
        return self.request("GET", url, timeout=timeout)

    def delete(self, url, *, json=None, timeout=None):
        return self.request("DELETE", url, json=json, timeout=timeout)


@pytest.fixture(scope="module")
def base():
    with served("--calls-per-second", "0") as url:
        integration = {"client_id": CLIENT_ID, "client_secret": SECRET, "redirect_uri": REDIRECT}
        requests.post(f"{url}/_sandbox/integrations", json=integration, timeout=5)
        yield url


@pytest.fixture
def pair(base):
    """The first pair of tokens, by way of the consent page."""
    page = f"{base}/www.kommo.com/oauth?client_id={CLIENT_ID}&state=s"
    account = requests.get(f"{base}/_sandbox/board?host={HOST}", timeout=5).json()["account"]
    form = {"who": f"{account['id']}/{account['users'][0]['id']}", "answer": "allow"}
    answer = requests.post(page, data=form, timeout=5, allow_redirects=False)
    query = dict(httpx.URL(answer.headers["Location"]).params)
    assert (query["state"], query["referer"]) == ("s", HOST)
    body = {"client_id": CLIENT_ID, "client_secret": SECRET, "redirect_uri": REDIRECT,
            "grant_type": "authorization_code", "code": query["code"]}  # fmt: skip
    return requests.post(f"{base}/{HOST}/oauth2/access_token", json=body, timeout=5).json()


@pytest.fixture
def stored():
    return []


@pytest.fixture
def client(base, pair, stored, monkeypatch):
    monkeypatch.setattr(oauth_client, "Client", TolerantClient)
    made = AmoOAuthClient(
        pair["access_token"], pair["refresh_token"], f"{base}/{HOST}", CLIENT_ID, SECRET, REDIRECT,
        token_store=lambda access, refresh: stored.append((access, refresh)),
    )  # fmt: skip
    yield made
    made.close()


@pytest.fixture
def lead_ids(base):
    body = {"host": HOST, "count": 3}
    return requests.post(f"{base}/_sandbox/leads", json=body, timeout=5).json()["lead_ids"]


def test_it_reads_the_account_its_users_and_pipelines(client):
    account = client.get_account_info(with_users_groups=True, with_datetime_settings=True)
    users = client.get_users(with_group=True)["_embedded"]["users"]
    pipelines = client.get_pipelines()["_embedded"]["pipelines"]

    assert account["subdomain"] == "acme"
    assert account["_embedded"]["datetime_settings"]["timezone"] == "Europe/Madrid"
    assert [user["name"] for user in users][:2] == ["Vera", "Sonia"]
    assert client.get_user(users[0]["id"])["rights"]["is_admin"] is True
    statuses = client.get_pipeline_statuses(pipelines[0]["id"])["_embedded"]["statuses"]
    assert statuses[-1]["id"] == 143


def test_it_lists_patches_and_reads_back_leads(client, lead_ids):
    oleg = client.get_users()["_embedded"]["users"][2]["id"]

    client.update_leads([{"id": n, "responsible_user_id": oleg} for n in lead_ids])

    listed = client.get_leads(filter_ids=lead_ids, with_params=["contacts"])["_embedded"]["leads"]
    assert [lead["responsible_user_id"] for lead in listed] == [oleg] * 3
    assert client.get_lead(lead_ids[0])["responsible_user_id"] == oleg
    assert {lead["id"] for lead in client.iter_leads(limit=2)} >= set(lead_ids)


def test_it_writes_and_reads_notes_and_events(client, lead_ids):
    note = {"entity_id": lead_ids[0], "note_type": "common", "params": {"text": "dealt"}}

    client.create_entity_note("leads", [note])

    found = client.get_notes_by_entity_type_and_entity_id("leads", lead_ids[0])
    assert found["_embedded"]["notes"][0]["params"]["text"] == "dealt"
    assert client.get_events()["_embedded"]["events"]


def test_it_subscribes_and_unsubscribes_webhooks(client):
    destination = "http://127.0.0.1:9/hook"

    made = client.subscribe_webhook(destination, ["add_lead", "responsible_lead"])

    assert made["disabled"] is False
    listed = client.get_webhooks(destination)["_embedded"]["webhooks"]
    assert [hook["id"] for hook in listed] == [made["id"]]
    assert client.unsubscribe_webhook(destination) == {}
    assert client.get_webhooks(destination) == {}


def test_it_refreshes_its_tokens_by_hand_and_on_a_401(client, pair, stored):
    client.update_tokens()
    assert client.refresh_token != pair["refresh_token"]

    client._access_token = "stale"
    client.update_session_auth_headers()
    assert client.get_account_info()["id"] == 31_000_001

    assert len(stored) == 2


def test_it_reports_a_refusal(client, lead_ids):
    with pytest.raises(AmoException) as refused:
        client.update_leads([{"id": lead_ids[0], "responsible_user_id": 1}])

    assert refused.value.code == 400
