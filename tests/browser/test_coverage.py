"""The page Coverage in a real browser: a planted gap is red and marked, in both schemes and on a phone."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from peresmenka.lib.clock import read_clock
from shifts.core.hours import parse_hours
from shifts.models import PlannedDay, SchedulePattern, ScheduleSettings, StandingPattern
from shifts.operations.grid import Step, edit_month
from shifts.operations.plan import changing
from shifts.queries.schedule import local_day, zone_of
from tests.browser.conftest import Site
from tests.functional.console import cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
PICTURES = os.environ.get("COVERAGE_PICTURES", "")


@pytest.fixture
def planned(site: Site) -> Site:
    """Four people work 9 to 18 on workdays, Dewi later; two are needed."""
    now = read_clock()
    early = _pattern(site, "Early", "09:00-18:00", now)
    late = _pattern(site, "Late", "11:00-20:00", now)
    with changing(site.world.account, kind="standing", actor=None, now=now) as change:
        for user, pattern in (
            (cast.OLEG, early),
            (cast.ANA, early),
            (cast.LUCAS, early),
            (16, late),
        ):
            StandingPattern.objects.create(
                account=site.world.account,
                manager=site.world[user],
                pattern=pattern,
                starts_on=pattern.anchor_on,
                anchor_on=pattern.anchor_on,
            )
        change.touch(None, pattern.anchor_on, None)
    ScheduleSettings.objects.update(coverage_minimum=2, coverage_weekdays=[0, 1, 2, 3, 4])
    return site


def _pattern(site: Site, name: str, text: str, now: datetime) -> SchedulePattern:
    monday = now.date() - timedelta(days=now.weekday())
    own = [list(pair) for pair in parse_hours(text)]
    row: SchedulePattern = SchedulePattern.objects.create(
        account=site.world.account,
        name=name,
        cycle=[own] * 5 + [[], []],
        anchor_on=monday,
    )
    return row


def plant(site: Site) -> str:
    """Send everybody but Oleg away from one to three on a day of next week; return the day."""
    now = read_clock()
    today = local_day(now, zone_of(site.world[cast.OLEG], site.world.account))
    tuesday = today + timedelta(days=8 - today.weekday())
    away = (
        (cast.ANA, "09:00-13:00, 15:00-18:00"),
        (cast.LUCAS, "09:00-13:00"),
        (16, "15:00-20:00"),
    )
    edit_month(
        site.world.account,
        actor=site.world[cast.SONIA],
        base=10_000,
        steps=[
            Step("set_hours", cells=((user, tuesday),), hours=parse_hours(text))
            for user, text in away
        ],
        now=now,
    )
    assert PlannedDay.objects.filter(on=tuesday).exists()
    return tuesday.isoformat()


def axe(page: Page) -> list[tuple[str, list[str]]]:
    page.evaluate(AXE)
    result = page.evaluate(
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})"
    )
    return [
        (rule["id"], [node["html"][:160] for node in rule["nodes"][:3]])
        for rule in result["violations"]
    ]


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@pytest.mark.feature("N7")
def test_a_gap_planted_in_next_weeks_schedule_shows_red(planned: Site, browser: Browser) -> None:
    page = planned.page(browser, cast.SONIA)
    page.goto(f"{planned.url}/coverage")
    day = plant(planned)
    page.reload()
    cells = page.locator(f'tr:has(a[href*="{day}"]) td')
    for hour, (text, is_gap) in {
        12: ("3", False),
        13: ("!gap: 1", True),
        14: ("!gap: 1", True),
    }.items():
        expect(cells.nth(hour)).to_have_text(text)
        expect(cells.nth(hour)).to_have_class("gap" if is_gap else "tint-3")
    red, plain = (
        cells.nth(hour).evaluate("cell => getComputedStyle(cell).color").removeprefix("rgb(")
        for hour in (13, 12)
    )
    assert int(red.split(",")[0]) > 150 > int(plain.split(",")[0])
    line = page.locator("#gaps li", has_text="13:00–15:00: 1 person, 2 needed")
    line.get_by_role("link").click()
    page.wait_for_url(f"**/schedule?month={day[:7]}&day={day}")


def test_the_need_is_changed_and_the_gaps_follow(planned: Site, browser: Browser) -> None:
    plant(planned)
    page = planned.page(browser, cast.SONIA)
    page.goto(f"{planned.url}/coverage?group=0")
    page.get_by_label("People needed at least").fill("1")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#flash")).to_contain_text("Saved.")
    expect(page.locator("#gaps")).to_contain_text("No gaps")
    expect(page.get_by_label("Group")).to_have_value("0")
    page.get_by_label("People needed at least").fill("0")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#errors")).to_contain_text("Too small. The least is 1.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_and_only_the_map_scrolls_sideways(
    planned: Site, browser: Browser, scheme: str, width: int
) -> None:
    plant(planned)
    page = planned.page(browser, cast.SONIA, scheme=scheme, width=width)
    page.goto(f"{planned.url}/coverage")
    assert axe(page) == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    scrolls = "map => map.scrollWidth > map.clientWidth"
    assert page.locator(".heat-wrap").evaluate(scrolls) == (width == 390)
    picture(page, f"{scheme}-{width}")
    if width == 390:
        page.locator(".heat-wrap").focus()
        page.keyboard.press("End")
        page.locator(".heat-wrap").evaluate("map => map.scrollTo(420, 0)")
        picture(page, f"{scheme}-{width}-scrolled")


def test_the_page_of_an_account_without_schedules_is_sound(site: Site, browser: Browser) -> None:
    page = site.page(browser, cast.VERA, width=390)
    page.goto(f"{site.url}/coverage")
    assert axe(page) == []
    picture(page, "empty-390")
    page.get_by_role("link", name="Open the month grid").click()
    page.wait_for_url("**/schedule")
