"""Swaps over HTTP: asked, answered, decided, withdrawn, cancelled; both people's hours move (B9)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import AuditEntry, InboxEvent
from shifts.models import Override, ScheduleSettings, Swap, Workday
from shifts.operations.grid import Step, edit_month
from shifts.queries.availability import availability_of
from shifts.queries.schedule import settings_of
from tests.functional.schedule.cast import (
    ANA,
    LUCAS,
    MALLORY,
    MEHMET,
    MONDAY,
    NOON,
    OLEG,
    SONIA,
    VERA,
    hours,
    in_service,
    planned,
    stand,
    week,
)

pytestmark = [pytest.mark.django_db, pytest.mark.feature("B9")]

DAY = timedelta(days=1)
TUESDAY, WEDNESDAY, SUNDAY = MONDAY + DAY, MONDAY + 2 * DAY, MONDAY + 6 * DAY
EARLY, LATE = "08:00-12:00", "13:00-20:00"
AT_TEN, AT_THREE = (datetime(2026, 3, 3, hour, tzinfo=UTC) for hour in (9, 14))  # in Madrid


@pytest.fixture
def team(acme):
    """Oleg and Lucas work mornings, Ana afternoons; Mehmet has no schedule."""
    stand(acme, [OLEG, LUCAS], week(acme, "Early", EARLY))
    stand(acme, [ANA], week(acme, "Late", LATE))
    return acme


@pytest.fixture
def signed_in(team, client_of):
    return lambda user: client_of(team[user])


def ask(client, on=TUESDAY, colleague=ANA, back="", note=""):
    fields = {"asker_on": on, "colleague": colleague, "colleague_on": back, "note": note}
    return client.post("/me/swaps/ask", fields)


def answer(client, row, action="agree"):
    return client.post(f"/me/swaps/{row.pk}/answer", {"action": action})


def decide(client, row, action="approve"):
    return client.post(f"/schedule/swaps/{row.pk}", {"action": action})


@pytest.fixture
def agreed(signed_in):
    """Ana takes Oleg's Tuesday and gives him her Wednesday; both have agreed."""
    ask(signed_in(OLEG), back=WEDNESDAY, note="School concert")
    row = Swap.objects.get()
    answer(signed_in(ANA), row)
    return row


def state(row):
    row.refresh_from_db()
    return row.state


def test_a_swap_moves_both_peoples_hours(team, signed_in, agreed):
    assert state(agreed) == "agreed"
    assert in_service(team, AT_TEN) == {OLEG, LUCAS}
    page = signed_in(SONIA).get("/schedule/swaps").content.decode()
    assert "Oleg Petrov asks Ana Souza" in page
    assert "School concert" in page
    assert decide(signed_in(SONIA), agreed).status_code == 302
    assert state(agreed) == "approved"
    assert planned(team, OLEG, TUESDAY) == ("day_off", "swapped", "08:00–12:00")
    assert planned(team, ANA, TUESDAY) == ("work", "", "08:00–12:00, 13:00–20:00")
    assert planned(team, OLEG, WEDNESDAY) == ("work", "", "08:00–12:00, 13:00–20:00")
    assert planned(team, ANA, WEDNESDAY) == ("day_off", "swapped", "13:00–20:00")
    assert in_service(team, AT_TEN) == {ANA, LUCAS}
    found = availability_of(team.account, AT_THREE + DAY, with_schedule=True)
    assert {user for user, one in found.items() if one.schedule.is_in_service} == {OLEG}
    cells = signed_in(SONIA).get("/schedule/month?month=2026-03").json()["cells"]
    assert cells[str(ANA)]["2026-03-03"]["layer"] == "swap"
    assert cells[str(OLEG)]["2026-03-03"]["cause"] == "swapped"
    told = InboxEvent.objects.for_account(team.account).filter(kind="availability")
    assert b'"schedule"' in bytes(told.order_by("-id")[0].body)


def test_yesterday_stays_when_a_swap_is_decided_late(team, signed_in, agreed, clock):
    clock.tick(days=2)
    answer_ = decide(signed_in(SONIA), agreed)
    assert answer_.status_code == 422
    assert "have begun or are over" in answer_.content.decode()
    assert planned(team, OLEG, TUESDAY) == ("work", "", "08:00–12:00")
    assert state(agreed) == "agreed"


