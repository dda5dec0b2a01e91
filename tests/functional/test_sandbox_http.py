"""The sandbox as a server: pages, control API, webhooks on the wire, faults, speed, a clean stop."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import perf_counter
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from tests.unit.sandbox.serving import served, until

HOST = "acme.kommo.com"
CLIENT_ID, SECRET = "33333333-3333-4333-8333-333333333333", "a secret of the server's test"


class Receiver:
    """A little service that remembers what it is sent."""

    def __init__(self):
        self.requests, seen = [], self

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                seen.requests.append((self.command, self.path, dict(self.headers), body))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_GET = do_POST = answer

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def named(self, start):
        """Return the requests whose path starts so."""
        return [request for request in self.requests if request[1].startswith(start)]


@pytest.fixture(scope="module")
def receiver():
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="module")
def base():
    with served("--calls-per-second", "0") as url:
        yield url


@pytest.fixture(scope="module")
def tell(base, receiver):
    def told(name, /, **body):
        return requests.post(f"{base}/_sandbox/{name}", json=body, timeout=30).json()

    told("integrations", client_id=CLIENT_ID, client_secret=SECRET, name="Test",
         redirect_uri=f"{receiver.url}/oauth", widget_api=f"{receiver.url}/widget")  # fmt: skip
    return told


@pytest.fixture(scope="module")
def vera(base, tell, receiver):
    """A session with an admin's token, by way of an installation."""
    tell("install", host=HOST)
    code = dict(parse_qsl(urlsplit(receiver.named("/oauth")[-1][1]).query))["code"]
    body = {"client_id": CLIENT_ID, "client_secret": SECRET, "code": code,
            "redirect_uri": f"{receiver.url}/oauth", "grant_type": "authorization_code"}  # fmt: skip
    session = requests.Session()
    pair = session.post(f"{base}/{HOST}/oauth2/access_token", json=body, timeout=5).json()
    session.headers["Authorization"] = f"Bearer {pair['access_token']}"
    return session


def board(base):
    return requests.get(f"{base}/_sandbox/board?host={HOST}", timeout=5).json()


def test_the_account_is_reached_by_path_and_by_host_header(base, vera):
    by_path = vera.get(f"{base}/{HOST}/api/v4/account", timeout=5)
    by_host = vera.get(f"{base}/api/v4/account", headers={"Host": HOST}, timeout=5)

    assert by_path.json()["id"] == by_host.json()["id"] == 31_000_001
    assert by_path.json()["_links"]["self"]["href"] == f"{base}/{HOST}/api/v4/account"


@pytest.mark.parametrize("path", ["/", f"/{HOST}/", "/static/account.js", "/static/sandbox.css",
                                  f"/www.kommo.com/oauth?client_id={CLIENT_ID}"])  # fmt: skip
def test_pages_and_files_are_served(base, tell, path):
    assert requests.get(base + path, timeout=5).status_code == 200


def test_a_refusal_goes_back_with_an_error(base, tell):
    page = f"{base}/www.kommo.com/oauth?client_id={CLIENT_ID}&state=abc"

    answer = requests.post(page, data={"answer": "refuse"}, timeout=5, allow_redirects=False)

    query = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert query == {"error": "access_denied", "client_id": CLIENT_ID, "state": "abc"}


def test_the_install_hook_comes_from_the_widget_without_state(receiver, vera):
    query = dict(parse_qsl(urlsplit(receiver.named("/oauth")[0][1]).query))

    assert query["from_widget"] == "1"
    assert "state" not in query


def test_a_shift_button_sends_a_one_time_token(base, tell, receiver):
    oleg = board(base)["account"]["users"][2]["id"]

    found = tell("shift", host=HOST, user_id=oleg, action="start")

    method, path, headers, body = receiver.named("/widget")[-1]
    assert (found["status"], method, path) == (200, "POST", "/widget/shift/start")
    assert headers["X-Auth-Token"].count(".") == 2
    assert b"client_key" in body


