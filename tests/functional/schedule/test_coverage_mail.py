"""The mail about tomorrow's gaps: when, to whom, in which language, once; and a mail server's troubles."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Manager
from peresmenka.celery import app
from shifts.mail import mail_of_gaps
from shifts.models import CoverageWarning, Participation, ScheduleSettings, WorkSpan
from shifts.operations.coverage import warn_of_gaps
from tests.functional.schedule import cast
from tests.functional.schedule.cast import ANA, MALLORY, MONDAY, NOON, OLEG, SONIA, VERA
from tests.functional.schedule.conftest import MovableClock
from tests.functional.schedule.smtp import MailServer, mail_server

SMTP = "django.core.mail.backends.smtp.EmailBackend"
DUMMY = "django.core.mail.backends.dummy.EmailBackend"
AFTERNOON = NOON.replace(hour=15, minute=5)  # 16:05 in Madrid
TUESDAY = MONDAY + timedelta(days=1)
ADDRESSES = {
    VERA: "vera@example.com",
    SONIA: "sonia@example.com",
    OLEG: "oleg@example.com",
}
Outbox = list[EmailMultiAlternatives]


def run() -> int:
    """Do what beat's message has a worker do."""
    app.loader.import_default_modules()
    told: int = app.tasks["shifts.tasks.warn_of_gaps"].apply(throw=True).get()
    return told


def warn(now: datetime) -> int:
    """Do what the task does, at a moment of the test's own."""
    return warn_of_gaps(now, write=mail_of_gaps)


def plant(world: cast.World, users: list[int], now: datetime = NOON, **need: Any) -> None:
    """Let people work 9 to 18 on workdays; on Tuesday the first of them leaves at one."""
    cast.stand(world, users, cast.week(world), now=now)
    span = WorkSpan.objects.filter(manager=world[users[0]], on=TUESDAY)
    span.update(ends_at=NOON.replace(day=3, hour=12))
    need = {"coverage_weekdays": [0, 1, 2, 3, 4], "coverage_minimum": len(users), **need}
    ScheduleSettings.objects.for_account(world.account).update(**need)


@pytest.fixture
def acme(acme: cast.World) -> cast.World:
    """Two people are needed; tomorrow from one o'clock on there is one. Oleg is no supervisor."""
    for user, address in ADDRESSES.items():
        Manager.objects.filter(pk=acme[user].pk).update(email=address)
    plant(acme, [ANA, OLEG])
    return acme


@pytest.fixture
def afternoon(acme: cast.World, clock: MovableClock) -> MovableClock:
    clock.move(AFTERNOON)
    return clock


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    """A real mail server, which the service sends to."""
    with mail_server() as found:
        settings.EMAIL_BACKEND = SMTP
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", found.port
        yield found


def html_of(mail: EmailMultiAlternatives) -> str:
    (part,) = mail.alternatives
    return str(part[0])


