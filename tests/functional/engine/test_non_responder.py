"""A manager who lets lead after lead pass is switched off, and supervisors are told (B8)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.mail import EmailMessage

from accounts.models import Manager
from distribution.models import Alert
from peresmenka.celery import app
from shifts.models import Participation
from tests.functional.engine.timed import MINUTES, misses, timed
from tests.functional.main_job.conftest import Team
from tests.planning import set_status
from tests.world import World

SECONDS = MINUTES * 60
SMTP = "django.core.mail.backends.smtp.EmailBackend"
pytestmark = pytest.mark.feature("B8")


def missed(team: Team, times: int) -> None:
    """Let Oleg, who is alone when leads arrive, miss so many of them; Ana takes care of each."""
    world = team.world
    for _ in range(times):
        world.shift(team.ana, "pause")
        world.run()
        (lead,) = world.leads()
        world.shift(team.ana, "resume")
        world.run()
        world.advance(SECONDS)
        assert world.owner(lead) == team.ana.kommo_id
        world.edit(lead, by=team.ana.kommo_id, status_id=world.stages()[1][1])


def begin(team: Team, **acceptance: object) -> None:
    timed(team, pause_after=3, **acceptance)
    team.world.start_shifts([team.oleg, team.ana])


def status(team: Team, manager: Manager) -> str:
    row = Participation.objects.for_account(team.account).filter(manager=manager).first()
    return row.status if row else "on"


def told(team: Team) -> list[tuple[int, int, bool]]:
    """What supervisors are to know: about whom, misses in a row, was he switched off."""
    rows = Alert.objects.for_account(team.account).order_by("pk")
    return list(rows.values_list("user_id", "number", "is_off"))


def test_the_third_miss_in_a_row_switches_a_manager_off_and_two_do_not(
    team: Team, world: World
) -> None:
    begin(team)
    missed(team, 2)
    assert misses(team, team.oleg.kommo_id) == 2
    assert status(team, team.oleg) == "on"
    missed(team, 1)
    assert status(team, team.oleg) == "off"
    assert misses(team, team.oleg.kommo_id) == 0  # the next row begins with the next shift
    assert told(team) == [(team.oleg.kommo_id, 3, True)]
    note = Participation.objects.get(manager=team.oleg).note
    assert note == "Did not accept 3 leads in a row in time"
    assert team.leads_of(team.oleg, team.ana, among=world.leads(2)) == [0, 2]


def test_whoever_was_switched_off_can_switch_themselves_on_again(team: Team, world: World) -> None:
    begin(team)
    missed(team, 3)
    code, _ = world.ask_widget(team.oleg, "participation", {"status": "on"})
    assert code == 200
    assert status(team, team.oleg) == "on"


def test_an_acceptance_in_between_begins_the_row_anew(team: Team, world: World) -> None:
    begin(team)
    missed(team, 2)
    world.shift(team.ana, "pause")
    world.run()
    (lead,) = world.leads()
    world.edit(lead, by=team.oleg.kommo_id, status_id=world.stages()[1][1])
    world.shift(team.ana, "resume")
    missed(team, 2)
    assert status(team, team.oleg) == "on"


def test_who_is_kept_on_by_a_supervisor_stays_on_and_supervisors_are_told(
    team: Team, world: World
) -> None:
    begin(team)
    set_status(world, team.oleg, "forced_on")
    missed(team, 3)
    assert status(team, team.oleg) == "forced_on"
    assert told(team) == [(team.oleg.kommo_id, 3, False)]


def test_without_a_number_nobody_is_switched_off(team: Team, world: World) -> None:
    timed(team)
    world.start_shifts([team.oleg, team.ana])
    missed(team, 4)
    assert status(team, team.oleg) == "on"
    assert misses(team, team.oleg.kommo_id) == 4


def test_supervisors_are_mailed_once_each_in_their_own_language(
    team: Team, world: World, mailoutbox: list[EmailMessage]
) -> None:
    begin(team)
    people = Manager.objects.for_account(team.account)
    people.filter(name="Vera").update(email="vera@example.com", language="en")
    people.filter(name="Sonia").update(email="sonia@example.com", language="ru", is_supervisor=True)
    people.filter(name="Ana").update(email="ana@example.com")
    missed(team, 3)
    assert [tell(), tell()] == [1, 0]
    assert sorted(mail.to[0] for mail in mailoutbox) == ["sonia@example.com", "vera@example.com"]
    (vera,) = [mail for mail in mailoutbox if mail.to == ["vera@example.com"]]
    assert "Oleg did not accept 3 leads in a row in time and was switched off" in vera.body


def test_a_mail_that_no_server_takes_is_tried_again(
    team: Team, world: World, settings: Any, mailoutbox: list[EmailMessage]
) -> None:
    begin(team)
    Manager.objects.filter(name="Vera").update(email="vera@example.com")
    missed(team, 3)
    works, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, SMTP
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert tell() == 0
    settings.EMAIL_BACKEND = works
    assert tell() == 1
    assert len(mailoutbox) == 1


def tell() -> int:
    """Do what beat's message has a worker do."""
    app.loader.import_default_modules()
    accounts: int = app.tasks["distribution.tasks.tell"].apply(throw=True).get()
    return accounts
