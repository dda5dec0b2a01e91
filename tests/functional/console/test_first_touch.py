"""The page "First touch": its list, its totals, its file, and who sees what."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from typing import Any

import pytest

from distribution.models import FirstTouch, LeadMirror
from peresmenka.lib.clock import read_clock
from reports import touches
from tests import policies
from tests.functional.console import cast
from tests.functional.console.conftest import ClientOf

pytestmark = pytest.mark.feature("B13")
MINUTE = timedelta(minutes=1)


def clock(
    world: cast.World, lead: int, user: int, *, at: datetime, used: int | None = None, **fields: Any
) -> FirstTouch:
    """Write a clock of ten minutes; `used` minutes until its touch."""
    touched = {} if used is None else {"touched_at": at + used * MINUTE, "used_seconds": used * 60}
    values = {"due_at": at + 10 * MINUTE, "allowed_minutes": 10, "touched_by": "", **touched}
    if used is not None:
        values["touched_by"] = "call"
    row: FirstTouch = FirstTouch.objects.create(
        account=world.account,
        lead_id=lead,
        user_id=user,
        template_id=1,
        decision_id=lead,
        started_at=at,
        **{**values, **fields},
    )
    return row


@pytest.fixture
def timed(busy: cast.World) -> cast.World:
    """Oleg: in time after 3 and 5 minutes, late after 12, never, moved on, open. Ana: in time."""
    at = read_clock() - 60 * MINUTE
    for lead, used in ((1, 3), (2, 5), (3, 12)):
        clock(busy, lead, cast.OLEG, at=at, used=used)
    clock(busy, 4, cast.OLEG, at=at, breached_at=at + 10 * MINUTE)
    clock(busy, 5, cast.OLEG, at=at, ended_at=at + 4 * MINUTE)
    clock(busy, 6, cast.OLEG, at=read_clock() - MINUTE)
    clock(busy, 34_500_101, cast.ANA, at=at, used=1)
    return busy


def test_the_totals_of_each_manager(timed: cast.World, client_of: ClientOf) -> None:
    page = client_of(timed[cast.SONIA]).get("/first-touch")
    oleg, ana = page.context["totals"]
    assert oleg.name == "Oleg Petrov"
    found = oleg.totals
    assert (found.leads, found.in_time, found.late, found.untouched, found.open) == (6, 2, 1, 1, 1)
    assert (oleg.share, oleg.median) == ("50 %", "5.0")
    assert (ana.totals.in_time, ana.totals.breached, ana.share) == (1, 0, "100 %")


def test_each_lead_with_its_result(timed: cast.World, client_of: ClientOf) -> None:
    page = client_of(timed[cast.SONIA]).get(f"/first-touch?manager={cast.OLEG}")
    states = {row.lead_id: row.state for row in page.context["rows"]}
    assert states == {
        1: "in time",
        2: "in time",
        3: "breached: touched late",
        4: "breached: not touched",
        5: "moved on before",
        6: "not touched yet",
    }
    assert "12 of 10 min" in page.content.decode()


def test_a_started_minute_counts(busy: cast.World, client_of: ClientOf) -> None:
    row = clock(busy, 1, cast.OLEG, at=read_clock() - 60 * MINUTE, used=10)
    FirstTouch.objects.filter(pk=row.pk).update(used_seconds=620)
    page = client_of(busy[cast.SONIA]).get("/first-touch")
    assert [row.minutes for row in page.context["rows"]] == ["11 of 10 min"]


def test_a_manager_sees_only_what_is_theirs(timed: cast.World, client_of: ClientOf) -> None:
    client = client_of(timed[cast.ANA])
    page = client.get(f"/first-touch?manager={cast.OLEG}")
    assert page.context["rows"] == []
    page = client.get("/first-touch")
    assert [row.lead_id for row in page.context["rows"]] == [34_500_101]
    assert "Oleg Petrov" not in page.content.decode()
    file = client.get("/first-touch.csv").content.decode("utf-8-sig")
    assert "Oleg Petrov" not in file


def test_another_account_sees_nothing(
    timed: cast.World, rival: cast.World, client_of: ClientOf
) -> None:
    page = client_of(rival[cast.MALLORY]).get("/first-touch")
    assert page.context["rows"] == []
    assert page.context["totals"] == []


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("from=2020-01-01&to=2020-01-02", 0),
        ("from=0001-01-01&to=9999-12-31", 7),
        ("from=x&to=y&manager=%00&after=99_99999999999999999999", 7),
    ],
)
def test_the_period_is_filtered(
    timed: cast.World, client_of: ClientOf, query: str, number: int
) -> None:
    page = client_of(timed[cast.SONIA]).get(f"/first-touch?{query}")
    assert page.status_code == 200
    assert len(page.context["rows"]) == number


def test_the_list_is_read_page_by_page_and_no_row_twice(
    timed: cast.World, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(touches, "PAGE", 3)
    client, seen, address = client_of(timed[cast.SONIA]), [], "/first-touch"
    while address:
        page = client.get(address)
        seen += [row.lead_id for row in page.context["rows"]]
        address = f"/first-touch?{page.context['older']}" if page.context["older"] else ""
    assert sorted(seen) == [1, 2, 3, 4, 5, 6, 34_500_101]


def test_no_text_of_the_file_is_a_formula(timed: cast.World, client_of: ClientOf) -> None:
    name = "=HYPERLINK(1)"
    LeadMirror.objects.filter(lead_id=34_500_101).update(name=name)
    answer = client_of(timed[cast.SONIA]).get(f"/first-touch.csv?manager={cast.ANA}")
    text = answer.content.decode("utf-8-sig")
    _, row = csv.reader(text.splitlines())
    assert row[2] == f"'{name}"
    assert row[3:] == ["Ana Souza", "10", "1", "in time", "call"]


def test_an_empty_page_says_what_to_do(busy: cast.World, client_of: ClientOf) -> None:
    client = client_of(busy[cast.SONIA])
    assert "No template has a first-touch time" in client.get("/first-touch").content.decode()
    policies.change_simple(busy.account, first_touch={"minutes": 10})
    assert "No leads yet" in client.get("/first-touch").content.decode()
    text = client.get("/first-touch?from=2020-01-01").content.decode()
    assert "Nothing matches" in text
