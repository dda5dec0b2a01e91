"""The page Team in a real browser: the filter, the bar for ticked rows, dialogs, undo; axe-core in all sizes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from accounts.models import Manager
from distribution.models import ManagerProfile
from peresmenka.lib.clock import read_clock
from shifts.core.participation import Status
from shifts.operations.participation import set_participation
from shifts.queries.participation import standing_of
from tests.browser.conftest import Site
from tests.browser.test_console import broken_rules, watch
from tests.functional.console import cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_on_the_page_and_in_its_dialogs(
    site: Site, browser: Browser, scheme: str, width: int
) -> None:
    now = read_clock()
    set_participation(
        site.world[cast.OLEG], status=Status.FORCED_OFF, note="dentist", now=now, by=None
    )
    set_participation(site.world[cast.ANA], status=Status.OFF, now=now, by=None)
    Manager.objects.filter(kommo_id=16).update(is_active_in_kommo=False)
    page = site.page(browser, cast.VERA, scheme=scheme, width=width)
    page.goto(f"{site.url}/team")
    found = {}
    for place in ("page", "bar", "status", "edit", "alone"):
        if place == "alone":
            page.goto(f"{site.url}/team/managers/{cast.OLEG}/status")
        elif place == "bar":
            page.get_by_label("Select Ana Souza").check()
            expect(page.locator("#bulk-count")).to_have_text("Selected: 1")
        elif place != "page":
            link = "Status: Oleg Petrov" if place == "status" else "Edit: Oleg Petrov"
            page.get_by_label(link).click()
            expect(page.get_by_role("dialog")).to_be_visible()
        broken, wide = broken_rules(page)
        if broken or wide:
            found[place] = broken, wide
        page.keyboard.press("Escape")
    assert found == {}


def test_ticked_rows_are_changed_together_and_undone_together(site: Site, browser: Browser) -> None:
    page = site.page(browser, cast.VERA)
    complaints = watch(page)
    page.goto(f"{site.url}/team")
    bar = page.locator("#bulk")
    expect(bar).to_be_hidden()
    page.get_by_label("Select all in Service").check()
    expect(page.locator("#bulk-count")).to_have_text("Selected: 2")
    page.get_by_label("Select Irina Belova").uncheck()
    page.get_by_label("Select Oleg Petrov").check()
    bar.get_by_label("Status").select_option("forced_off")
    bar.get_by_role("button", name="Set status").click()
    expect(page.locator("#flash")).to_contain_text("Forced Off: 2 managers.")
    for user_id in (17, cast.OLEG):
        expect(page.locator(f"#member-{user_id}")).to_contain_text("Forced Off")
    expect(page.locator("#member-18")).not_to_contain_text("Forced Off")
    expect(bar).to_be_hidden()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#flash")).to_contain_text("Undone: Mehmet Kaya, Oleg Petrov")
    expect(page.locator("#member-17")).not_to_contain_text("Forced Off")
    assert standing_of(site.world[cast.OLEG], read_clock()).status is Status.ON
    page.get_by_label("Select Oleg Petrov").check()
    bar.get_by_label("Limit").fill("7")
    bar.get_by_role("button", name="Set limit").click()
    expect(page.locator("#flash")).to_contain_text("The limit of 1 manager is saved.")
    assert ManagerProfile.objects.get().leads == 7
    assert complaints == []


def test_the_status_dialog_keeps_an_error_and_takes_the_correction(
    site: Site, browser: Browser
) -> None:
    page = site.page(browser, cast.SONIA)
    page.goto(f"{site.url}/team")
    page.get_by_label("Status: Oleg Petrov").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Forced Off").check()
    dialog.get_by_label("Until").fill("2020-01-01T12:00")
    dialog.get_by_label("Note").fill("dentist")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("lies in the past")
    expect(dialog.get_by_label("Note")).to_have_value("dentist")
    dialog.get_by_label("Until").fill("")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(page.locator(f"#member-{cast.OLEG}")).to_contain_text("dentist")
    page.get_by_label("Status: Ana Souza").click()
    dialog.get_by_role("button", name="Absent today").click()
    expect(dialog).to_be_hidden()
    expect(page.locator(f"#member-{cast.ANA}")).to_contain_text("until")


def test_the_filter_answers_while_one_types_and_keeps_its_place(
    site: Site, browser: Browser
) -> None:
    page = site.page(browser, cast.VERA)
    complaints = watch(page)
    page.goto(f"{site.url}/team")
    search = page.get_by_label("Name, e-mail or skill")
    search.press_sequentially("petrov")
    expect(page.locator("#member-14")).to_have_count(0)
    expect(page.locator("#member-13")).to_be_visible()
    expect(search).to_be_focused()
    assert page.url.endswith("/team?q=petrov")
    switch = page.get_by_label("Oleg Petrov takes part")
    switch.focus()
    page.keyboard.press("Space")
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(switch).to_be_focused()
    expect(page.locator("#member-14")).to_have_count(0)
    assert not Manager.objects.get(kommo_id=cast.OLEG).is_licensed
    page.get_by_role("link", name="Clear").click()
    page.get_by_label("Group", exact=True).select_option("5")
    expect(page.locator("#member-13")).to_have_count(0)
    expect(page.locator("#member-17")).to_be_visible()
    assert complaints == []


def test_the_first_visit_of_an_admin_ends_with_confirm(site: Site, browser: Browser) -> None:
    page = site.page(browser, cast.VERA, width=390)
    page.goto(site.url)
    expect(page).to_have_url(f"{site.url}/team")
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("#flash")).to_contain_text("Confirmed.")
    expect(page.locator("#team")).not_to_contain_text("Choose who takes part")
