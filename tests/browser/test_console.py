"""The console in a real browser: what its scripts do, and what axe-core finds in every page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import Manager
from distribution.models import Decision, ManagerProfile
from distribution.queries.settings import settings_of
from peresmenka.lib.clock import read_clock
from shifts.core.machine import Presence
from shifts.core.participation import Status
from shifts.operations.participation import mark_absent_today, set_participation
from shifts.queries.presence import presence_of
from tests import policies
from tests.browser.conftest import Site
from tests.functional.console import cast
from tests.functional.schedule.cast import stand, week

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
# Tenths of a second in which the page asks again, instead of five seconds.
FAST = "window.setInterval = (ask => (what, ms) => ask(what, ms === 5000 ? 300 : ms))(window.setInterval)"
COUNTED = """window.polls = 0;
window.setInterval = (ask => (what, ms) => ask(() => { window.polls += 1; what(); }, ms))(window.setInterval)"""


def watch(page: Page) -> list[str]:
    """Return a list that fills with whatever the page complains about."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.accept()))
    return complaints


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(site: Site, browser: Browser, scheme: str, width: int) -> None:
    decision = Decision.objects.order_by("-pk").first()
    found = {}
    for user_id, path in (
        (None, "/"),
        (cast.VERA, "/settings"),
        (cast.SONIA, "/settings"),
        (cast.SONIA, "/board"),
        (cast.OLEG, "/me"),
        (cast.SONIA, "/log"),
        (cast.SONIA, f"/log/{decision.pk}"),
        (cast.SONIA, f"/board/managers/{cast.OLEG}/end"),
        (cast.SONIA, "/nothing"),
    ):
        page = site.page(browser, user_id, scheme=scheme, width=width)
        page.goto(site.url + path)
        broken = broken_rules(page)
        if broken != ([], False):
            found[path] = broken
        page.context.close()
    assert found == {}


def broken_rules(page: Page) -> tuple[list[tuple[str, list[str]]], bool]:
    """Return what axe-core finds, and whether the page is wider than its window."""
    page.evaluate(AXE)
    result = page.evaluate(
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})"
    )
    broken = [
        (rule["id"], [node["html"][:160] for node in rule["nodes"][:3]])
        for rule in result["violations"]
    ]
    return broken, page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_the_settings_page_explains_and_saves(site: Site, browser: Browser) -> None:
    page = site.page(browser, cast.VERA)
    complaints = watch(page)
    page.goto(f"{site.url}/settings")
    expect(page.locator("#save-state")).to_have_text("Everything is saved")
    page.get_by_label("Redistribution delay").fill("25")
    expect(page.locator("#save-state")).to_have_text("Unsaved changes")
    expect(page.locator("#leave-sentence")).to_contain_text("at 15:25")
    page.get_by_label("Move Service up").click()
    sales = page.locator('[data-group="0"]')
    sales.locator('[name="pipelines-0"]').first.check()
    expect(sales.locator(".stages").first).to_be_hidden()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#flash")).to_contain_text("Saved.")
    saved = settings_of(site.world.account).values
    assert saved["redistribution_delay_minutes"] == 25
    assert [entry["group"] for entry in saved["groups"]] == [5, 0]
    assert saved["groups"][1]["pipelines"] == [cast.SALES]
    assert complaints == []


def test_what_a_refused_form_says_has_the_focus(site: Site, browser: Browser) -> None:
    page = site.page(browser, cast.VERA)
    page.goto(f"{site.url}/settings")
    page.get_by_label("Redistribution delay").fill("-5")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#errors")).to_be_focused()


def test_leaving_with_unsaved_changes_is_asked_about(site: Site, browser: Browser) -> None:
    page = site.page(browser, cast.VERA)
    asked = watch(page)
    page.goto(f"{site.url}/settings")
    page.get_by_label("Distribution delay", exact=True).fill("9")
    page.get_by_role("link", name="Board").click()
    page.wait_for_url("**/board")
    assert len(asked) == 1
    page.goto(f"{site.url}/settings")
    page.get_by_role("link", name="Board").click()
    page.wait_for_url("**/board")
    assert len(asked) == 1


