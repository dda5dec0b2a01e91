"""The log and the page of a decision."""

from __future__ import annotations

import pytest

from distribution.models import Decision, Effect
from reports import queries
from tests.functional.console import cast
from tests.functional.console.conftest import NOON, ClientOf

pytestmark = pytest.mark.usefixtures("clock")


def latest(world: cast.World) -> Decision:
    return Decision.objects.for_account(world.account).order_by("-pk").first()


def test_the_log_is_read_page_by_page_and_no_row_twice(
    busy: cast.World, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PAGE", 3)
    client, seen, address = client_of(busy[cast.SONIA]), [], "/log"
    while address:
        page = client.get(address)
        seen += [row["decision"].pk for row in page.context["rows"]]
        address = f"/log?{page.context['older']}" if page.context["older"] else ""
    every = Decision.objects.for_account(busy.account).order_by("-decided_at", "-pk")
    assert seen == list(every.values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("kind=distribution", 10),
        ("kind=return", 0),
        ("lead=34500105", 1),
        ("from=2026-03-02&to=2026-03-02", 10),
        ("to=2026-03-01", 0),
        ("from=0001-01-01&to=9999-12-31&lead=99999999999999999999", 10),
        ("kind=%27nonsense&lead=x&manager=y&from=z&after=%00", 10),
    ],
)
def test_the_log_is_filtered(
    busy: cast.World, client_of: ClientOf, query: str, number: int
) -> None:
    page = client_of(busy[cast.SONIA]).get(f"/log?{query}")
    assert page.status_code == 200
    assert len(page.context["rows"]) == number


def test_the_log_of_a_person_is_filtered(busy: cast.World, client_of: ClientOf) -> None:
    page = client_of(busy[cast.SONIA]).get(f"/log?manager={cast.ANA}")
    assert {row["decision"].chosen_id for row in page.context["rows"]} == {cast.ANA}


@pytest.mark.feature("B2")
def test_a_decision_names_for_each_candidate_why_or_why_not(
    busy: cast.World, client_of: ClientOf
) -> None:
    decision = latest(busy)
    page = client_of(busy[cast.SONIA]).get(f"/log/{decision.pk}").content.decode()
    for name in ("Oleg Petrov", "Ana Souza", "Dewi Kartika", "Lucas Yılmaz"):
        assert name in page
    assert "on pause" in page
    assert "could have taken it; others were ahead" in page
    assert "Replayed: the same result." in page
    assert "https://acme.kommo.com/leads/detail/34500109" in page


@pytest.mark.feature("B2")
def test_a_record_that_was_tampered_with_is_found_by_its_replay(
    busy: cast.World, client_of: ClientOf
) -> None:
    decision = latest(busy)
    Decision.objects.filter(pk=decision.pk).update(chosen_id=cast.LUCAS)
    page = client_of(busy[cast.SONIA]).get(f"/log/{decision.pk}").content.decode()
    assert "Replayed: another result." in page


def test_the_timeline_shows_what_came_of_it_in_kommo(busy: cast.World, client_of: ClientOf) -> None:
    decision = latest(busy)
    Effect.objects.filter(decision_id=decision.pk, kind="note").update(
        state="failed", attempts=3, result="403 no rights"
    )
    Decision.objects.create(
        account=busy.account,
        lead_id=decision.lead_id,
        kind="manual",
        decided_at=NOON,
        chosen_id=cast.LUCAS,
        previous_owner_id=decision.chosen_id,
    )
    page = client_of(busy[cast.SONIA]).get(f"/log/{decision.pk}").content.decode()
    assert "3 attempts · 403 no rights" in page
    assert "A person gave it to Lucas Yılmaz" in page


def test_a_manager_sees_only_the_own_decisions(busy: cast.World, client_of: ClientOf) -> None:
    client = client_of(busy[cast.ANA])
    rows = client.get(f"/log?manager={cast.OLEG}").context["rows"]
    assert all(cast.ANA in (r["decision"].chosen_id, r["decision"].previous_owner_id) for r in rows)
    own = Decision.objects.filter(chosen_id=cast.ANA).first()
    others = Decision.objects.filter(chosen_id=cast.OLEG).first()
    assert client.get(f"/log/{own.pk}").status_code == 200
    assert client.get(f"/log/{others.pk}").status_code == 404


def test_a_wait_is_told_with_its_reason(busy: cast.World, client_of: ClientOf) -> None:
    decision = Decision.objects.create(
        account=busy.account,
        lead_id=1,
        kind="distribution",
        decided_at=NOON,
        reason="all_at_limit",
    )
    page = client_of(busy[cast.SONIA]).get(f"/log/{decision.pk}").content.decode()
    assert "Waits: everybody has reached the limit" in page
    assert "Nobody was chosen among several" in page
