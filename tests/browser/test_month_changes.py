"""The month grid in a real browser: what is done with the selected days."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from shifts.models import ScheduleChange
from tests.browser import grid_cast
from tests.browser.conftest import Site
from tests.browser.grid_cast import (
    cell,
    drag,
    hours_of,
    live,
    selected,
    tool,
    workday,
)
from tests.browser.test_console import watch
from tests.functional.console.cast import ANA, LUCAS, OLEG

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DEWI = 16
DAY = [[540, 1080]]


@pytest.fixture
def site(transactional_db: None, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Site:
    return grid_cast.serve(live_server.url, monkeypatch)


@pytest.fixture
def page(site: Site, browser: Browser) -> Iterator[Page]:
    yield from grid_cast.opened(site, browser)


@pytest.mark.feature("N7")
def test_a_link_that_names_a_day_selects_its_column(site: Site, page: Page) -> None:
    grid_cast.open_month(page, site.url, "?month=2026-03&day=2026-03-18")
    assert {day for _user, day in selected(page)} == {18}


def test_hours_around_the_clock_stay_what_they_are(site: Site, page: Page) -> None:
    grid_cast.set_hours(site.world, DEWI, DEWI, [16], hours=((540, 1980),))
    grid_cast.open_month(page, site.url)
    cell(page, DEWI, 17).click()
    tool(page, "Set working hours").click()
    dialog = page.get_by_role("dialog", name="Set working hours")
    dialog.get_by_role("button", name="09:00–09:00 +1").click()
    dialog.get_by_role("button", name="Set hours").click()
    expect(dialog).to_be_hidden()
    grid_cast.settle(page)
    assert hours_of(site.world.account, DEWI, [17]) == [[[540, 1980]]]


# --- hours ---------------------------------------------------------------------------------------


@pytest.mark.feature("F69")
def test_hours_are_set_on_highlighted_days_and_stay(site: Site, page: Page) -> None:
    complaints = watch(page)
    drag(page, cell(page, DEWI, 16), cell(page, DEWI, 20))
    tool(page, "Set working hours").click()
    dialog = page.get_by_role("dialog", name="Set working hours")
    expect(dialog).to_contain_text("Selected days: 5")
    dialog.get_by_label("From").fill("08:30")
    dialog.get_by_label("Until").fill("12:00")
    dialog.get_by_role("button", name="Add an interval").click()
    dialog.get_by_label("From").nth(1).fill("22:00")
    dialog.get_by_label("Until").nth(1).fill("06:00")
    expect(dialog).to_contain_text("go over midnight")
    dialog.get_by_role("button", name="Set hours").click()
    expect(dialog).to_be_hidden()
    expect(live(page)).to_have_text("Hours set. Days: 5.")
    assert selected(page) == [(DEWI, day) for day in range(16, 21)]
    page.reload()
    expect(cell(page, DEWI, 17)).to_have_accessible_name(
        "Dewi Kartika, Tuesday 17 March, 08:30–12:00, 22:00–06:00"
    )
    expect(page.locator(f"#row-{DEWI} th")).to_contain_text("until 20 Mar 2026")
    kept = hours_of(site.world.account, DEWI, range(15, 22))
    assert kept == [None, *[[[510, 720], [1320, 1800]]] * 5, None]
    assert complaints == []


def test_hours_of_the_month_are_offered_again(site: Site, page: Page) -> None:
    cell(page, DEWI, 16).click()
    tool(page, "Set working hours").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="09:00–13:00, 14:00–18:00").click()
    expect(dialog.get_by_label("Until")).to_have_count(2)
    dialog.get_by_role("button", name="Remove").first.click()
    dialog.get_by_role("button", name="Set hours").click()
    expect(dialog).to_be_hidden()
    assert hours_of(site.world.account, DEWI, [16]) == [[[840, 1080]]]


def test_hours_that_overlap_are_refused_beside_what_was_typed(site: Site, page: Page) -> None:
    cell(page, DEWI, 16).click()
    tool(page, "Set working hours").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Add an interval").click()
    dialog.get_by_role("button", name="Set hours").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Give both times")
    dialog.get_by_label("From").nth(1).fill("17:00")
    dialog.get_by_label("Until").nth(1).fill("20:00")
    dialog.get_by_role("button", name="Set hours").click()
    expect(dialog.get_by_role("alert")).to_contain_text("overlap")
    expect(dialog.get_by_label("From").nth(1)).to_have_value("17:00")
    expect(cell(page, DEWI, 16)).to_have_accessible_name("Dewi Kartika, Monday 16 March, no hours")
    assert workday(site.world.account, DEWI, 16) is None


@pytest.mark.feature("F75")
def test_clearing_deletes_the_hours_of_highlighted_days(site: Site, page: Page) -> None:
    drag(page, cell(page, OLEG, 11), cell(page, OLEG, 12))
    tool(page, "Clear schedule").click()
    expect(live(page)).to_have_text("Schedule cleared. Days: 2.")
    expect(cell(page, OLEG, 11)).to_have_accessible_name(
        "Oleg Petrov, Wednesday 11 March, no hours"
    )
    assert hours_of(site.world.account, OLEG, [11, 12, 13]) == [None, None, DAY]
    cell(page, OLEG, 13).click()
    page.keyboard.press("Delete")
    expect(live(page)).to_have_text("Schedule cleared. Days: 1.")
    assert hours_of(site.world.account, OLEG, [13]) == [None]


# --- days off --------------------------------------------------------------------------------------


@pytest.mark.feature("F76", "F77")
def test_the_cup_marks_a_day_off_and_takes_it_back(site: Site, page: Page) -> None:
    drag(page, cell(page, OLEG, 11), cell(page, OLEG, 12))
    cup = tool(page, "Day off")
    expect(cup).to_have_attribute("aria-pressed", "false")
    cup.click()
    expect(live(page)).to_have_text("Days off set. Days: 2.")
    expect(cell(page, OLEG, 11)).to_have_accessible_name(
        "Oleg Petrov, Wednesday 11 March, day off, its hours are kept: 09:00–18:00"
    )
    expect(cell(page, OLEG, 11)).to_have_attribute("title", "day off, its hours are kept: 09:00–18:00")  # fmt: skip
    expect(cell(page, OLEG, 11).locator("s")).to_have_attribute("data-text", "9–18")
    kept = workday(site.world.account, OLEG, 11)
    assert kept is not None
    assert (kept.hours, kept.day_off) == (DAY, True)
    expect(cup).to_have_attribute("aria-pressed", "true")
    cup.click()
    expect(live(page)).to_have_text("Days off taken back. Days: 2.")
    expect(cell(page, OLEG, 11)).to_have_accessible_name(
        "Oleg Petrov, Wednesday 11 March, 09:00–18:00"
    )
    kept = workday(site.world.account, OLEG, 11)
    assert kept is not None
    assert (kept.hours, kept.day_off) == (DAY, None)


@pytest.mark.feature("F78")
def test_a_day_without_hours_cannot_be_a_day_off(site: Site, page: Page) -> None:
    cell(page, OLEG, 17).click()
    cup = tool(page, "Day off")
    expect(cup).to_have_attribute("aria-disabled", "true")
    expect(cup).to_have_attribute("title", "A day off needs hours: set them first.")
    before = ScheduleChange.objects.count()
    cup.focus()
    page.keyboard.press("Enter")
    expect(live(page)).to_have_text("A day off needs hours: set them first.")
    assert ScheduleChange.objects.count() == before
    cell(page, OLEG, 16).click(modifiers=["Control"])
    expect(cup).not_to_have_attribute("aria-disabled", "true")
    cup.click()
    expect(live(page)).to_contain_text("Left out, without hours: 1.")
    assert workday(site.world.account, OLEG, 17) is None


def test_a_holiday_can_be_worked(site: Site, page: Page) -> None:
    cell(page, OLEG, 19).click()
    tool(page, "Day off").click()
    expect(cell(page, OLEG, 19)).to_have_accessible_name(
        "Oleg Petrov, Thursday 19 March, 09:00–18:00"
    )
    expect(live(page)).to_have_text("Days off taken back. Days: 1.")


# --- copies, patterns ------------------------------------------------------------------------------


def test_days_are_copied_and_pasted(site: Site, page: Page) -> None:
    account = site.world.account
    drag(page, cell(page, OLEG, 12), cell(page, OLEG, 14))
    page.keyboard.press("Control+c")
    expect(live(page)).to_have_text("Copied. Days: 3.")
    cell(page, DEWI, 20).click()
    page.keyboard.press("Control+v")
    expect(live(page)).to_have_text("Pasted. Days: 3.")
    assert hours_of(account, DEWI, [20, 21, 22]) == [DAY, DAY, []]
    cell(page, LUCAS, 20).click()
    tool(page, "Copy").click()
    drag(page, cell(page, LUCAS, 23), cell(page, LUCAS, 26))
    tool(page, "Paste").click()
    expect(live(page)).to_have_text("Pasted. Days: 4.")
    assert hours_of(account, LUCAS, range(23, 27)) == [[[1320, 1800]]] * 4
    page.get_by_role("link", name="Next month").click()
    cell(page, DEWI, 1).click()
    page.keyboard.press("Control+v")
    expect(cell(page, DEWI, 1)).to_have_accessible_name(
        "Dewi Kartika, Wednesday 1 April, 22:00–06:00"
    )


def test_a_block_is_repeated_over_the_selection(site: Site, page: Page) -> None:
    drag(page, cell(page, OLEG, 13), cell(page, OLEG, 14))
    page.keyboard.press("Control+c")
    drag(page, cell(page, DEWI, 23), cell(page, DEWI, 27))
    page.keyboard.press("Control+v")
    expect(live(page)).to_have_text("Pasted. Days: 5.")
    assert hours_of(site.world.account, DEWI, range(23, 28)) == [DAY, [], DAY, [], DAY]


def test_a_pattern_is_previewed_and_applied(site: Site, page: Page) -> None:
    drag(page, cell(page, DEWI, 16), cell(page, DEWI, 21))
    tool(page, "Fill with a pattern").click()
    dialog = page.get_by_role("dialog", name="Fill with a pattern")
    expect(dialog.get_by_label("First day of the cycle")).to_have_value("2026-03-16")
    expect(dialog).to_contain_text("Days that would change: 6.")
    expect(page.locator("td.is-ghost")).to_have_count(6)
    expect(cell(page, DEWI, 16).locator(".line")).to_have_attribute("data-text", "8–20")
    dialog.get_by_label("First day of the cycle").fill("2026-03-17")
    expect(cell(page, DEWI, 17).locator(".line")).to_have_attribute("data-text", "8–20")
    expect(cell(page, DEWI, 19).locator("s")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator("td.is-ghost")).to_have_count(0)
    assert hours_of(site.world.account, DEWI, range(16, 22)) == [None] * 6
    tool(page, "Fill with a pattern").click()
    expect(dialog).to_contain_text("Days that would change: 6.")
    dialog.get_by_role("button", name="Apply").click()
    expect(dialog).to_be_hidden()
    long = [[480, 1200]]
    assert hours_of(site.world.account, DEWI, range(16, 22)) == [long, long, [], [], long, long]
    expect(cell(page, DEWI, 18)).to_have_class(re.compile("is-rest"))
    tool(page, "Fill with a pattern").click()
    dialog.get_by_label("Pattern", exact=True).select_option(label="Nights")
    expect(cell(page, DEWI, 16).locator(".line")).to_have_attribute("data-text", "22–6")


def test_the_previous_month_is_copied_for_chosen_rows(site: Site, page: Page) -> None:
    page.get_by_role("link", name="Next month").click()
    cell(page, OLEG, 8).click()
    tool(page, "Copy previous month").click()
    dialog = page.get_by_role("dialog", name="Copy previous month")
    expect(dialog.get_by_label("Rows with selected days")).to_be_checked()
    expect(dialog).to_contain_text("Managers: 1")
    expect(dialog).to_contain_text("Days that would change: 5.")
    dialog.get_by_label("All who are shown").check()
    expect(dialog).to_contain_text("Managers: 7")
    expect(dialog).not_to_contain_text("Days that would change: 5.")
    dialog.get_by_label("Rows with selected days").check()
    expect(dialog).to_contain_text("Days that would change: 5.")
    dialog.get_by_role("button", name="Copy").click()
    expect(dialog).to_be_hidden()
    # The second Wednesday to the second Wednesday.
    expect(cell(page, OLEG, 8)).to_have_accessible_name(
        "Oleg Petrov, Wednesday 8 April, 09:00–18:00"
    )
    expect(cell(page, ANA, 8)).to_have_accessible_name("Ana Souza, Wednesday 8 April, no hours")


def test_days_follow_their_pattern_again(site: Site, page: Page) -> None:
    grid_cast.stand(site.world, DEWI)
    page.reload()
    expect(cell(page, DEWI, 18)).to_have_accessible_name(
        "Dewi Kartika, Wednesday 18 March, 08:00–20:00"
    )
    expect(cell(page, DEWI, 18)).to_have_class("day is-work is-pattern-layer")
    cell(page, DEWI, 18).click()
    page.keyboard.press("Delete")
    expect(cell(page, DEWI, 18)).to_have_accessible_name(
        "Dewi Kartika, Wednesday 18 March, no hours"
    )
    tool(page, "Follow the pattern").click()
    expect(live(page)).to_have_text("The pattern counts again. Days: 1.")
    expect(cell(page, DEWI, 18)).to_have_accessible_name(
        "Dewi Kartika, Wednesday 18 March, 08:00–20:00"
    )


# --- undo and history --------------------------------------------------------------------------------


def test_changes_are_undone_and_done_again(site: Site, page: Page) -> None:
    expect(tool(page, "Undo")).to_have_attribute("aria-disabled", "true")
    cell(page, OLEG, 11).click()
    page.keyboard.press("Delete")
    expect(live(page)).to_contain_text("cleared")
    cell(page, OLEG, 12).click()
    page.keyboard.press("Delete")
    expect(cell(page, OLEG, 12)).to_have_accessible_name("Oleg Petrov, Thursday 12 March, no hours")
    grid_cast.settle(page)
    for _ in range(2):
        page.keyboard.press("Control+z")
    expect(cell(page, OLEG, 11)).to_have_accessible_name(
        "Oleg Petrov, Wednesday 11 March, 09:00–18:00"
    )
    assert hours_of(site.world.account, OLEG, [11, 12]) == [DAY, DAY]
    expect(tool(page, "Undo")).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Control+Shift+z")
    expect(cell(page, OLEG, 11)).to_have_accessible_name(
        "Oleg Petrov, Wednesday 11 March, no hours"
    )
    tool(page, "Redo").click()
    expect(cell(page, OLEG, 12)).to_have_accessible_name("Oleg Petrov, Thursday 12 March, no hours")
    grid_cast.settle(page)
    assert hours_of(site.world.account, OLEG, [11, 12]) == [None, None]
    tool(page, "Undo").click()
    expect(cell(page, OLEG, 12)).to_have_accessible_name(
        "Oleg Petrov, Thursday 12 March, 09:00–18:00"
    )


def test_the_history_tells_who_and_undoes(site: Site, page: Page) -> None:
    tool(page, "History").click()
    dialog = page.get_by_role("dialog", name="History")
    first = dialog.get_by_role("listitem").first
    expect(first).to_contain_text("Hours set on 2 days")
    expect(first).to_contain_text("Vera Lindqvist · 12:00")
    first.get_by_role("button").click()
    expect(dialog.get_by_role("listitem").first).to_contain_text("Undone on 2 days")
    page.keyboard.press("Escape")
    expect(cell(page, LUCAS, 20)).to_have_accessible_name("Lucas Yılmaz, Friday 20 March, no hours")
    assert hours_of(site.world.account, LUCAS, [20, 21]) == [None, None]