def test_the_board_refreshes_itself_and_keeps_the_focus(site: Site, browser: Browser) -> None:
    page = site.page(browser, cast.SONIA)
    complaints = watch(page)
    page.add_init_script(FAST)
    page.goto(f"{site.url}/board")
    button = page.locator("#b-16-1")
    button.focus()
    Manager.objects.filter(kommo_id=16).update(name="Dewi K. Renamed")
    cast.start(site.world, 18, presence_of(site.world[16]).shift_started_at)
    expect(page.locator("#person-16")).to_contain_text("Dewi K. Renamed")
    expect(page.locator("#person-18")).to_contain_text("Online")
    expect(button).to_be_focused()
    expect(page.locator("#live")).to_have_count(1)
    assert complaints == []


def test_the_status_menu_works_by_keyboard_and_outlives_a_poll(
    site: Site, browser: Browser
) -> None:
    page = site.page(browser, cast.SONIA)
    complaints = watch(page)
    page.add_init_script(FAST)
    page.add_init_script(COUNTED)
    page.goto(f"{site.url}/board")
    menu = page.locator(f"#p-{cast.OLEG}")
    summary = menu.locator("summary")
    summary.press("Enter")
    expect(menu).to_have_attribute("open", "")
    Manager.objects.filter(kommo_id=16).update(name="Dewi K. Renamed")
    asked = page.evaluate("window.polls")
    page.wait_for_function("asked => window.polls > asked + 2", arg=asked)
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(summary).to_be_focused()
    expect(page.locator("#person-16")).to_contain_text("Dewi K. Renamed")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator(f"#p-{cast.OLEG}-off")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#flash")).to_contain_text("Oleg Petrov: Off.")
    expect(summary).to_contain_text("Off")
    expect(summary).to_be_focused()
    expect(menu).not_to_have_attribute("open", "")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#flash")).to_contain_text("Undone: Oleg Petrov")
    expect(summary).to_contain_text("On")
    expect(page).to_have_url(f"{site.url}/board")
    assert complaints == []


@pytest.mark.feature("F21")
def test_absent_today_is_one_click_on_a_phone(site: Site, browser: Browser) -> None:
    page = site.page(browser, cast.SONIA, width=390, touch=True)
    complaints = watch(page)
    page.goto(f"{site.url}/board")
    page.get_by_label("Absent today: Oleg Petrov").tap()
    expect(page.locator("#flash")).to_contain_text("Oleg Petrov is absent today")
    expect(page.locator(f"#person-{cast.OLEG}")).to_contain_text("switched off by a supervisor")
    page.locator(f"#p-{cast.OLEG} summary").tap()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator(f"#p-{cast.OLEG}-forced_on").tap()
    expect(page.locator(f"#person-{cast.OLEG} .yes")).to_have_text("Yes")
    assert complaints == []


def test_the_boards_filter_stays_while_the_page_asks_anew(site: Site, browser: Browser) -> None:
    page = site.page(browser, cast.SONIA)
    complaints = watch(page)
    page.add_init_script(FAST)
    page.goto(f"{site.url}/board")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(6)
    page.get_by_label("Group").select_option("Service")
    expect(rows).to_have_count(2)
    expect(page).to_have_url(f"{site.url}/board?group=5")
    page.get_by_label("Find a manager").press_sequentially("irina")
    expect(rows).to_have_count(1)
    cast.start(site.world, 18, presence_of(site.world[16]).shift_started_at)
    expect(page.locator("#person-18")).to_contain_text("Online")
    expect(rows).to_have_count(1)
    page.get_by_label("Pause: Irina Belova").click()
    expect(page.locator("#person-18")).to_contain_text("Paused")
    expect(rows).to_have_count(1)
    page.reload()
    expect(rows).to_have_count(1)
    expect(page.get_by_label("Find a manager")).to_have_value("irina")
    assert complaints == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_where_every_axis_says_something(
    site: Site, browser: Browser, scheme: str, width: int
) -> None:
    everything_planned(site)
    found = {}
    for user_id, path in (
        (cast.SONIA, "/board"),
        (cast.OLEG, "/board"),
        (cast.OLEG, "/me"),
        (cast.ANA, "/me"),
        (cast.SONIA, "/me"),
    ):
        page = site.page(browser, user_id, scheme=scheme, width=width)
        page.goto(site.url + path)
        page.wait_for_load_state("networkidle")
        menu = page.locator(f"#p-{cast.OLEG} summary")
        if menu.count():
            menu.click()
        found[f"{path} {user_id}"] = broken_rules(page)
        page.context.close()
    assert {path: broken for path, broken in found.items() if broken != ([], False)} == {}