def test_cover_without_a_day_in_exchange_moves_one_day(team, signed_in):
    ask(signed_in(OLEG))
    row = Swap.objects.get()
    answer(signed_in(ANA), row)
    decide(signed_in(VERA), row)
    assert planned(team, ANA, TUESDAY)[2] == "08:00–12:00, 13:00–20:00"
    assert Override.objects.filter(manager=team[ANA]).count() == 1
    assert in_service(team, AT_TEN + DAY) == {OLEG, LUCAS}


def test_the_same_day_both_ways_exchanges_the_hours(team, signed_in):
    ask(signed_in(OLEG), back=TUESDAY)
    row = Swap.objects.get()
    answer(signed_in(ANA), row)
    decide(signed_in(SONIA), row)
    assert planned(team, OLEG, TUESDAY) == ("work", "", "13:00–20:00")
    assert planned(team, ANA, TUESDAY) == ("work", "", "08:00–12:00")


def test_who_works_at_that_time_already_cannot_take_it(team, signed_in):
    refused = ask(signed_in(OLEG), colleague=LUCAS)
    assert refused.status_code == 422
    assert "Lucas Yılmaz works at that time already" in refused.content.decode()
    # In exchange for the very day that is in the way it can be done.
    assert ask(signed_in(OLEG), colleague=LUCAS, back=TUESDAY).status_code == 302


@pytest.mark.feature("F57")
def test_hours_move_by_the_takers_own_clock(team, signed_in):
    ana = team[ANA]
    ana.zone = "Pacific/Auckland"  # 12 hours ahead of Madrid in March
    ana.save(update_fields=["zone"])
    set_hours(team, OLEG, TUESDAY, "13:00-15:00, 20:00-22:00")
    clear(team, ANA, TUESDAY, WEDNESDAY)
    ask(signed_in(OLEG))
    row = Swap.objects.get()
    answer(signed_in(ANA), row)
    decide(signed_in(SONIA), row)
    assert planned(team, ANA, WEDNESDAY)[2] == "01:00–03:00, 08:00–10:00"
    assert planned(team, ANA, TUESDAY) is None
    assert in_service(team, datetime(2026, 3, 3, 12, 30, tzinfo=UTC)) == {ANA}


def set_hours(world, user, on, text):
    step = Step("set_hours", ((user, on),), hours(text))
    version = settings_of(world.account).version
    edit_month(world.account, actor=None, base=version, steps=[step], now=NOON)


def clear(world, user, *days):
    step = Step("clear", tuple((user, on) for on in days))
    version = settings_of(world.account).version
    edit_month(world.account, actor=None, base=version, steps=[step], now=NOON)


def test_a_night_that_reaches_into_the_takers_morning_is_refused(team, signed_in):
    set_hours(team, OLEG, TUESDAY, "21:00-10:00")
    set_hours(team, ANA, WEDNESDAY, "09:00-12:00")
    refused = ask(signed_in(OLEG))
    assert "see their hours on 4 Mar 2026" in refused.content.decode()


def test_approval_moves_the_hours_of_that_moment(team, signed_in, agreed):
    set_hours(team, OLEG, TUESDAY, "06:00-09:00")
    decide(signed_in(SONIA), agreed)
    assert planned(team, ANA, TUESDAY)[2] == "06:00–09:00, 13:00–20:00"


@pytest.mark.parametrize("what", ["hours", "deactivated", "licence", "overlap"])
def test_what_has_come_in_the_way_keeps_the_swap_open_with_the_reason(
    team, signed_in, agreed, what
):
    ana = team[ANA]
    if what == "hours":
        clear(team, OLEG, TUESDAY)
    elif what == "overlap":
        set_hours(team, ANA, TUESDAY, "11:00-14:00")
    elif what == "deactivated":
        ana.is_active_in_kommo = False
        ana.save(update_fields=["is_active_in_kommo"])
    else:
        ana.is_licensed = False
        ana.save(update_fields=["is_licensed"])
    text = {
        "hours": "Oleg Petrov has no working hours on 3 Mar 2026",
        "overlap": "Ana Souza works at that time already",
    }.get(what, "Ana Souza is deactivated in Kommo or takes no part")
    refused = decide(signed_in(SONIA), agreed)
    assert refused.status_code == 422
    assert refused.content.decode().count(text) == 2  # as the answer, and beside the swap
    assert state(agreed) == "agreed"
    assert not Override.objects.exists()
    assert not AuditEntry.objects.filter(action="swap").exists()


