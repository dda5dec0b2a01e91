"""Settings that work against each other, as the pages of triggers and templates show them (N6)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Manager
from distribution.models import LeadMirror, ManagerProfile, Register, Template
from distribution.queries.conflicts import findings_of
from peresmenka.lib.clock import set_clock
from tests import policies
from tests.functional.schedule import cast
from tests.functional.schedule.cast import ANA, LUCAS, NOON, OLEG, SALES_GROUP, SERVICE_GROUP
from tests.planning import signed_in

pytestmark = pytest.mark.feature("N6")

SALES, NEW, TALKS, OFFER = 100, 1001, 1002, 1003
SUPPORT, WORK = 200, 2002
MORNING, EVENING = {"start": "09:00", "end": "14:00"}, {"start": "14:00", "end": "20:00"}
ONE = re.compile(
    r'<li class="banner [^"]*" data-kind="(\w+)" data-severity="(\w+)">(.*?)</li>', re.S
)


@pytest.fixture
def acme(db: None) -> Iterator[cast.World]:
    set_clock(NOON)
    yield cast.build_acme(NOON)
    set_clock(None)


def member(user: int, **values: int) -> dict[str, object]:
    return {"kind": "manager", "id": user, **values}


def group(number: int) -> dict[str, object]:
    return {"kind": "group", "id": number}


def template(world: cast.World, name: str, *users: int, **body: object) -> Template:
    """Return a template of these managers (Oleg if none is given), open all day."""
    body.setdefault("members", [member(user) for user in users or (OLEG,)])
    return policies.template(world.account, name, **body)


def shown(world: cast.World, path: str = "/triggers") -> dict[tuple[str, str], str]:
    """Return what a page says, by kind and severity: one text each, tags taken out."""
    answer = signed_in(world[cast.SONIA]).get(path)
    assert answer.status_code == 200, answer.content
    return {
        (kind, severity): " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())
        for kind, severity, text in ONE.findall(answer.content.decode())
    }


def links(world: cast.World, path: str = "/triggers") -> set[str]:
    """Return where the conflicts of a page lead to."""
    page = signed_in(world[cast.SONIA]).get(path).content.decode()
    return set(re.findall(r'href="([^"]+)"', "".join(text for _, _, text in ONE.findall(page))))


# -- two triggers on one stage


@pytest.mark.feature("R37")
def test_two_watches_on_one_stage_are_a_warning_that_names_the_first(acme: cast.World) -> None:
    first = policies.watch(template(acme, "Day"), [(SALES, NEW)], name="Site")
    policies.watch(template(acme, "Other", ANA), [(SALES, None)], name="Calls", priority=1)
    said = shown(acme)
    text = said["same_stage", "warning"]
    assert "“Site” and “Calls” stand on one stage" in text
    assert "“Sales: New request” all week" in text
    assert f"/triggers/{first.pk}" in links(acme)


def test_watches_of_the_same_place_in_the_order_are_an_error(acme: cast.World) -> None:
    policies.watch(template(acme, "Day"), [(SALES, NEW)])
    policies.watch(template(acme, "Other", ANA), [(SALES, NEW)])
    assert "the same place in the order" in shown(acme)["same_stage", "error"]


@pytest.mark.feature("R37")
def test_a_groups_watch_of_the_simple_page_meets_the_others_by_its_name(acme: cast.World) -> None:
    policies.simple(acme.account, {SERVICE_GROUP: [(SALES, NEW)]})
    policies.watch(template(acme, "Day"), [(SALES, None)], name="Site", priority=1)
    text = shown(acme)["same_stage", "warning"]
    assert "“Service” and “Site” stand on one stage" in text
    assert "The upper one in the list, “Service”, takes the leads" in text
    assert "/settings" in links(acme)


def test_a_watch_and_a_card_on_one_stage_are_an_error(acme: cast.World) -> None:
    policies.watch(template(acme, "Day"), [(SALES, NEW)])
    policies.trigger(template(acme, "Card", ANA), "pipeline", [(SALES, NEW)], priority=1)
    assert "nothing orders them" in shown(acme)["same_stage", "error"]


@pytest.mark.feature("R37")
def test_a_morning_and_an_evening_template_share_a_stage_without_conflict(acme: cast.World) -> None:
    policies.watch(template(acme, "Morning", hours=MORNING), [(SALES, NEW)])
    policies.watch(template(acme, "Evening", ANA, hours=EVENING), [(SALES, NEW)], priority=1)
    assert shown(acme) == {}


def test_templates_that_meet_at_night_are_found_by_the_minute(acme: cast.World) -> None:
    night = {"start": "22:00", "end": "06:00", "weekdays": [6]}
    dawn = {"start": "05:00", "end": "09:00", "weekdays": [0]}
    policies.watch(template(acme, "Night", hours=night), [(SALES, NEW)])
    policies.watch(template(acme, "Dawn", ANA, hours=dawn), [(SALES, NEW)], priority=1)
    text = shown(acme)["same_stage", "warning"]
    assert "for 1 hour a week (the first time: Monday, 05:00)" in text


@pytest.mark.feature("F93", "R23")
def test_the_recommended_pair_is_confirmed_and_not_warned_about(acme: cast.World) -> None:
    owner = template(acme, "Day")
    both = Register.objects.create(account=acme.account, name="Both")
    for place, delay in enumerate((0, 3)):
        policies.trigger(
            owner,
            "pipeline",
            [(SALES, NEW)],
            priority=place,
            delay_minutes=delay,
            register=both,
            name=f"Card {delay}",
        )
    said = shown(acme)
    assert set(said) == {("recommended_pair", "hint")}
    assert (
        "As recommended: “Card 0” and “Card 3” are a good pair" in said["recommended_pair", "hint"]
    )
    assert "3 minutes later" in said["recommended_pair", "hint"]
    assert findings_of(acme.account, NOON).problems == 0


@pytest.mark.feature("F93")
def test_a_second_card_after_half_an_hour_is_no_recommended_pair(acme: cast.World) -> None:
    owner = template(acme, "Day")
    for place, delay in enumerate((0, 30)):
        policies.trigger(
            owner, "pipeline", [(SALES, NEW)], priority=place, delay_minutes=delay, name=f"C{delay}"
        )
    assert ("same_stage", "warning") in shown(acme)


def test_a_trigger_that_another_always_precedes_is_told_to_be_unreachable(acme: cast.World) -> None:
    policies.watch(template(acme, "All"), [(SALES, None)], name="Everything")
    policies.watch(template(acme, "Offers", ANA), [(SALES, OFFER)], name="Offers", priority=1)
    text = shown(acme)["unreachable", "warning"]
    assert "“Offers” never gets a lead" in text
    assert "“Everything”" in text


# -- people


def test_people_of_two_templates_are_named_whether_listed_or_in_a_group(acme: cast.World) -> None:
    policies.watch(template(acme, "Sales", members=[group(SALES_GROUP)]), [(SALES, NEW)], name="A")
    policies.watch(template(acme, "Claims", OLEG, ANA), [(SUPPORT, WORK)], name="B")
    text = shown(acme)["overlapping_members", "hint"]
    assert "Oleg Petrov and 1 more manager receive from each of them" in text
    assert "“Sales”, “Claims”" in text
    Manager.objects.filter(kommo_id__in=(OLEG, ANA)).update(group=None)
    assert shown(acme) == {}


def test_two_groups_in_two_templates_do_not_overlap(acme: cast.World) -> None:
    policies.watch(template(acme, "Sales", members=[group(SALES_GROUP)]), [(SALES, NEW)])
    policies.watch(template(acme, "Service", members=[group(SERVICE_GROUP)]), [(SUPPORT, WORK)])
    assert shown(acme) == {}


def test_a_template_of_nobody_is_an_error_on_its_own_page(acme: cast.World) -> None:
    empty = template(acme, "Empty", members=[])
    policies.watch(empty, [(SALES, NEW)])
    path = f"/templates/{empty.pk}/conflicts"
    assert "Nobody takes part in “Empty”" in shown(acme, path)["no_members", "error"]
    assert {f"/templates/{empty.pk}", "/team"} <= links(acme, path)


def test_who_does_not_take_part_or_weighs_nothing_is_no_member(acme: cast.World) -> None:
    rows = [member(OLEG), member(ANA, weight=0)]
    one = template(acme, "Day", strategy="weighted", members=rows)
    path = f"/templates/{one.pk}/conflicts"
    assert shown(acme, path) == {}
    Manager.objects.filter(kommo_id=OLEG).update(is_licensed=False)
    assert ("no_members", "error") in shown(acme, path)


@pytest.mark.feature("R16")
def test_an_emptied_group_of_shift_distribution_has_nobody(acme: cast.World) -> None:
    policies.simple(acme.account, {SALES_GROUP: [(SALES, NEW)], SERVICE_GROUP: [(SUPPORT, None)]})
    assert shown(acme) == {}
    Manager.objects.filter(group__kommo_id=SALES_GROUP).update(group=None)
    said = shown(acme)
    assert set(said) == {("no_members", "error")}
    assert "Nobody takes part in “Sales department”" in said["no_members", "error"]
    assert "/settings" in links(acme)


# -- an empty intersection of list, schedule and skill


def test_an_hour_without_anybody_is_found_in_next_weeks_schedules(acme: cast.World) -> None:
    cast.stand(acme, [OLEG], cast.week(acme, text="09:00-14:00"))
    cast.stand(acme, [ANA], cast.week(acme, "late", text="15:00-18:00"))
    hours = {"start": "09:00", "end": "18:00", "weekdays": [0, 1, 2, 3, 4]}
    one = template(acme, "Day", OLEG, ANA, hours=hours, gates={"schedule": "personal"})
    text = shown(acme, f"/templates/{one.pk}/conflicts")["nobody_at", "warning"]
    assert "for 5 hours while nobody in it has working hours" in text
    assert "Monday, 14:00" in text
    assert "/schedule" in links(acme, f"/templates/{one.pk}/conflicts")


def test_a_gap_closes_when_somebody_is_planned_for_it(acme: cast.World) -> None:
    hours = {"start": "09:00", "end": "18:00", "weekdays": [0, 1, 2, 3, 4]}
    one = template(acme, "Day", OLEG, ANA, hours=hours, gates={"schedule": "personal"})
    path = f"/templates/{one.pk}/conflicts"
    assert "for 45 hours" in shown(acme, path)["nobody_at", "warning"]
    cast.stand(acme, [OLEG], cast.week(acme))
    assert set(shown(acme, path)) == {("unplanned", "warning")}  # Ana


@pytest.mark.feature("R16")
def test_whoever_joined_a_listed_group_without_a_schedule_is_named(acme: cast.World) -> None:
    cast.stand(acme, [OLEG, ANA], cast.week(acme))
    hours = {"start": "09:00", "end": "18:00", "weekdays": [0, 1, 2, 3, 4]}
    gates = {"schedule": "personal"}
    one = template(acme, "Day", members=[group(SALES_GROUP)], hours=hours, gates=gates)
    path = f"/templates/{one.pk}/conflicts"
    text = shown(acme, path)["unplanned", "warning"]
    assert "2 members have no schedule next week: “Day”" in text
    assert "Lucas Yılmaz, Dewi Kartika. Only who has working hours gets leads here." in text
    cast.stand(acme, [LUCAS, 16], cast.week(acme, "more"))
    assert shown(acme, path) == {}


def test_a_named_schedule_counts_for_those_who_do_not_follow_it(acme: cast.World) -> None:
    cast.week(acme, "Line", text="09:00-18:00")
    hours = {"start": "09:00", "end": "19:00", "weekdays": [0, 1, 2, 3, 4]}
    gates = {"schedule": "named", "pattern": "Line"}
    one = template(acme, "Day", OLEG, hours=hours, gates=gates)
    path = f"/templates/{one.pk}/conflicts"
    text = shown(acme, path)["nobody_at", "warning"]
    assert "for 5 hours that lie outside of its schedule" in text
    assert "Monday, 18:00" in text


def test_an_empty_list_with_a_named_schedule_is_its_followers(acme: cast.World) -> None:
    line = cast.week(acme, "Line")
    hours = {"start": "10:00", "end": "17:00", "weekdays": [0, 1, 2, 3, 4]}
    gates = {"schedule": "named", "pattern": "Line"}
    one = template(acme, "Day", members=[], hours=hours, gates=gates)
    path = f"/templates/{one.pk}/conflicts"
    assert ("no_members", "error") in shown(acme, path)
    cast.stand(acme, [LUCAS], line)
    assert shown(acme, path) == {}


def test_hours_without_a_skill_are_told_apart_from_hours_without_anybody(acme: cast.World) -> None:
    cast.stand(acme, [OLEG, ANA], cast.week(acme))
    cast.stand(acme, [LUCAS], cast.week(acme, "short", text="09:00-12:00"))
    ManagerProfile.objects.create(account=acme.account, manager=acme[LUCAS], skills=["Portuguese"])
    hours = {"start": "09:00", "end": "18:00", "weekdays": [0, 1, 2, 3, 4]}
    skills = {"mode": "hard", "field_id": 502}
    gates = {"schedule": "personal"}
    one = template(acme, "Day", OLEG, ANA, LUCAS, hours=hours, gates=gates, skills=skills)
    path = f"/templates/{one.pk}/conflicts"
    text = shown(acme, path)["nobody_at", "warning"]
    assert "Nobody who knows “portuguese” is there at some hours" in text
    assert (
        "for 30 hours while nobody with this skill is there; the first time is Monday, 12:00"
        in text
    )
    policies.change(one, skills={"mode": "soft"})
    assert shown(acme, path) == {}


def test_a_skill_that_only_leads_have_asked_for_is_missed(acme: cast.World) -> None:
    one = template(acme, "Day", skills={"mode": "hard", "field_id": 502})
    watch = policies.watch(one, [(SALES, NEW)])
    path = f"/templates/{one.pk}/conflicts"
    assert shown(acme, path) == {}
    LeadMirror.objects.create(
        account=acme.account,
        lead_id=5,
        pipeline_id=SALES,
        status_id=NEW,
        confirmed_at=NOON,
        trigger_id=watch.pk,
        cycle={"skills": ["turkish"]},
    )
    assert "“turkish”" in shown(acme, path)["nobody_at", "warning"]


# -- ways in a circle


def test_moves_that_bring_a_lead_back_are_an_error(acme: cast.World) -> None:
    def move(stage: tuple[int, int]) -> dict[str, object]:
        return {"nobody": {"then": "move_stage", "after_minutes": 5, "stage": list(stage)}}

    policies.watch(template(acme, "First", **move((SALES, TALKS))), [(SALES, NEW)])
    cap = {"minutes": 10, "cap": 3, "cap_stage": [SALES, NEW]}
    second = template(acme, "Second", ANA, acceptance=cap)
    policies.watch(second, [(SALES, TALKS)], priority=1)
    text = shown(acme)["stage_loop", "error"]
    assert "Leads go round in a circle" in text
    assert "“First”, “Second”" in text
    policies.change(second, acceptance={"cap_stage": [SALES, OFFER]})
    assert shown(acme) == {}


# -- what is left out, and what it costs


def test_a_template_that_is_off_is_judged_on_its_own_page_alone(acme: cast.World) -> None:
    empty = template(acme, "Empty", members=[])
    policies.watch(empty, [(SALES, NEW)])
    Template.objects.filter(pk=empty.pk).update(is_enabled=False)
    assert shown(acme) == {}
    assert ("no_members", "error") in shown(acme, f"/templates/{empty.pk}/conflicts")


def test_another_accounts_settings_are_never_compared(acme: cast.World) -> None:
    rival = cast.build_rival(NOON)
    theirs = policies.template(rival.account, "Theirs", members=[member(OLEG)])
    policies.watch(theirs, [(SALES, NEW)])
    policies.watch(template(acme, "Ours"), [(SALES, NEW)])
    assert shown(acme) == {}
    page = signed_in(acme[cast.SONIA]).get(f"/templates/{theirs.pk}/conflicts")
    assert page.status_code == 404


@pytest.mark.parametrize("number", [1, 30])
def test_the_question_costs_eight_queries_whatever_the_numbers(
    acme: cast.World, number: int
) -> None:
    cast.stand(acme, [OLEG, ANA], cast.week(acme, "Line"))
    for place in range(number):
        gates = {"schedule": "named", "pattern": "Line"} if place % 2 else {"schedule": "personal"}
        skills = {"mode": "hard", "field_id": 502}
        one = template(acme, f"T{place}", OLEG, ANA, gates=gates, skills=skills)
        policies.watch(one, [(SALES, NEW)], priority=place)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        found = findings_of(acme.account, NOON)
    assert found.conflicts
    assert len(seen) <= 8
    assert found.monday == date(2026, 3, 2) + timedelta(days=7)