def everything_planned(site: Site) -> None:
    """Schedules count; Oleg has one, Ana is kept on, Mehmet is absent, Dewi has reached the limit."""
    now, world = read_clock(), site.world
    stand(world, [cast.OLEG], week(world, text="00:00-24:00", days=7), now=now)
    stand(world, [cast.ANA], week(world, "rest", days=0), now=now)
    policies.change_simple(gates={"schedule": "personal"})
    ManagerProfile.objects.create(account=world.account, manager=world[16], leads=1)
    set_participation(world[cast.ANA], status=Status.FORCED_ON, now=now, by=world[cast.SONIA])
    mark_absent_today(world[17], now=now, by=world[cast.SONIA], note="dentist")


def test_a_board_without_connection_says_so(site: Site, browser: Browser) -> None:
    page = site.page(browser, cast.SONIA)
    page.add_init_script(FAST)
    page.goto(f"{site.url}/board")
    page.context.set_offline(True)
    expect(page.locator("#offline")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()


def test_ending_a_shift_on_the_board_asks_and_undoes(site: Site, browser: Browser) -> None:
    page = site.page(browser, cast.SONIA)
    complaints = watch(page)
    page.goto(f"{site.url}/board")
    page.get_by_label("End shift: Oleg Petrov").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("open leads move to colleagues at")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert presence_of(site.world[cast.OLEG]).presence is Presence.ONLINE
    page.get_by_label("End shift: Oleg Petrov").click()
    dialog.get_by_role("button", name="End shift").click()
    expect(page.locator(f"#person-{cast.OLEG}")).to_contain_text("Offline")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(f"#person-{cast.OLEG}")).to_contain_text("Online")
    assert presence_of(site.world[cast.OLEG]).presence is Presence.ONLINE
    assert complaints == []


def test_a_manager_works_the_shift_from_a_phone(site: Site, browser: Browser) -> None:
    page = site.page(browser, 18, width=390)
    complaints = watch(page)
    page.goto(f"{site.url}/me")
    page.get_by_role("button", name="Start shift").click()
    expect(page.locator(".status-card")).to_contain_text("You receive new leads now.")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".status-card")).to_contain_text("on pause")
    page.get_by_role("button", name="Resume").click()
    switch = page.get_by_role("switch", name="Participation")
    expect(switch).to_be_checked()
    switch.press("Space")
    expect(switch).not_to_be_checked()
    expect(page.locator(".status-card")).to_contain_text("you are switched off")
    expect(switch).to_be_focused()
    switch.click()
    expect(page.locator(".status-card")).to_contain_text("You receive new leads now.")
    page.get_by_role("link", name="A week later").click()
    expect(page.get_by_role("link", name="This week")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("link", name="End shift").click()
    page.get_by_role("dialog").get_by_role("button", name="End shift").click()
    expect(page.locator(".status-card")).to_contain_text("Offline")
    assert complaints == []


def test_a_name_with_markup_stays_text(site: Site, browser: Browser) -> None:
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    Manager.objects.filter(kommo_id=cast.OLEG).update(name=evil)
    page = site.page(browser, cast.SONIA)
    complaints = watch(page)
    page.add_init_script(FAST)
    page.goto(f"{site.url}/board")
    page.locator(f"#b-{cast.OLEG}-2").click()
    expect(page.get_by_role("dialog")).to_contain_text(evil)
    page.get_by_role("dialog").get_by_role("button", name="End shift").click()
    expect(page.locator("#flash")).to_contain_text(evil)
    expect(page.locator(f"#person-{cast.OLEG}")).to_contain_text("Offline")
    assert page.locator("main img").count() == 0
    assert complaints == []


def test_the_keyboard_reaches_the_content_first(site: Site, browser: Browser) -> None:
    page = site.page(browser, cast.VERA)
    page.goto(f"{site.url}/board")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_language_and_appearance_are_switched_by_keyboard(site: Site, browser: Browser) -> None:
    page = site.page(browser, cast.VERA)
    page.goto(f"{site.url}/log")
    page.locator("summary", has_text="EN").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Türkçe").press("Enter")
    expect(page.locator("html")).to_have_attribute("lang", "tr")
    page.locator("details.menu summary").nth(1).press("Enter")
    page.locator('button[value="dark"]').press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
