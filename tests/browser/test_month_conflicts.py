"""The month grid in a real browser: what others do meanwhile, and what can go wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Manager
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
)
from tests.browser.test_console import watch
from tests.functional.console.cast import LUCAS, OLEG, SONIA, VERA

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DEWI = 16
DAY = [[540, 1080]]
# Tenths of a second in which the page asks for others' changes, instead of thirty seconds.
FAST = "window.setInterval = (ask => (what, ms) => ask(what, ms === 30000 ? 300 : ms))(window.setInterval)"


@pytest.fixture
def site(transactional_db: None, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Site:
    return grid_cast.serve(live_server.url, monkeypatch)


@pytest.fixture
def page(site: Site, browser: Browser) -> Iterator[Page]:
    yield from grid_cast.opened(site, browser)


# --- others ---------------------------------------------------------------------------------------------


def clash(site: Site, page: Page) -> Locator:
    """Let Vera be quicker on one of the three days that Sonia sets; return the dialog."""
    drag(page, cell(page, DEWI, 16), cell(page, DEWI, 18))
    set_hours(site.world, VERA, DEWI, [17], ((600, 900),))
    set_hours(site.world, VERA, LUCAS, [25], ((600, 900),))
    tool(page, "Set working hours").click()
    page.get_by_role("dialog").get_by_role("button", name="Set hours").click()
    dialog = page.get_by_role("dialog", name="Somebody has changed these days meanwhile")
    expect(dialog).to_contain_text("by Vera Lindqvist")
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
    Manager.objects.filter(kommo_id=DEWI).update(name="Dewi K. Renamed")
    expect(page.locator(f"#row-{DEWI} th")).to_contain_text("Dewi K. Renamed")
    assert selected(page) == [(OLEG, 20)]
    expect(cell(page, OLEG, 20)).to_be_focused()
    with page.expect_response("**/schedule/month*"):
        pass
    page.context.close()


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
    grid_cast.settle(page)
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
    Manager.objects.filter(kommo_id=DEWI).update(is_active_in_kommo=False)
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