@pytest.mark.feature("N7")
def test_supervisors_and_admins_are_told_of_tomorrows_gap(
    afternoon: MovableClock, mailoutbox: Outbox, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://shifts.example.com"
    assert run() == 1
    assert sorted(mail.to[0] for mail in mailoutbox) == ["sonia@example.com", "vera@example.com"]
    mail = mailoutbox[0]
    assert mail.subject == "1 gap in the schedule of Tue 3 Mar"
    for text in (mail.body, html_of(mail)):
        assert "Tue 3 Mar, 13:00–18:00: 1 person, 2 needed" in text
        assert "https://shifts.example.com/coverage" in text
        assert "Europe/Madrid" in text
    assert mail.extra_headers == {"Auto-Submitted": "auto-generated"}
    (row,) = CoverageWarning.objects.all()
    assert (row.on, row.sent_at) == (TUESDAY, AFTERNOON)
    assert row.gaps == [["2026-03-03T12:00:00+00:00", "2026-03-03T17:00:00+00:00", 1]]


def test_it_is_told_once_a_day(afternoon: MovableClock, mailoutbox: Outbox) -> None:
    assert [run(), run()] == [1, 0]
    afternoon.tick(hours=2)
    assert run() == 0
    assert len(mailoutbox) == 2
    afternoon.tick(days=1)  # Wednesday has no gap
    assert run() == 0


@pytest.mark.parametrize(
    ("hour", "minute", "told"), [(15, 59, 0), (16, 0, 1), (21, 59, 1), (22, 0, 0), (9, 0, 0)]
)
def test_it_is_told_in_the_afternoon_by_the_accounts_clock(
    acme: cast.World, clock: MovableClock, mailoutbox: Outbox, hour: int, minute: int, told: int
) -> None:
    clock.move(NOON.replace(hour=hour - 1, minute=minute))
    assert run() == told


def test_each_is_told_in_their_own_language(
    afternoon: MovableClock, acme: cast.World, mailoutbox: Outbox
) -> None:
    Account.objects.filter(pk=acme.account.pk).update(language="es")
    Manager.objects.filter(pk=acme[VERA].pk).update(language="ru")
    Manager.objects.filter(pk=acme[SONIA].pk).update(language="xx")
    run()
    html = {mail.to[0]: html_of(mail) for mail in mailoutbox}
    assert '<html lang="ru">' in html["vera@example.com"]
    assert "вт 3 мар" in html["vera@example.com"].lower()
    assert '<html lang="es">' in html["sonia@example.com"]


def test_a_gap_that_comes_up_in_the_evening_is_told(
    afternoon: MovableClock, acme: cast.World, mailoutbox: Outbox
) -> None:
    ScheduleSettings.objects.update(coverage_minimum=1)
    assert run() == 0
    assert not CoverageWarning.objects.exists()
    Participation.objects.create(
        account=acme.account,
        manager=acme[OLEG],
        status="off",
        until=NOON + timedelta(days=3),
        changed_at=NOON,
    )
    afternoon.tick(hours=3)
    assert run() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"warns_of_gaps": False},
        {"coverage_minimum": 1},
        {"coverage_weekdays": [0]},
        {"coverage_to": "12:00"},
    ],
)
def test_nobody_is_told_of_what_is_no_gap_or_not_wanted(
    afternoon: MovableClock, mailoutbox: Outbox, change: dict[str, Any]
) -> None:
    ScheduleSettings.objects.update(**change)
    assert run() == 0
    assert mailoutbox == []


@pytest.mark.parametrize("state", ["left", "closing"])
def test_an_account_that_has_left_is_told_nothing(
    afternoon: MovableClock, acme: cast.World, mailoutbox: Outbox, state: str
) -> None:
    Account.objects.filter(pk=acme.account.pk).update(state=state)
    assert run() == 0


def test_who_is_deactivated_in_kommo_gets_no_mail(
    afternoon: MovableClock, acme: cast.World, mailoutbox: Outbox
) -> None:
    Manager.objects.filter(pk=acme[VERA].pk).update(is_active_in_kommo=False)
    run()
    assert [mail.to for mail in mailoutbox] == [["sonia@example.com"]]


def test_without_a_mail_server_nothing_is_claimed(
    afternoon: MovableClock, settings: Any, mailoutbox: Outbox
) -> None:
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = DUMMY
    assert run() == 0
    settings.EMAIL_BACKEND = backend
    assert run() == 1


def test_a_run_with_nothing_due_costs_a_query_or_two(acme: cast.World, clock: MovableClock) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert warn(clock.now) == 0
    assert len(queries) == 1
    assert warn(AFTERNOON) == 1
    with CaptureQueriesContext(connection) as queries:
        assert warn(AFTERNOON) == 0
    assert len(queries) == 2


