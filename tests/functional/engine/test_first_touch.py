"""The first-touch clock: in working time, warned of, breached, and shown in the report (B13)."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from django.test import Client

from accounts.identity import SESSION_KEY
from accounts.models import Manager
from distribution.models import Alert, FirstTouch
from tests.functional.engine.timed import change
from tests.functional.main_job.conftest import Team
from tests.world import World

pytestmark = pytest.mark.feature("B13")


def clocked(team: Team, **touch: Any) -> int:
    """A lead that Oleg is to touch within ten minutes."""
    team.deal_with()
    change(team, first_touch={"minutes": 10, **touch})
    team.world.start_shifts([team.oleg])
    (lead,) = team.world.leads()
    return lead


def record_of(team: Team, lead: int) -> FirstTouch:
    """Return the latest clock of a lead."""
    rows = FirstTouch.objects.for_account(team.account).filter(lead_id=lead)
    found: FirstTouch = rows.order_by("pk").last()
    return found


def touch(team: Team, lead: int, user_id: int, kind: str = "note") -> None:
    """Let somebody work on a lead in Kommo."""
    team.world.crm("touch", kind=kind, lead_id=lead, user_id=user_id, text="Called the client")
    team.world.run()


def test_a_touch_within_the_time_stops_the_clock(team: Team, world: World) -> None:
    lead = clocked(team)
    world.advance(4 * 60)
    touch(team, lead, team.oleg.kommo_id)
    world.advance(3600)
    record = record_of(team, lead)
    assert (record.used_seconds, record.touched_by, record.breached_at) == (240, "note", None)


def test_a_lead_touched_after_twelve_of_ten_allowed_minutes_is_a_breach(
    team: Team, world: World
) -> None:
    lead = clocked(team)
    world.advance(10 * 60)
    assert record_of(team, lead).breached_at == record_of(team, lead).due_at
    world.advance(2 * 60)
    touch(team, lead, team.oleg.kommo_id)
    record = record_of(team, lead)
    assert record.used_seconds == 12 * 60
    assert record.breached_at == record.due_at
    client = Client()
    session = client.session
    session[SESSION_KEY] = Manager.objects.get(account=team.account, name="Vera").pk
    session.save()
    page = client.get("/first-touch")
    (row,), (line,) = page.context["rows"], page.context["totals"]
    assert (row.state, row.minutes) == ("breached: touched late", "12 of 10 min")
    assert (line.totals.breached, line.totals.in_time, line.median) == (1, 0, "12.0")
    file = client.get("/first-touch.csv").content.decode("utf-8-sig")
    assert str(lead) in file
    assert "Oleg,10,12,breached: touched late,note" in file


def test_a_colleagues_touch_does_not_stop_the_clock(team: Team, world: World) -> None:
    lead = clocked(team)
    world.advance(60)
    touch(team, lead, team.ana.kommo_id)
    world.advance(10 * 60)
    assert record_of(team, lead).touched_at is None
    assert record_of(team, lead).breached_at is not None


def test_the_stage_moved_by_the_owner_is_a_touch(team: Team, world: World) -> None:
    lead = clocked(team)
    world.advance(60)
    world.edit(lead, by=team.oleg.kommo_id, status_id=world.stages()[1][1])
    assert record_of(team, lead).touched_by == "stage"


def test_the_warning_comes_before_the_breach(team: Team, world: World) -> None:
    lead = clocked(team, warn_minutes=3)
    world.advance(7 * 60 - 1)
    assert record_of(team, lead).warned_at is None
    world.advance(1)
    assert record_of(team, lead).warned_at == world.now
    (alert,) = Alert.objects.for_account(team.account)
    assert (alert.kind, alert.lead_id, alert.number) == ("touch", lead, 3)
    assert record_of(team, lead).breached_at is None
    world.advance(3 * 60)
    assert record_of(team, lead).breached_at is not None


def test_the_clock_counts_the_templates_working_time(team: Team, world: World) -> None:
    team.deal_with()
    change(team, first_touch={"minutes": 10}, hours={"start": "09:00", "end": "18:00"})
    world.start_shifts([team.oleg])
    world.advance_to(time(17, 56))
    (lead,) = world.leads()
    world.advance_to(time(9, 5))
    assert record_of(team, lead).breached_at is None
    touch(team, lead, team.oleg.kommo_id)
    assert record_of(team, lead).used_seconds == 9 * 60


def test_a_lead_that_moves_on_is_no_longer_asked_for_and_its_next_owner_has_a_clock_of_his_own(
    team: Team, world: World
) -> None:
    lead = clocked(team)
    change(team, acceptance={"minutes": 5})
    world.start_shifts([team.ana])
    world.advance(3600, run=False)
    (other,) = world.leads()
    first = record_of(team, other)
    world.advance(5 * 60)
    first.refresh_from_db()
    second = record_of(team, other)
    assert first.ended_at == world.now
    assert first.breached_at is None
    assert second.pk != first.pk
    assert second.due_at > first.due_at
    assert lead != other


def test_a_lead_that_a_person_takes_away_is_no_breach(team: Team, world: World) -> None:
    lead = clocked(team)
    world.advance(60)
    world.edit(lead, responsible_user_id=team.max.kommo_id)
    world.advance(10 * 60)
    record = record_of(team, lead)
    assert record.ended_at is not None
    assert record.breached_at is None


def test_a_template_without_the_clock_writes_nothing(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    world.leads(3)
    assert not FirstTouch.objects.for_account(team.account).exists()
