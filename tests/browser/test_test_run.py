"""The test run, waves and shadow in a real browser: the keyboard, the dialog, what axe-core finds."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from distribution.models import Decision, Wave
from peresmenka.lib.clock import read_clock
from tests.browser.conftest import Site
from tests.browser.test_console import FAST, broken_rules, watch
from tests.functional.console import cast, moves_cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(site: Site, browser: Browser, scheme: str, width: int) -> None:
    now = read_clock()
    wave = moves_cast.wave(site.world, now)
    moves_cast.undo_of(site.world, wave, now)
    other = moves_cast.shadow(site.world, now)
    choice = Decision.objects.filter(is_shadow=True).first()
    page = site.page(browser, cast.SONIA, scheme=scheme, width=width)
    found = {}
    for path in (
        "/test-run",
        f"/test-run?stage={cast.SALES}:{cast.NEW}&skills=English",
        "/test-run?lead=5",
        "/waves",
        f"/waves/{wave.pk}",
        f"/waves/{wave.pk}/undo",
        "/shadow",
        f"/shadow/{other.pk}",
        "/log",
        f"/log/{choice.pk}",
    ):
        page.goto(site.url + path)
        broken = broken_rules(page)
        if broken != ([], False):
            found[path] = broken
    assert found == {}


@pytest.mark.feature("B16")
def test_a_test_run_is_made_by_keyboard(site: Site, browser: Browser) -> None:
    page = site.page(browser, cast.SONIA)
    complaints = watch(page)
    page.goto(f"{site.url}/log")
    page.get_by_role("link", name="Test run").click()
    page.get_by_label("Lead number").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Arrives in stage")).to_be_focused()
    page.get_by_label("Arrives in stage").select_option(label="New request", value=None)
    page.get_by_label("Lead number").press("Enter")
    expect(page.get_by_role("heading", name="It would go to")).to_be_visible()
    rows = page.get_by_role("row")
    expect(rows.filter(has_text="would get the lead")).to_have_count(1)
    expect(rows.filter(has_text="on pause")).to_have_count(1)
    page.goto(f"{site.url}/test-run?lead=5")
    expect(page.get_by_role("alert").filter(has_text="This lead is not known")).to_be_visible()
    assert [one for one in complaints if "422" not in one] == []


@pytest.mark.feature("N4")
def test_a_wave_is_taken_back_in_a_dialog_and_tells_how_far_it_is(
    site: Site, browser: Browser
) -> None:
    moves_cast.wave(site.world, read_clock())
    page = site.page(browser, cast.SONIA)
    complaints = watch(page)
    page.add_init_script(FAST)
    page.goto(f"{site.url}/waves")
    page.get_by_role("link", name="Oleg Petrov left, the leads moved on").click()
    page.get_by_role("link", name="Take back").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("4 leads go back")
    dialog.get_by_role("link", name="Cancel").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Take back").press("Enter")
    dialog.get_by_role("button", name="Take back").click()
    expect(page.locator("#live")).to_contain_text("Being taken back")
    undo = Wave.objects.get(kind="undo")
    Wave.objects.filter(pk=undo.pk).update(moved=3, parked=1)
    expect(page.locator("#live")).to_contain_text("3 leads given back, 1 left where it is")
    expect(page.locator("#live")).not_to_contain_text("Being taken back")
    assert complaints == []