def test_webhooks_arrive_as_forms(base, tell, receiver, vera):
    hook = {"destination": f"{receiver.url}/hooks", "settings": ["add_lead", "responsible_lead"]}
    assert vera.post(f"{base}/{HOST}/api/v4/webhooks", json=hook, timeout=5).status_code == 201
    (lead,) = tell("leads", host=HOST, names=["Ёлка <b>"])["lead_ids"]

    assert until(lambda: receiver.named("/hooks"))
    _, _, headers, body = receiver.named("/hooks")[0]
    form = dict(parse_qsl(body.decode()))
    assert headers["User-Agent"] == "amoCRM-Webhooks/3.0"
    assert (form["leads[add][0][id]"], form["leads[add][0][name]"]) == (str(lead), "Ёлка <b>")

    max_ = board(base)["account"]["users"][4]["id"]
    tell("edit", host=HOST, lead_id=lead, changes={"responsible_user_id": max_})
    assert until(lambda: len(receiver.named("/hooks")) == 2)
    url = f"{base}/_sandbox/webhooks?host={HOST}"
    assert until(lambda: requests.get(url, timeout=5).json()["subscriptions"][0]["statuses"])


def test_a_stream_makes_its_leads(base, tell, vera):
    before = board(base)["counts"]["leads"]

    tell("stream", host=HOST, count=30, per_second=100, seed=4)

    assert until(lambda: board(base)["counts"]["leads"] == before + 30)
    (progress,) = requests.get(f"{base}/_sandbox/stream?host={HOST}", timeout=5).json()["streams"]
    assert progress["is_done"] is True


def test_a_drop_after_the_commit_breaks_the_answer_but_not_the_write(base, tell, vera):
    (lead,) = tell("leads", host=HOST)["lead_ids"]
    tell("faults", host=HOST, kind="drop_after_commit", count=1)

    with pytest.raises(requests.RequestException):
        vera.patch(f"{base}/{HOST}/api/v4/leads/{lead}", json={"price": 9}, timeout=5)

    assert vera.get(f"{base}/{HOST}/api/v4/leads/{lead}", timeout=5).json()["price"] == 9


def test_a_slow_answer_does_not_hold_up_the_others(base, tell, vera):
    tell("faults", host=HOST, kind="slow", count=1, seconds=3)
    slow = threading.Thread(
        target=requests.get, args=(f"{base}/{HOST}/api/v4/account",), kwargs={"timeout": 10}
    )
    slow.start()
    start = perf_counter()
    until(
        lambda: not requests.get(f"{base}/_sandbox/armed", timeout=5).json()["faults"][-1]["count"]
    )
    status = vera.get(f"{base}/{HOST}/api/v4/account", timeout=5).status_code

    assert (status, perf_counter() - start < 2) == (200, True)
    slow.join()


def test_calls_are_logged(base, vera):
    vera.get(f"{base}/{HOST}/api/v4/account", timeout=5)

    found = requests.get(f"{base}/_sandbox/calls?host={HOST}", timeout=5).json()

    assert found["calls"][-1]["path"] == "/api/v4/account"
    assert found["most_in_a_second"] >= 1


@pytest.mark.parametrize(("name", "body", "status"), [
    ("leads", {"host": "nobody.kommo.com"}, 404), ("faults", {"kind": "x"}, 400),
    ("shift", {"host": HOST, "action": "x"}, 400), ("nothing", {}, 404),
    ("limits", {"host": HOST, "speed": 1}, 400), ("clock", {"advance": 5}, 400),
])  # fmt: skip
def test_wrong_control_calls_say_what_is_wrong(base, tell, name, body, status):
    answer = requests.post(f"{base}/_sandbox/{name}", json=body, timeout=5)

    assert answer.status_code == status
    assert answer.json()["error"]


def test_a_virtual_clock_moves_and_reset_forgets():
    with served("--virtual-clock") as base:
        first = requests.post(f"{base}/_sandbox/clock", json={}, timeout=5).json()["now"]
        later = requests.post(f"{base}/_sandbox/clock", json={"advance": 60}, timeout=5).json()
        requests.post(f"{base}/_sandbox/reset", json={}, timeout=5)
        left = requests.get(f"{base}/_sandbox/overview", timeout=5).json()

    assert later["now"] - first == 60
    assert left["accounts"] == []


@pytest.fixture
def stages(base):
    """(pipeline, first stage, second stage) of the main pipeline."""
    pipeline = board(base)["account"]["pipelines"][0]
    ordinary = [stage["id"] for stage in pipeline["stages"] if stage["type"] == 0]
    return pipeline["id"], ordinary[0], ordinary[1]