def test_without_approval_an_agreement_counts_at_once(team, signed_in):
    sonia = signed_in(SONIA)
    assert sonia.post("/schedule/swaps/settings", {}).status_code == 302
    assert ScheduleSettings.objects.get().swaps_need_approval is False
    ask(signed_in(OLEG))
    row = Swap.objects.get()
    clear(team, OLEG, TUESDAY)
    assert answer(signed_in(ANA), row).status_code == 422
    assert state(row) == "asked"
    set_hours(team, OLEG, TUESDAY, EARLY)
    assert answer(signed_in(ANA), row).status_code == 302
    assert state(row) == "approved"
    assert in_service(team, AT_TEN) == {ANA, LUCAS}
    sonia.post("/schedule/swaps/settings", {"swaps_need_approval": "on"})
    audits = AuditEntry.objects.filter(action="schedule_settings")
    assert [entry.after["swaps_need_approval"] for entry in audits.order_by("pk")] == [False, True]


@pytest.mark.parametrize(
    ("who", "action", "expected"),
    [(ANA, "decline", "declined"), (SONIA, "refuse", "refused"), (OLEG, "withdraw", "cancelled")],
)
def test_a_no_leaves_everything_as_it_was(team, signed_in, who, action, expected):
    ask(signed_in(OLEG), back=WEDNESDAY)
    row = Swap.objects.get()
    client = signed_in(who)
    if action == "withdraw":
        done = client.post(f"/me/swaps/{row.pk}/withdraw")
    elif action == "decline":
        done = answer(client, row, action)
    else:
        done = decide(client, row, action)
    assert done.status_code == 302
    assert state(row) == expected
    assert in_service(team, AT_TEN) == {OLEG, LUCAS}
    assert not Override.objects.exists()
    for late in (
        answer(signed_in(ANA), row),
        decide(signed_in(SONIA), row),
        signed_in(OLEG).post(f"/me/swaps/{row.pk}/withdraw"),
    ):
        assert late.status_code == 422
        assert "Somebody was faster" in late.content.decode()
    assert state(row) == expected


def test_a_supervisor_cannot_approve_before_the_colleague_agrees(team, signed_in):
    ask(signed_in(OLEG))
    row = Swap.objects.get()
    assert decide(signed_in(SONIA), row).status_code == 422
    assert state(row) == "asked"
    assert in_service(team, AT_TEN) == {OLEG, LUCAS}


def test_an_approved_swap_is_cancelled_while_nothing_has_begun(team, signed_in, agreed, clock):
    sonia = signed_in(SONIA)
    decide(sonia, agreed)
    assert "Cancel the swap" in sonia.get("/schedule/swaps?show=all").content.decode()
    assert decide(sonia, agreed, "cancel").status_code == 302
    assert state(agreed) == "cancelled"
    assert planned(team, OLEG, TUESDAY) == ("work", "", "08:00–12:00")
    assert planned(team, ANA, WEDNESDAY) == ("work", "", "13:00–20:00")
    log = AuditEntry.objects.filter(action="swap").order_by("pk")
    assert [(entry.actor_id, entry.after["state"]) for entry in log] == [
        (SONIA, "approved"),
        (SONIA, "cancelled"),
    ]


def test_a_swap_that_has_begun_is_not_cancelled(team, signed_in, agreed, clock):
    decide(signed_in(SONIA), agreed)
    clock.move(AT_TEN)
    refused = decide(signed_in(SONIA), agreed, "cancel")
    assert refused.status_code == 422
    assert "have begun" in refused.content.decode()
    assert (
        "Cancel the swap" not in signed_in(SONIA).get("/schedule/swaps?show=all").content.decode()
    )
    assert in_service(team, AT_TEN) == {ANA, LUCAS}


def test_hours_that_went_on_to_a_third_are_given_back_in_turn(team, signed_in):
    sonia = signed_in(SONIA)
    for asker, colleague in ((OLEG, ANA), (ANA, MEHMET)):
        assert ask(signed_in(asker), colleague=colleague).status_code == 302
        row = Swap.objects.order_by("-pk")[0]
        answer(signed_in(colleague), row)
        assert decide(sonia, row).status_code == 302
    assert in_service(team, AT_TEN) == {MEHMET, LUCAS}
    first, second = Swap.objects.order_by("pk")
    refused = decide(sonia, first, "cancel")
    assert "cancel that one first" in refused.content.decode()
    assert decide(sonia, second, "cancel").status_code == 302
    assert decide(sonia, first, "cancel").status_code == 302
    assert in_service(team, AT_TEN) == {OLEG, LUCAS}
    assert not Override.objects.exists()