def test_the_number_of_accounts_does_not_change_the_number_of_queries(
    acme: cast.World, rival: cast.World, clock: MovableClock
) -> None:
    ScheduleSettings.objects.update(coverage_minimum=1)
    with CaptureQueriesContext(connection) as queries:
        assert warn(AFTERNOON) == 0
    alone = len(queries)
    plant(rival, [MALLORY], coverage_to="12:00")
    with CaptureQueriesContext(connection) as queries:
        assert warn(AFTERNOON) == 0
    assert len(queries) == alone == 3


def test_names_with_markup_stay_text_and_a_line_break_breaks_no_header(
    afternoon: MovableClock, acme: cast.World, mailoutbox: Outbox
) -> None:
    Account.objects.filter(pk=acme.account.pk).update(name="A & B <b>\r\nBcc: all@example.com")
    assert run() == 1
    assert "A &amp; B &lt;b&gt;" in html_of(mailoutbox[0])
    assert "A & B <b>" in mailoutbox[0].body


# -- over the wire


def test_it_arrives_over_smtp_with_text_and_html(
    afternoon: MovableClock, server: MailServer
) -> None:
    assert run() == 1
    assert sorted(to for [to], _ in server.mails) == ["sonia@example.com", "vera@example.com"]
    _, mail = server.mails[0]
    assert mail["Subject"] == "1 gap in the schedule of Tue 3 Mar"
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "13:00–18:00: 1 person, 2 needed" in text.get_content()
    assert "13:00–18:00: 1 person, 2 needed" in html.get_content()


def test_a_server_that_is_down_is_tried_again(
    afternoon: MovableClock, server: MailServer, settings: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    settings.EMAIL_PORT = 1  # nobody listens there
    assert run() == 0
    assert not CoverageWarning.objects.exists()
    assert "no mail server" in capfd.readouterr().err
    settings.EMAIL_PORT = server.port
    afternoon.tick(minutes=10)
    assert run() == 1
    assert len(server.mails) == 2


def test_one_accounts_trouble_is_not_the_others(
    afternoon: MovableClock, rival: cast.World, server: MailServer
) -> None:
    plant(rival, [MALLORY])
    Manager.objects.filter(pk=rival[MALLORY].pk).update(email="mallory@example.com")
    server.refused = {"vera@example.com": 451, "sonia@example.com": 451}
    assert run() == 1
    assert [to for to, _ in server.mails] == [["mallory@example.com"]]
    assert [row.account_id for row in CoverageWarning.objects.all()] == [rival.account.pk]
    server.refused = {}
    assert run() == 1
    assert CoverageWarning.objects.count() == 2


def test_what_is_refused_for_good_is_not_sent_again(
    afternoon: MovableClock, server: MailServer, capfd: pytest.CaptureFixture[str]
) -> None:
    server.refused = {"vera@example.com": 550, "sonia@example.com": 550}
    assert [run(), run()] == [0, 0]
    assert sorted(server.asked) == ["sonia@example.com", "vera@example.com"]
    log = capfd.readouterr().err
    assert f"mail to user {VERA}" in log
    assert "@" not in log


def test_who_was_told_is_not_told_again_for_anothers_failure(
    afternoon: MovableClock, server: MailServer
) -> None:
    server.refused = {"vera@example.com": 451}
    assert [run(), run()] == [1, 0]
    assert [to for to, _ in server.mails] == [["sonia@example.com"]]


def test_an_address_that_is_none_stops_nobody(
    afternoon: MovableClock, acme: cast.World, server: MailServer
) -> None:
    Manager.objects.filter(pk=acme[VERA].pk).update(email="vera@example.com\nBcc: all@example.com")
    assert run() == 1
    assert [to for to, _ in server.mails] == [["sonia@example.com"]]


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_one_sends(acme: cast.World, server: MailServer) -> None:
    def work(_number: int) -> int:
        try:
            return warn(AFTERNOON)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as workers:
        assert sum(workers.map(work, range(4))) == 1
    assert len(server.mails) == 2
