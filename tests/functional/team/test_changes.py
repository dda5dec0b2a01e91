"""What supervisors and admins change on the page Team, what the service is told, who may not."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import AuditEntry, Group, InboxEvent, Manager
from distribution.models import ManagerProfile
from shifts.core.participation import Standing, Status
from shifts.models import Participation
from shifts.queries.participation import standing_of
from tests.functional.console import cast
from tests.functional.console.conftest import NOON, ClientOf, MovableClock
from tests.functional.team.test_page import PART

OLEG_STATUS = f"/team/managers/{cast.OLEG}/status"


def told(world: cast.World) -> list[tuple[str, Any]]:
    rows = InboxEvent.objects.for_account(world.account).order_by("pk")
    return [(row.kind, json.loads(bytes(row.body))) for row in rows]


def licensed(world: cast.World) -> set[int]:
    rows = Manager.objects.for_account(world.account).filter(is_licensed=True)
    return set(rows.values_list("kommo_id", flat=True))


@pytest.mark.feature("F17")
def test_an_admin_chooses_who_takes_part(
    acme: cast.World,
    client_of: ClientOf,
    team_rings: list[str],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    client = client_of(acme[cast.VERA])
    everybody = licensed(acme)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post("/team/licence/off", {"managers": [cast.OLEG, cast.ANA]}, follow=True)
    assert "2 managers no longer take part" in answer.content.decode()
    assert licensed(acme) == everybody - {cast.OLEG, cast.ANA}
    assert told(acme) == [("synced", {})]
    assert team_rings == ["ring"]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_id) == ("licence", cast.VERA)
    assert {row["manager"] for row in entry.after["managers"]} == {cast.OLEG, cast.ANA}
    client.post("/team/licence/on", {"managers": [cast.OLEG, cast.ANA]})
    assert licensed(acme) == everybody


def test_what_is_so_already_is_not_written_again(acme: cast.World, client_of: ClientOf) -> None:
    client = client_of(acme[cast.VERA])
    client.post("/team/licence/on", {"managers": [cast.OLEG]})
    client.post("/team/supervisor/off", {"managers": [cast.OLEG]})
    client.post("/team/limit", {"managers": [cast.OLEG], "limit": ""})
    client.post("/team/status", {"managers": [cast.OLEG], "status": "on"})
    client.post(f"/team/managers/{cast.OLEG}", {"limit": "", "skills": " , ", "zone": ""})
    client.post("/team/groups/0/newcomers/on")
    assert (AuditEntry.objects.count(), told(acme)) == (0, [])


@pytest.mark.feature("F18")
def test_a_named_supervisor_may_change_settings_and_statuses(
    acme: cast.World, client_of: ClientOf
) -> None:
    oleg = client_of(acme[cast.OLEG])
    assert oleg.get("/settings").status_code == oleg.get("/team").status_code == 403
    vera = client_of(acme[cast.VERA])
    vera.post("/team/supervisor/on", {"managers": [cast.OLEG]})
    assert oleg.get("/settings").status_code == oleg.get("/team").status_code == 200
    assert oleg.post("/team/status", {"managers": [cast.ANA], "status": "off"}).status_code == 302
    assert standing_of(acme[cast.ANA], NOON).status is Status.OFF
    vera.post("/team/supervisor/off", {"managers": [cast.OLEG]})
    assert oleg.get("/team").status_code == 403


@pytest.mark.feature("F20")
@pytest.mark.parametrize("status", [one.value for one in Status if one is not Status.ON])
def test_a_supervisor_gives_any_status_until_a_moment(
    acme: cast.World, client_of: ClientOf, status: str
) -> None:
    client = client_of(acme[cast.SONIA])
    sent = {"status": status, "until": "2026-03-05T18:00", "note": "trip"}
    assert client.post(OLEG_STATUS, sent).status_code == 302
    ends = datetime(2026, 3, 5, 17, tzinfo=UTC)  # 18:00 in Madrid
    assert standing_of(acme[cast.OLEG], NOON) == Standing(Status(status), ends, "trip")
    assert told(acme) == [("availability", {"of": "participation"})]
    question = client.get(OLEG_STATUS).content.decode()
    assert 'value="2026-03-05T18:00"' in question
    assert re.search(rf'value="{status}"[^>]*checked', question)


@pytest.mark.feature("F21")
def test_an_unplanned_absence_is_one_click_and_over_at_midnight(
    acme: cast.World, client_of: ClientOf
) -> None:
    client = client_of(acme[cast.SONIA])
    page = client.post(f"/team/managers/{cast.OLEG}/absent", headers=PART).content.decode()
    assert "Oleg Petrov is absent today" in page
    midnight = datetime(2026, 3, 2, 23, tzinfo=UTC)  # in Madrid
    assert standing_of(acme[cast.OLEG], NOON) == Standing(Status.FORCED_OFF, midnight)


def test_a_status_is_undone_from_the_message(
    acme: cast.World, client_of: ClientOf, team_clock: MovableClock
) -> None:
    client = client_of(acme[cast.SONIA])
    client.post("/team/status", {"managers": [cast.ANA], "status": "off"}, follow=True)
    team_clock.tick(minutes=1)
    everybody = [cast.OLEG, cast.ANA]
    page = client.post(
        "/team/status", {"managers": everybody, "status": "forced_on"}, headers=PART
    ).content.decode()
    assert "Forced On: 2 managers." in page
    (undo,) = set(re.findall(r'action="(/team/undo/\d+)"', page))
    team_clock.tick(minutes=1)
    answer = client.post(undo, follow=True).content.decode()
    assert "Undone: Ana Souza, Oleg Petrov" in answer
    assert standing_of(acme[cast.OLEG], NOON).status is Status.ON
    assert standing_of(acme[cast.ANA], NOON).status is Status.OFF
    assert "has been changed again since" in client.post(undo, follow=True).content.decode()


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ({"status": "off", "until": "2026-03-02T11:59"}, "lies in the past"),
        ({"status": "off", "until": "soon"}, "Not a moment."),
        ({"status": "gone"}, "Select a valid choice."),
        ({}, "This field is required."),
        ({"status": "off", "note": "x" * 201}, "at most 200 characters"),
    ],
)
def test_a_status_that_cannot_be_comes_back_into_the_dialog(
    acme: cast.World, client_of: ClientOf, sent: dict[str, str], text: str
) -> None:
    answer = client_of(acme[cast.SONIA]).post(OLEG_STATUS, sent, headers=PART)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (422, "#dialog")
    assert text in answer.content.decode()
    bulk = {**sent, "managers": [cast.OLEG]}
    page = client_of(acme[cast.SONIA]).post("/team/status", bulk, headers=PART).content.decode()
    assert text in page
    assert not Participation.objects.exists()


def test_a_limit_is_given_to_several_and_taken_away(acme: cast.World, client_of: ClientOf) -> None:
    client = client_of(acme[cast.SONIA])
    both = [cast.OLEG, cast.ANA]
    page = client.post("/team/limit", {"managers": both, "limit": "20"}, headers=PART)
    assert "The limits of 2 managers are saved." in page.content.decode()
    assert set(ManagerProfile.objects.values_list("leads", flat=True)) == {20}
    assert told(acme) == [("availability", {"of": "participation"})]
    client.post("/team/limit", {"managers": [cast.OLEG], "limit": "0"})
    client.post("/team/limit", {"managers": [cast.ANA], "limit": ""})
    limits = dict(ManagerProfile.objects.values_list("manager__kommo_id", "leads"))
    assert limits == {cast.OLEG: 0, cast.ANA: None}


@pytest.mark.parametrize("limit", ["-1", "100001", "many", "1.5"])
def test_what_is_no_limit_is_refused_with_the_next_step(
    acme: cast.World, client_of: ClientOf, limit: str
) -> None:
    client = client_of(acme[cast.SONIA])
    sent = {"managers": [cast.OLEG], "limit": limit}
    page = client.post("/team/limit", sent, headers=PART).content.decode()
    assert "leave it empty for no limit" in page
    one = client.post(f"/team/managers/{cast.OLEG}", {"limit": limit})
    assert one.status_code == 422
    assert "leave it empty for no limit" in one.content.decode()
    assert not ManagerProfile.objects.exists()


def test_skills_are_kept_once_each_and_sorted(acme: cast.World, client_of: ClientOf) -> None:
    client = client_of(acme[cast.SONIA])
    client.post(f"/team/managers/{cast.OLEG}", {"skills": " VIP,english ,, vip, Big  deals"})
    assert ManagerProfile.objects.get().skills == ["Big deals", "english", "VIP"]


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ({"skills": "x" * 41}, "at most 20 words"),
        ({"skills": ",".join(f"skill {number}" for number in range(21))}, "at most 20 words"),
        ({"zone": "Atlantis/Nowhere"}, "There is no such time zone"),
        ({"zone": "../../etc/passwd"}, "There is no such time zone"),
        ({"language": "tlh"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_saved_of_a_person_saves_nothing_of_it(
    acme: cast.World, client_of: ClientOf, sent: dict[str, str], text: str
) -> None:
    answer = client_of(acme[cast.SONIA]).post(f"/team/managers/{cast.OLEG}", {"limit": "5", **sent})
    assert answer.status_code == 422
    assert text in answer.content.decode()
    assert not ManagerProfile.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_persons_clock_and_language_are_their_own(acme: cast.World, client_of: ClientOf) -> None:
    client = client_of(acme[cast.SONIA])
    client.post(f"/team/managers/{cast.OLEG}", {"zone": "Asia/Jakarta", "language": "id"})
    oleg = Manager.objects.get(pk=acme[cast.OLEG].pk)
    assert (oleg.zone, oleg.language) == ("Asia/Jakarta", "id")
    assert {row.action for row in AuditEntry.objects.all()} == {"zone", "language"}
    client.post(f"/team/managers/{cast.OLEG}/absent")
    ends = datetime(2026, 3, 2, 17, tzinfo=UTC)  # midnight in Jakarta
    assert standing_of(oleg, NOON).until == ends


@pytest.mark.feature("F24")
def test_a_group_says_whether_newcomers_take_part(acme: cast.World, client_of: ClientOf) -> None:
    client = client_of(acme[cast.SONIA])
    page = client.post("/team/groups/5/newcomers/off", headers=PART).content.decode()
    assert 'aria-checked="false"' in page[page.index('id="newcomers-5"') :][:200]
    assert dict(Group.objects.values_list("kommo_id", "licenses_newcomers")) == {0: True, 5: False}
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.after) == (
        "newcomers",
        {"group": 5, "licenses_newcomers": False},
    )
    client.post("/team/groups/5/newcomers/on")
    assert Group.objects.get(kommo_id=5).licenses_newcomers


def test_confirming_twice_keeps_the_first_time(
    acme: cast.World, client_of: ClientOf, team_clock: MovableClock
) -> None:
    client = client_of(acme[cast.VERA])
    client.post("/team/confirm")
    team_clock.tick(hours=1)
    client.post("/team/confirm")
    acme.account.refresh_from_db()
    assert acme.account.team_chosen_at == NOON


ADMINS = ("/team/licence/on", "/team/licence/off", "/team/supervisor/on", "/team/supervisor/off")
SUPERVISORS = (
    "/team/status",
    "/team/limit",
    "/team/groups/0/newcomers/off",
    f"/team/managers/{cast.OLEG}",
    f"/team/managers/{cast.OLEG}/status",
    f"/team/managers/{cast.OLEG}/absent",
    "/team/undo/1",
)
SENT = {"managers": [cast.OLEG], "status": "off", "limit": "3"}


@pytest.mark.feature("F19", "R33")
@pytest.mark.parametrize("path", [*ADMINS, "/team/confirm", *SUPERVISORS])
def test_a_manager_changes_nothing_here(acme: cast.World, client_of: ClientOf, path: str) -> None:
    assert client_of(acme[cast.OLEG]).post(path, SENT).status_code == 403
    assert client_of(None).post(path, SENT).status_code == 401
    assert not AuditEntry.objects.exists()


@pytest.mark.feature("R33")
@pytest.mark.parametrize("path", [*ADMINS, "/team/confirm"])
def test_licences_and_roles_are_an_admins(acme: cast.World, client_of: ClientOf, path: str) -> None:
    client = client_of(acme[cast.SONIA])
    assert client.post(path, SENT).status_code == 403
    assert path not in client.get("/team").content.decode()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("path", [*ADMINS, "/team/status", "/team/limit"])
@pytest.mark.parametrize("stranger", [cast.OLEG, "0", "x", "9" * 30, "١٢"])
def test_people_of_another_account_are_not_there(
    acme: cast.World, rival: cast.World, client_of: ClientOf, path: str, stranger: object
) -> None:
    sent = {**SENT, "managers": [cast.MALLORY, stranger]}
    assert client_of(rival[cast.MALLORY]).post(path, sent).status_code == 404
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("path", [path for path in SUPERVISORS if re.search(r"/\d", path)])
def test_what_another_account_owns_is_not_there(
    acme: cast.World, rival: cast.World, client_of: ClientOf, path: str
) -> None:
    mallory = client_of(rival[cast.MALLORY])
    if "undo" in path:
        client_of(acme[cast.SONIA]).post("/team/status", {**SENT})
        path = f"/team/undo/{AuditEntry.objects.get().pk}"
        mallory.post(path)
        assert standing_of(acme[cast.OLEG], NOON).status is Status.OFF
        return
    assert mallory.post(path, SENT).status_code == 404
    assert not AuditEntry.objects.exists()


def test_nobody_selected_is_said(acme: cast.World, client_of: ClientOf) -> None:
    client = client_of(acme[cast.VERA])
    for path in ("/team/licence/off", "/team/limit", "/team/status"):
        page = client.post(path, {"status": "off", "limit": "3"}, headers=PART).content.decode()
        assert "Nobody is selected." in page
    assert not AuditEntry.objects.exists()


@pytest.mark.feature("F122")
def test_a_limit_of_tasks_is_saved_shown_and_taken_away(
    acme: cast.World, client_of: ClientOf
) -> None:
    client, address = client_of(acme[cast.SONIA]), f"/team/managers/{cast.OLEG}"
    client.post(address, {"limit": "20", "tasks": "7", "skills": "", "zone": ""})
    profile = ManagerProfile.objects.get(manager=acme[cast.OLEG])
    assert (profile.leads, profile.tasks) == (20, 7)
    assert 'value="7"' in client.get(address).content.decode()
    refused = client.post(address, {"limit": "20", "tasks": "-1", "skills": "", "zone": ""})
    assert refused.status_code == 422
    client.post(address, {"limit": "20", "tasks": "", "skills": "", "zone": ""})
    profile.refresh_from_db()
    assert (profile.leads, profile.tasks) == (20, None)