def test_the_form_offers_days_with_hours_and_the_chosen_colleagues(team, signed_in):
    page = signed_in(OLEG).get("/me/swaps").content.decode()
    mine = re.findall(r'<option value="(2026-\d\d-\d\d)"', page)
    assert mine[:5] == [f"2026-03-0{day}" for day in (3, 4, 5, 6, 9)]  # today has begun
    assert "Oleg Petrov</option>" not in page
    theirs = signed_in(OLEG).get("/me/swaps/ask", {"colleague": ANA}).content.decode()
    assert '<option value="2026-03-02"' in theirs  # Ana begins at one, it is noon
    assert "13:00–20:00" in theirs
    assert "no hours that could be swapped" in signed_in(MEHMET).get("/me/swaps").content.decode()


@pytest.mark.parametrize(
    "wish",
    [
        {"on": ""},
        {"on": "2026-03-02"},  # has begun
        {"on": "2026-03-01"},
        {"on": SUNDAY},
        {"on": "2026-06-02"},
        {"on": "soon"},
        {"colleague": ""},
        {"colleague": OLEG},
        {"colleague": MALLORY},
        {"colleague": "x"},
        {"back": SUNDAY},
        {"back": "x"},
        {"note": "x" * 201},
    ],
)
def test_a_swap_that_cannot_be_is_refused(team, rival, signed_in, wish):
    assert ask(signed_in(OLEG), **wish).status_code == 422
    assert not Swap.objects.exists()


def test_the_same_is_asked_once_but_others_may_be_asked_too(team, signed_in):
    oleg = signed_in(OLEG)
    assert ask(oleg).status_code == 302
    again = ask(oleg)
    assert again.status_code == 422
    assert "have asked this colleague" in again.content.decode()
    assert ask(oleg, colleague=MEHMET).status_code == 302
    first, second = Swap.objects.order_by("pk")
    for row, user in ((first, ANA), (second, MEHMET)):
        answer(signed_in(user), row)
    decide(signed_in(SONIA), first)
    assert decide(signed_in(SONIA), second).status_code == 422
    assert in_service(team, AT_TEN) == {ANA, LUCAS}


def test_only_those_whom_it_concerns_answer_withdraw_and_decide(team, rival, signed_in, client_of):
    ask(signed_in(OLEG), note="Between us")
    row = Swap.objects.get()
    urls = [
        f"/me/swaps/{row.pk}/answer",
        f"/me/swaps/{row.pk}/withdraw",
        f"/schedule/swaps/{row.pk}",
    ]
    fields = [{"action": "agree"}, {}, {"action": "refuse"}]
    allowed = {ANA: 0, OLEG: 1, SONIA: 2}
    for user in (OLEG, ANA, LUCAS, SONIA):
        for place, url in enumerate(urls):
            if allowed.get(user) != place:
                assert signed_in(user).post(url, fields[place]).status_code == 403, (user, url)
    mallory, nobody = client_of(rival[MALLORY]), client_of(None)
    for url, values in zip(urls, fields, strict=True):
        assert mallory.post(url, values).status_code == 404
        assert nobody.post(url, values).status_code == 401
    assert state(row) == "asked"
    assert signed_in(OLEG).get("/schedule/swaps").status_code == 403
    assert signed_in(OLEG).post("/schedule/swaps/settings", {}).status_code == 403
    for client in (mallory, signed_in(LUCAS)):
        assert "Between us" not in client.get("/me/swaps").content.decode()
    assert "Between us" not in mallory.get("/schedule/swaps?show=all").content.decode()
    for user in (OLEG, ANA):
        assert "Between us" in signed_in(user).get("/me/swaps").content.decode()


def test_an_unknown_button_does_nothing(team, signed_in, agreed):
    assert decide(signed_in(SONIA), agreed, "explode").status_code == 422
    assert state(agreed) == "agreed"


def test_an_absence_over_a_swapped_day_counts_and_is_told(team, signed_in, agreed):
    decide(signed_in(SONIA), agreed)
    sick = {"kind": "absence", "cause": "sick", "managers": [ANA], "starts_on": TUESDAY}
    page = signed_in(SONIA).post("/schedule/absences", sick, follow=True).content.decode()
    assert "Ana Souza: a swapped day lies in it" in page
    assert planned(team, ANA, TUESDAY)[:2] == ("day_off", "absence")
    assert not Workday.objects.exists()
