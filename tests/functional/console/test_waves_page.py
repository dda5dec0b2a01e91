"""The pages of waves, of the test run and of templates in shadow."""

from __future__ import annotations

import pytest

from accounts.models import InboxEvent
from distribution.models import Decision, Wave
from tests.functional.console import cast, moves_cast
from tests.functional.console.conftest import NOON, ClientOf

pytestmark = pytest.mark.usefixtures("clock")


@pytest.mark.feature("N4")
def test_a_wave_shows_each_lead_from_whom_to_whom_and_where_it_is(
    busy: cast.World, client_of: ClientOf
) -> None:
    wave = moves_cast.wave(busy, NOON)
    client = client_of(busy[cast.SONIA])
    assert "Oleg Petrov left, the leads moved on" in client.get("/waves").content.decode()
    page = client.get(f"/waves/{wave.pk}").content.decode()
    for words in ("Harbour flat", "Oleg Petrov → Ana Souza", "did not move", "Take back"):
        assert words in page
    assert "everybody has reached the limit" in page


@pytest.mark.feature("N4")
def test_taking_back_asks_first_and_is_done_once(busy: cast.World, client_of: ClientOf) -> None:
    wave = moves_cast.wave(busy, NOON)
    client = client_of(busy[cast.SONIA])
    question = client.get(f"/waves/{wave.pk}/undo").content.decode()
    assert "4 leads go back" in question
    assert not Wave.objects.filter(kind="undo").exists()
    done = client.post(f"/waves/{wave.pk}/undo", follow=True).content.decode()
    assert "The wave is being taken back." in done
    assert "Being taken back" in done
    assert InboxEvent.objects.for_account(busy.account).filter(kind="undo").count() == 1
    again = client.post(f"/waves/{wave.pk}/undo", follow=True).content.decode()
    assert "has been taken back already" in again
    undo = Wave.objects.get(kind="undo")
    refused = client.post(f"/waves/{undo.pk}/undo", follow=True).content.decode()
    assert "cannot be taken back once more" in refused
    assert Wave.objects.filter(kind="undo").count() == 1
    assert "Sonia Marques" in client.get(f"/waves/{undo.pk}").content.decode()


@pytest.mark.feature("N4")
def test_what_was_left_and_why_is_listed(busy: cast.World, client_of: ClientOf) -> None:
    wave = moves_cast.wave(busy, NOON)
    undo = moves_cast.undo_of(busy, wave, NOON)
    client = client_of(busy[cast.SONIA])
    page = client.get(f"/waves/{wave.pk}").content.decode()
    assert "3 leads given back" in page
    assert "a person has changed the manager since" in page
    assert "Take back</a>" not in page
    assert "data-live" not in page
    assert "did not move" in client.get(f"/waves/{undo.pk}").content.decode()


def test_pages_without_anything_say_what_would_be_there(
    acme: cast.World, client_of: ClientOf
) -> None:
    client = client_of(acme[cast.SONIA])
    assert "No waves yet" in client.get("/waves").content.decode()
    assert "No template is in shadow" in client.get("/shadow").content.decode()
    assert "Ask about a lead" in client.get("/test-run").content.decode()


@pytest.mark.feature("N8")
def test_shadow_is_compared_by_lead_and_by_person(busy: cast.World, client_of: ClientOf) -> None:
    template = moves_cast.shadow(busy, NOON)
    client = client_of(busy[cast.SONIA])
    assert client.get("/shadow").url == f"/shadow/{template.pk}"
    page = client.get(f"/shadow/{template.pk}")
    found = page.context["found"]
    assert (found.percent, found.equal, found.compared, found.waiting) == (75, 3, 4, 1)
    assert [(one["name"], one["ours"], one["real"]) for one in page.context["people"]] == [
        ("Oleg Petrov", 2, 2),
        ("Ana Souza", 2, 1),
        ("Lucas Yılmaz", 0, 1),
    ]
    html = page.content.decode()
    assert "would wait" in html
    assert "End shadow: write to Kommo" in html
    empty = client.get(f"/shadow/{template.pk}?from=2026-01-01&to=2026-01-02").content.decode()
    assert "Nothing to compare in this period" in empty
    for nonsense in ("from=x&to=", "from=2026-03-05&to=2026-03-01", "from=0001-01-01"):
        assert client.get(f"/shadow/{template.pk}?{nonsense}").status_code == 200


@pytest.mark.feature("B16")
@pytest.mark.feature("F169")
def test_the_test_run_names_who_and_of_the_others_why_not(
    busy: cast.World, client_of: ClientOf
) -> None:
    client = client_of(busy[cast.SONIA])
    before = Decision.objects.count()
    page = client.get(f"/test-run?stage={cast.SALES}:{cast.NEW}")
    html = page.content.decode()
    assert page.status_code == 200
    assert "It would go to" in html
    assert "on pause" in html
    assert Decision.objects.count() == before
    page = client.get("/test-run?lead=34500105").content.decode()
    assert "https://acme.kommo.com/leads/detail/34500105" in page


@pytest.mark.feature("B16")
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("lead=5", "This lead is not known"),
        ("lead=x", "Not a number"),
        (f"stage={cast.SALES}:{cast.OFFER}", "No template that is on takes leads of this stage"),
        ("stage=1:1", "Select a valid choice"),
        ("trigger=99999999", "Select a valid choice"),
    ],
)
def test_a_test_run_without_an_answer_says_why(
    busy: cast.World, client_of: ClientOf, query: str, words: str
) -> None:
    page = client_of(busy[cast.SONIA]).get(f"/test-run?{query}")
    assert page.status_code == 422
    assert words in page.content.decode()


@pytest.mark.feature("B2")
def test_the_log_knows_templates_waves_shadow_and_undo(
    busy: cast.World, client_of: ClientOf
) -> None:
    wave = moves_cast.wave(busy, NOON)
    moves_cast.undo_of(busy, wave, NOON)
    template = moves_cast.shadow(busy, NOON)
    client = client_of(busy[cast.SONIA])
    page = client.get("/log").content.decode()
    for words in (
        "Given back to Oleg Petrov",
        "Stays with Ana Souza, not given back",
        "Would have gone to Ana Souza",
        "Would wait",
        f"/waves/{wave.pk}",
    ):
        assert words in page
    rows = client.get(f"/log?template={template.pk}").context["rows"]
    assert {row["template"] for row in rows} == {"Weekend"}
    assert len(rows) == 5
    page = client.get(f"/log/{rows[0]['decision'].pk}").content.decode()
    assert "Weekend" in page
    assert "Shadow" in page
