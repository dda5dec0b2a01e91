"""The page Team as its readers see it: groups, rows, the filter, the first choice after the installation."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.models import Account, Manager
from distribution.queries.team import team_of
from tests.functional.console import cast
from tests.functional.console.conftest import NOON, ClientOf

PART = {"HX-Request": "true", "HX-Current-URL": "http://testserver/team"}


def rows_of(page: str) -> list[int]:
    return [int(user) for user in re.findall(r'<tr id="member-(\d+)"', page)]


def row(page: str, user_id: int) -> str:
    start = page.index(f'<tr id="member-{user_id}"')
    return page[start : page.index("</tr>", start)]


def test_everybody_stands_in_their_group(acme: cast.World, client_of: ClientOf) -> None:
    page = client_of(acme[cast.SONIA]).get("/team").content.decode()
    assert rows_of(page) == [cast.ANA, 16, cast.LUCAS, cast.OLEG, 18, 17, cast.SONIA, cast.VERA]
    assert page.index("Sales department</h2>") < page.index("Service</h2>")
    assert page.index("Service</h2>") < page.index("In no group</h2>")
    assert "4 members" in page
    assert "Admin" in row(page, cast.VERA)
    assert "Supervisor" in row(page, cast.SONIA)


@pytest.mark.feature("F52")
def test_a_row_tells_status_end_note_limit_skills_and_clock(
    busy: cast.World, client_of: ClientOf
) -> None:
    client = client_of(busy[cast.SONIA])
    told = {"status": "forced_off", "until": "2026-03-02T19:30", "note": "dentist"}
    client.post(f"/team/managers/{cast.OLEG}/status", told)
    sent = {"limit": "12", "skills": "VIP, English", "zone": "Asia/Jakarta", "language": "id"}
    assert client.post(f"/team/managers/{cast.OLEG}", sent).status_code == 302
    text = row(client.get("/team").content.decode(), cast.OLEG)
    for word in ("Forced Off", "until 19:30", "dentist", ">12<", "English, VIP", "Asia/Jakarta"):
        assert word in text


def test_who_is_deactivated_in_kommo_comes_last_with_the_reason(
    acme: cast.World, client_of: ClientOf
) -> None:
    Manager.objects.filter(kommo_id=cast.ANA).update(is_active_in_kommo=False)
    page = client_of(acme[cast.SONIA]).get("/team").content.decode()
    assert rows_of(page)[:4] == [16, cast.LUCAS, cast.OLEG, cast.ANA]
    assert 'class="gone"' in row(page, cast.ANA)
    assert "Deactivated in Kommo" in row(page, cast.ANA)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=oleg", [cast.OLEG]),
        ("q=PETROV+oleg", [cast.OLEG]),
        ("q=mehmet%40example", [17]),
        ("q=vip", [cast.LUCAS]),
        ("group=5", [17, 18]),
        ("group=none", [cast.SONIA, cast.VERA]),
        ("status=off", [cast.ANA]),
        ("licence=no", [16]),
        ("licence=gone", [18]),
        ("group=5&licence=yes", [17]),
        ("status=nonsense", []),
    ],
)
def test_the_filter_leaves_whom_it_names(
    acme: cast.World, client_of: ClientOf, query: str, found: list[int]
) -> None:
    client = client_of(acme[cast.VERA])
    Manager.objects.filter(kommo_id=17).update(email="mehmet@example.com")
    Manager.objects.filter(kommo_id=18).update(is_active_in_kommo=False)
    client.post(f"/team/managers/{cast.LUCAS}", {"skills": "VIP"})
    client.post(f"/team/managers/{cast.ANA}/status", {"status": "off"})
    client.post("/team/licence/off", {"managers": [16]})
    answer = client.get(f"/team?{query}")
    assert rows_of(answer.content.decode()) == found
    part = client.get(f"/team/list?{query}", headers=PART)
    assert rows_of(part.content.decode()) == found
    assert "<html" not in part.content.decode()
    assert part.headers["HX-Replace-Url"] == f"/team?{query}"


def test_a_filter_that_leaves_nobody_says_what_to_do(acme: cast.World, client_of: ClientOf) -> None:
    page = client_of(acme[cast.VERA]).get("/team?q=nobody").content.decode()
    assert "Nobody matches" in page
    assert "clear it to see everybody" in page


def test_a_click_answers_under_the_filter_of_the_page(
    acme: cast.World, client_of: ClientOf
) -> None:
    client = client_of(acme[cast.VERA])
    here = {**PART, "HX-Current-URL": "http://testserver/team?group=5"}
    page = client.post("/team/licence/off", {"managers": [17]}, headers=here).content.decode()
    assert rows_of(page) == [18, 17]
    assert "1 manager no longer takes part" in page


@pytest.mark.parametrize(
    ("referer", "location"),
    [
        ("http://testserver/team?q=mehmet", "http://testserver/team?q=mehmet"),
        ("http://testserver/board", "http://testserver/board"),
        ("http://testserver/team/managers/17/status", "/team"),
        ("https://evil.example/team", "/team"),
        ("", "/team"),
    ],
)
def test_without_script_a_click_goes_back_to_where_it_was_made(
    acme: cast.World, client_of: ClientOf, referer: str, location: str
) -> None:
    client = client_of(acme[cast.VERA])
    answer = client.post("/team/managers/17/absent", headers={"Referer": referer})
    assert (answer.status_code, answer["Location"]) == (302, location)


def test_the_page_asks_as_often_for_two_hundred_as_for_two(
    acme: cast.World, django_assert_num_queries: object
) -> None:
    Manager.objects.bulk_create(
        Manager(account=acme.account, kommo_id=1000 + number, name=f"Manager {number}")
        for number in range(200)
    )
    with django_assert_num_queries(5):  # type: ignore[operator]
        groups = team_of(acme.account, NOON)
    assert sum(len(group.members) for group in groups) == 208


def test_an_admin_lands_on_the_page_until_the_team_is_confirmed(
    acme: cast.World, client_of: ClientOf
) -> None:
    client = client_of(acme[cast.VERA])
    assert client.get("/")["Location"] == "/team"
    assert "Choose who takes part" in client.get("/team").content.decode()
    assert client_of(acme[cast.SONIA]).get("/")["Location"] == "/board"
    part = client.post("/team/confirm", headers=PART).content.decode()
    assert "Choose who takes part" not in part
    assert Account.objects.get(pk=acme.account.pk).team_chosen_at == NOON
    assert client.get("/")["Location"] == "/board"
    assert "Choose who takes part" not in client.get("/team").content.decode()


def test_the_menu_names_the_page_to_supervisors_alone(
    acme: cast.World, client_of: ClientOf
) -> None:
    assert 'href="/team"' in client_of(acme[cast.SONIA]).get("/board").content.decode()
    assert 'href="/team"' not in client_of(acme[cast.OLEG]).get("/board").content.decode()


def test_names_and_notes_are_text(acme: cast.World, client_of: ClientOf) -> None:
    mark = "<img src=x onerror=alert(1)>"
    Manager.objects.filter(kommo_id=cast.OLEG).update(name=mark)
    client: Client = client_of(acme[cast.VERA])
    client.post(f"/team/managers/{cast.OLEG}/status", {"status": "off", "note": mark})
    client.post(f"/team/managers/{cast.OLEG}", {"skills": mark})
    for path in ("/team", f"/team/managers/{cast.OLEG}", f"/team/managers/{cast.OLEG}/status"):
        page = client.get(path).content.decode()
        assert "<img" not in page
        assert "&lt;img src=x" in page


def test_mallory_sees_her_own_people_alone(
    acme: cast.World, rival: cast.World, client_of: ClientOf
) -> None:
    page = client_of(rival[cast.MALLORY]).get("/team").content.decode()
    assert rows_of(page) == [cast.MALLORY]
    assert "Oleg" not in page
    assert "Sales department" not in page