@pytest.mark.parametrize(("encoding", "content_type"), [
    ("form", "application/x-www-form-urlencoded"), ("json", "application/json")
])  # fmt: skip
def test_a_trigger_fires_over_http_in_its_encoding(tell, receiver, stages, encoding, content_type):
    path = f"/dp-{encoding}"
    trigger = tell("trigger", host=HOST, pipeline_id=stages[0], status_id=stages[2],
                   url=receiver.url + path, settings={"key": "k"}, encoding=encoding)["id"]  # fmt: skip

    (lead,) = tell("leads", host=HOST, status_id=stages[2])["lead_ids"]

    assert until(lambda: receiver.named(path))
    tell("delete_trigger", host=HOST, id=trigger)
    _, _, headers, body = receiver.named(path)[0]
    said = (
        json.loads(body)["event"]["data"]["id"]
        if encoding == "json"
        else int(dict(parse_qsl(body.decode()))["event[data][id]"])
    )
    assert (headers["Content-Type"], said) == (content_type, lead)


def test_a_delayed_trigger_fires_over_http_after_its_delay(base, tell, receiver, stages):
    trigger = tell("trigger", host=HOST, pipeline_id=stages[0], status_id=stages[2],
                   url=f"{receiver.url}/late", settings={}, delay_seconds=0.3)["id"]  # fmt: skip
    tell("leads", host=HOST, status_id=stages[2])
    early = receiver.named("/late")

    assert until(lambda: receiver.named("/late"))
    assert early == []
    tell("delete_trigger", host=HOST, id=trigger)


def test_a_bot_asks_the_widget_and_goes_on_when_it_is_continued(base, tell, receiver, vera, stages):
    ask = {"do": "widget_request", "url": f"{receiver.url}/bot", "data": {"lead": "{{lead.id}}"}}
    move = {"do": "move", "status_id": stages[2]}
    number = tell("bot", host=HOST, steps=[ask, move])["bot_id"]
    (lead,) = tell("leads", host=HOST, status_id=stages[1])["lead_ids"]
    tell("run_bot", host=HOST, bot_id=number, lead_id=lead)
    assert until(lambda: receiver.named("/bot"))
    body = json.loads(receiver.named("/bot")[0][3])

    where = f"{base}/{HOST}{urlsplit(body['return_url']).path}"
    answer = vera.post(where, json={"data": {"status": "success"}}, timeout=5)

    assert (body["data"]["lead"], answer.status_code) == (str(lead), 202)
    assert (
        vera.get(f"{base}/{HOST}/api/v4/leads/{lead}", timeout=5).json()["status_id"] == stages[2]
    )
    found = requests.get(f"{base}/_sandbox/bots?host={HOST}", timeout=5).json()
    assert (found["runs"][-1]["state"], found["hanging"]) == ("done", [])


def test_incoming_leads_are_accepted_over_http(base, tell, vera, stages):
    made = tell("incoming", host=HOST)
    listed = vera.get(f"{base}/{HOST}/api/v4/leads/unsorted", timeout=5).json()

    uid = listed["_embedded"]["unsorted"][0]["uid"]
    answer = vera.post(
        f"{base}/{HOST}/api/v4/leads/unsorted/{uid}/accept",
        json={"status_id": stages[2]}, timeout=5,
    )  # fmt: skip

    assert (uid, answer.status_code) == (made["uids"][0], 200)
    assert vera.get(f"{base}/{HOST}/api/v4/leads/unsorted", timeout=5).status_code == 204


def test_a_touch_is_told_over_http(tell, receiver, base, vera):
    hook = {"destination": f"{receiver.url}/touches", "settings": ["add_message"]}
    vera.post(f"{base}/{HOST}/api/v4/webhooks", json=hook, timeout=5)
    (lead,) = tell("leads", host=HOST)["lead_ids"]

    tell("touch", host=HOST, kind="message", lead_id=lead)

    assert until(lambda: receiver.named("/touches"))
    form = dict(parse_qsl(receiver.named("/touches")[0][3].decode()))
    assert form["message[add][0][type]"] == "outgoing"
    assert form["message[add][0][entity_id]"] == str(lead)
