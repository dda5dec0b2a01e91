"""The month grid in a real browser: what is done with the selected days, and what others do meanwhile."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from shifts.models import ScheduleChange
from tests.browser import grid_cast
from tests.browser.conftest import Site
from tests.browser.grid_cast import (
    cell,
    drag,
    head,
    hours_of,
    live,
    open_month,
    selected,
    set_hours,
    tool,
    workday,
)
from tests.browser.test_console import watch
from tests.functional.console import cast
from tests.functional.console.cast import ANA, LUCAS, OLEG, SONIA, VERA

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DEWI = 16
DAY = [[540, 1080]]
# Tenths of a second in which the page asks for others' changes, instead of thirty seconds.
FAST = "window.setInterval = (ask => (what, ms) => ask(what, ms === 30000 ? 300 : ms))(window.setInterval)"


@pytest.fixture
def site(transactional_db: None, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Site:
    return grid_cast.serve(live_server.url, monkeypatch)


@pytest.fixture
def page(site: Site, browser: Browser) -> Page:
    found = site.page(browser, SONIA)
    open_month(found, site.url)
    return found


def settled(page: Page) -> None:
    expect(page.locator("#month-grid[aria-busy]")).to_have_count(0)


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
    settled(page)
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
    settled(page)
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


# --- others ---------------------------------------------------------------------------------------------


def clash(site: Site, page: Page) -> Locator:
    """Let Vera be quicker on one of the three days that Sonia sets; return the dialog."""
    drag(page, cell(page, DEWI, 16), cell(page, DEWI, 18))
    set_hours(site.world, VERA, DEWI, [17], ((600, 900),))
    set_hours(site.world, VERA, LUCAS, [25], ((600, 900),))
    tool(page, "Set working hours").click()
    page.get_by_role("dialog").get_by_role("button", name="Set hours").click()
    dialog = page.get_by_role("dialog", name="Somebody has changed these days meanwhile")
    expect(dialog).to_contain_text("Vera Lindqvist has changed")
    row = dialog.get_by_role("row").nth(1)
    expect(row).to_contain_text("Dewi Kartika")
    expect(row.get_by_role("cell").nth(1)).to_have_text("10:00–15:00")
    expect(row.get_by_role("cell").nth(2)).to_have_text("09:00–18:00")
    expect(dialog.get_by_role("row")).to_have_count(2)
    assert hours_of(site.world.account, DEWI, [16, 17, 18]) == [None, [[600, 900]], None]
    return dialog


def test_a_conflict_can_be_overwritten(site: Site, page: Page) -> None:
    complaints = watch(page)
    clash(site, page).get_by_role("button", name="Overwrite with mine").click()
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert hours_of(site.world.account, DEWI, [16, 17, 18]) == [DAY, DAY, DAY]
    expect(cell(page, LUCAS, 25)).to_have_accessible_name(
        "Lucas Yılmaz, Wednesday 25 March, 10:00–15:00"
    )
    assert [text for text in complaints if "409" not in text] == []


def test_theirs_can_be_kept(site: Site, page: Page) -> None:
    clash(site, page).get_by_role("button", name="Keep theirs").click()
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert hours_of(site.world.account, DEWI, [16, 17, 18]) == [DAY, [[600, 900]], DAY]
    expect(cell(page, DEWI, 17)).to_have_accessible_name(
        "Dewi Kartika, Tuesday 17 March, 10:00–15:00"
    )
    page.keyboard.press("Control+z")
    expect(cell(page, DEWI, 16)).to_have_accessible_name("Dewi Kartika, Monday 16 March, no hours")
    expect(cell(page, DEWI, 17)).to_have_accessible_name(
        "Dewi Kartika, Tuesday 17 March, 10:00–15:00"
    )


def test_an_undo_does_not_undo_somebody_elses_change(site: Site, page: Page) -> None:
    cell(page, OLEG, 11).click()
    page.keyboard.press("Delete")
    expect(live(page)).to_contain_text("cleared")
    set_hours(site.world, VERA, OLEG, [11], ((600, 900),))
    page.keyboard.press("Control+z")
    expect(page.locator("#schedule-message")).to_contain_text("changed since")
    expect(cell(page, OLEG, 11)).to_have_accessible_name(
        "Oleg Petrov, Wednesday 11 March, 10:00–15:00"
    )
    assert hours_of(site.world.account, OLEG, [11]) == [[[600, 900]]]


def test_what_changed_nothing_is_not_there_to_undo(site: Site, page: Page) -> None:
    set_hours(site.world, VERA, LUCAS, [25], ((600, 900),))
    cell(page, OLEG, 17).click()
    page.keyboard.press("Delete")
    expect(live(page)).to_contain_text("Changed meanwhile by Vera Lindqvist")
    expect(tool(page, "Undo")).to_have_attribute("aria-disabled", "true")


def test_others_changes_come_along_and_are_named(site: Site, page: Page) -> None:
    set_hours(site.world, VERA, LUCAS, [25], ((600, 900),))
    cell(page, OLEG, 11).click()
    page.keyboard.press("Delete")
    expect(live(page)).to_contain_text("Changed meanwhile by Vera Lindqvist")
    expect(cell(page, LUCAS, 25)).to_have_accessible_name(
        "Lucas Yılmaz, Wednesday 25 March, 10:00–15:00"
    )


def test_the_page_looks_for_others_changes_by_itself(site: Site, browser: Browser) -> None:
    page = site.page(browser, SONIA)
    page.add_init_script(FAST)
    open_month(page, site.url)
    cell(page, OLEG, 20).click()
    set_hours(site.world, VERA, LUCAS, [25], ((600, 900),))
    expect(cell(page, LUCAS, 25)).to_have_accessible_name(
        "Lucas Yılmaz, Wednesday 25 March, 10:00–15:00"
    )
    expect(live(page)).to_contain_text("Changed meanwhile by Vera Lindqvist")
    cast.Manager.objects.filter(kommo_id=DEWI).update(name="Dewi K. Renamed")
    expect(page.locator(f"#row-{DEWI} th")).to_contain_text("Dewi K. Renamed")
    assert selected(page) == [(OLEG, 20)]
    expect(cell(page, OLEG, 20)).to_be_focused()


# --- what can go wrong --------------------------------------------------------------------------------


def test_without_connection_nothing_is_lost(site: Site, page: Page) -> None:
    drag(page, cell(page, OLEG, 11), cell(page, OLEG, 12))
    page.context.set_offline(True)
    page.keyboard.press("Delete")
    message = page.locator("#schedule-message")
    expect(message).to_contain_text("No connection, so nothing was saved.")
    expect(cell(page, OLEG, 11)).to_have_accessible_name(
        "Oleg Petrov, Wednesday 11 March, 09:00–18:00"
    )
    assert selected(page) == [(OLEG, 11), (OLEG, 12)]
    page.context.set_offline(False)
    message.get_by_role("button", name="Try again").click()
    expect(message).to_be_hidden()
    expect(cell(page, OLEG, 12)).to_have_accessible_name("Oleg Petrov, Thursday 12 March, no hours")
    settled(page)
    assert hours_of(site.world.account, OLEG, [11, 12]) == [None, None]


def test_a_broken_server_keeps_the_dialog_open(site: Site, page: Page) -> None:
    def break_down(route: Route) -> None:
        route.fulfill(status=500, body="broken")

    page.route("**/schedule/operations", break_down)
    cell(page, DEWI, 16).click()
    tool(page, "Set working hours").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("From").fill("07:00")
    dialog.get_by_role("button", name="Set hours").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The server could not save this.")
    page.unroute("**/schedule/operations")
    dialog.get_by_role("button", name="Set hours").click()
    expect(dialog).to_be_hidden()
    assert hours_of(site.world.account, DEWI, [16]) == [[[420, 1080]]]


def test_days_that_are_refused_are_marked(site: Site, page: Page) -> None:
    cast.Manager.objects.filter(kommo_id=DEWI).update(is_active_in_kommo=False)
    head(page, 18).click()
    tool(page, "Fill with a pattern").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("deactivated in Kommo")
    page.keyboard.press("Escape")
    cell(page, DEWI, 18).focus()
    page.keyboard.press("Delete")
    expect(page.locator("#schedule-message")).to_contain_text("deactivated in Kommo")
    expect(cell(page, DEWI, 18)).to_have_attribute("aria-invalid", "true")
    assert (DEWI, 18) in selected(page)
