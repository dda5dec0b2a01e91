"""The month grid in a real browser: what it shows, and how days are selected."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Manager
from tests.browser import grid_cast
from tests.browser.conftest import Site
from tests.browser.grid_cast import cell, drag, head, live, march, open_month, selected, tool
from tests.browser.test_console import AXE, watch
from tests.functional.console import cast
from tests.functional.console.cast import ANA, LUCAS, OLEG, SONIA

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DEWI, IRINA = 16, 18  # Irina is deactivated in Kommo


@pytest.fixture
def site(transactional_db: None, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Site:
    return grid_cast.serve(live_server.url, monkeypatch)


@pytest.fixture
def page(site: Site, browser: Browser) -> Iterator[Page]:
    yield from grid_cast.opened(site, browser)


def of(user_id: int, *days: int) -> list[tuple[int, int]]:
    return [(user_id, day) for day in days]


# --- what it shows -----------------------------------------------------------------------------


@pytest.mark.feature("F60", "F61")
def test_the_month_shows_everybody_and_every_day(page: Page) -> None:
    expect(page.get_by_role("heading", name="March 2026")).to_be_visible()
    assert page.locator("#month-grid thead th").count() == 32
    oleg = page.locator(f"#row-{OLEG} th")
    expect(oleg).to_contain_text("Oleg Petrov")
    expect(oleg).to_contain_text("until 19 Mar 2026")
    expect(cell(page, OLEG, 11)).to_have_accessible_name(
        "Oleg Petrov, Wednesday 11 March, 09:00–18:00"
    )
    lines = cell(page, ANA, 11).locator(".line")
    expect(lines.nth(0)).to_have_attribute("data-text", "9–13")
    expect(lines.nth(1)).to_have_attribute("data-text", "14–18")
    expect(cell(page, LUCAS, 20).locator(".line")).to_have_attribute("data-text", "22–6")
    kept = "its hours are kept: 09:00–18:00"
    expect(cell(page, OLEG, 19)).to_have_attribute("title", f"day off (Holiday: San José), {kept}")
    expect(cell(page, ANA, 23)).to_have_accessible_name(
        "Ana Souza, Monday 23 March, day off (Vacation), its hours are kept: 09:00–13:00, 14:00–18:00"
    )
    page.get_by_role("link", name="Next month").click()
    expect(page.get_by_role("heading", name="April 2026")).to_be_visible()
    page.get_by_role("link", name="Previous month").click()
    page.get_by_role("link", name="Previous month").click()
    expect(page.get_by_role("heading", name="February 2026")).to_be_visible()
    page.get_by_role("link", name="Today").click()
    expect(page.get_by_role("heading", name="March 2026")).to_be_visible()


def test_special_days_and_zones_are_told(page: Page) -> None:
    expect(head(page, 0)).to_contain_text("Europe/Madrid")
    expect(page.locator(f"#row-{LUCAS} th .zone")).to_have_text("America/Lima")
    assert page.locator(f"#row-{OLEG} th .zone").count() == 0
    expect(head(page, 10)).to_have_accessible_name("Tuesday 10 March, today")
    expect(head(page, 19)).to_have_accessible_name("Thursday 19 March, San José")
    expect(head(page, 29)).to_have_attribute("title", re.compile("clocks go forward"))
    expect(page.locator(".special-days")).to_contain_text("29 Sunday: clocks go forward")


def test_a_gap_of_the_coverage_is_told_in_words(page: Page) -> None:
    coverage = page.locator("#month-grid tfoot td")
    expect(coverage.nth(17)).to_contain_text("gap")
    expect(coverage.nth(17)).to_have_accessible_name(
        "Wednesday 18 March: gap. 0 people; fewest at a needed hour: 0"
    )
    expect(coverage.nth(10)).not_to_contain_text("gap")
    expect(coverage.nth(10)).to_contain_text("2")


def test_the_past_can_be_read_but_not_selected(page: Page) -> None:
    past = cell(page, OLEG, 9)
    expect(past).to_have_attribute("aria-readonly", "true")
    past.click()
    expect(past).to_be_focused()
    assert selected(page) == []
    expect(page.locator("#schedule-line")).to_contain_text(
        "Oleg Petrov, Monday 9 March, no hours, cannot be changed"
    )
    page.locator(f"#row-{OLEG} th").click()
    assert selected(page) == of(OLEG, *range(10, 32))
    head(page, 9).click()
    assert selected(page) == []


def test_who_is_deactivated_is_shown_and_left_alone(site: Site, browser: Browser) -> None:
    Manager.objects.filter(kommo_id=IRINA).update(is_active_in_kommo=True)
    grid_cast.set_hours(site.world, cast.VERA, IRINA, [20])
    Manager.objects.filter(kommo_id=IRINA).update(is_active_in_kommo=False)
    page = site.page(browser, SONIA)
    open_month(page, site.url)
    expect(page.locator(f"#row-{IRINA} th")).to_contain_text("deactivated in Kommo")
    cell(page, IRINA, 20).click()
    page.locator(f"#row-{IRINA} th").click()
    assert selected(page) == []


def test_a_name_or_a_group_narrows_the_rows(page: Page) -> None:
    cell(page, OLEG, 20).click()
    cell(page, ANA, 20).click(modifiers=["Control"])
    page.get_by_label("Name").fill("ana")
    assert selected(page) == of(ANA, 20)
    expect(page.locator(f"#row-{OLEG}")).to_be_hidden()
    page.get_by_label("Name").fill("nobody at all")
    expect(page.get_by_text("Nobody has this name")).to_be_visible()
    page.get_by_label("Group").select_option(label="Service")
    expect(page.locator("#row-17")).to_be_visible()
    assert page.locator(f"#row-{OLEG}").count() == 0


def test_an_empty_group_says_what_to_do(site: Site, browser: Browser) -> None:
    Manager.objects.filter(kommo_id=17).update(is_licensed=False)
    page = site.page(browser, SONIA)
    complaints = watch(page)
    page.goto(f"{site.url}/schedule?group=5")
    expect(page.get_by_text("There is nobody to plan for")).to_be_visible()
    assert complaints == []


# --- selecting with the mouse ------------------------------------------------------------------


@pytest.mark.feature("F71")
def test_a_click_selects_a_day_and_a_second_click_clears_it(page: Page) -> None:
    cell(page, OLEG, 17).click()
    expect(cell(page, OLEG, 17)).to_have_attribute("aria-selected", "true")
    expect(page.locator("[data-count]")).to_have_text("Selected days: 1")
    cell(page, OLEG, 17).click()
    expect(cell(page, OLEG, 17)).to_have_attribute("aria-selected", "false")
    cell(page, OLEG, 17).click()
    cell(page, ANA, 20).click(modifiers=["Control"])
    assert selected(page) == [*of(ANA, 20), *of(OLEG, 17)]
    cell(page, OLEG, 17).click(modifiers=["Control"])
    assert selected(page) == of(ANA, 20)
    cell(page, ANA, 22).click(modifiers=["Shift"])
    assert (ANA, 22) in selected(page)


@pytest.mark.feature("F72")
def test_a_click_on_a_weekdays_name_selects_its_column(page: Page) -> None:
    head(page, 17).locator(".weekday").click()
    chosen = selected(page)
    assert {day for _, day in chosen} == {17}
    assert {user for user, _ in chosen} == {11, 12, OLEG, ANA, LUCAS, DEWI, 17}
    head(page, 18).click(modifiers=["Control"])
    assert {day for _, day in selected(page)} == {17, 18}
    head(page, 20).click()
    head(page, 20).click()
    assert selected(page) == []


@pytest.mark.feature("F73")
def test_dragging_selects_the_run_of_days(page: Page) -> None:
    drag(page, cell(page, OLEG, 12), cell(page, OLEG, 17))
    assert selected(page) == of(OLEG, *range(12, 18))
    drag(page, cell(page, DEWI, 29), cell(page, LUCAS, 11))
    assert selected(page) == [*of(DEWI, 29, 30, 31), *of(LUCAS, 10, 11)]
    drag(page, cell(page, OLEG, 12), cell(page, OLEG, 9))
    assert selected(page) == of(OLEG, 10, 11, 12)


@pytest.mark.feature("F74")
def test_ctrl_and_dragging_add_a_frame(page: Page) -> None:
    cell(page, ANA, 30).click()
    page.keyboard.down("Control")
    drag(page, cell(page, DEWI, 12), cell(page, OLEG, 14))
    page.keyboard.up("Control")
    frame = [(user, day) for user in (DEWI, LUCAS, OLEG) for day in (12, 13, 14)]
    assert selected(page) == [*of(ANA, 30), *frame]


def test_a_name_selects_the_row(page: Page) -> None:
    page.locator(f"#row-{DEWI} th").click()
    assert selected(page) == of(DEWI, *range(10, 32))
    page.locator(f"#row-{OLEG} th").click(modifiers=["Shift"])
    assert {user for user, _ in selected(page)} == {DEWI, LUCAS, OLEG}
    page.locator(f"#row-{OLEG} th").click()
    page.locator(f"#row-{OLEG} th").click()
    assert selected(page) == []


# --- selecting with keys and fingers -----------------------------------------------------------


def test_keys_move_the_focus_and_select(page: Page) -> None:
    cell(page, OLEG, 20).click()
    page.keyboard.press("ArrowRight")
    expect(cell(page, OLEG, 21)).to_be_focused()
    assert selected(page) == of(OLEG, 20)
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    assert selected(page) == [*of(LUCAS, 21, 22), *of(OLEG, 21, 22)]
    page.keyboard.press("Shift+ArrowLeft")
    assert selected(page) == [*of(LUCAS, 21), *of(OLEG, 21)]
    page.keyboard.press("Escape")
    assert selected(page) == []
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert selected(page) == [*of(LUCAS, 21), *of(OLEG, 21)]
    page.keyboard.press("Enter")
    assert selected(page) == of(LUCAS, 21)
    page.keyboard.press("Control+a")
    assert len(selected(page)) == 7 * 22
    expect(live(page)).to_contain_text(f"Selected days: {7 * 22}")
    page.keyboard.press("Escape")
    page.keyboard.press("Home")
    expect(cell(page, OLEG, 1)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    assert selected(page) == of(OLEG, *range(10, 32))
    for _ in range(5):
        page.keyboard.press("ArrowUp")
    expect(head(page, 0)).to_be_focused()


def test_tab_reaches_the_grid_once(page: Page) -> None:
    cell(page, OLEG, 20).click()
    assert page.locator('#month-grid [tabindex="0"]').count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#month-grid')") is None
    page.keyboard.press("Shift+Tab")
    expect(cell(page, OLEG, 20)).to_be_focused()
    tool(page, "Set working hours").focus()
    page.keyboard.press("ArrowRight")
    expect(tool(page, "Day off")).to_be_focused()


def _touch(session: CDPSession, kind: str, x: float, y: float) -> None:
    points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_fingers_tap_and_drag_after_a_long_press(site: Site, browser: Browser) -> None:
    page = site.page(browser, SONIA, width=390, touch=True)
    open_month(page, site.url)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    cell(page, OLEG, 11).tap()
    cell(page, OLEG, 13).tap()
    assert selected(page) == of(OLEG, 11, 13)
    cell(page, OLEG, 11).tap()
    assert selected(page) == of(OLEG, 13)
    middle = [cell(page, user, day).bounding_box() for user, day in ((DEWI, 11), (DEWI, 12))]
    finger = page.context.new_cdp_session(page)
    start, end = [(box["x"] + 20, box["y"] + 20) for box in middle if box]
    _touch(finger, "touchStart", *start)
    expect(cell(page, DEWI, 11)).to_have_attribute("aria-selected", "true")
    _touch(finger, "touchMove", *end)
    expect(cell(page, DEWI, 12)).to_have_attribute("aria-selected", "true")
    _touch(finger, "touchEnd", *end)
    assert selected(page) == [*of(DEWI, 11, 12), *of(OLEG, 13)]


# --- for everybody, and for many -----------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(site: Site, browser: Browser, scheme: str, width: int) -> None:
    grid_cast.paint(site.world, OLEG, range(25, 32))
    page = site.page(browser, SONIA, scheme=scheme, width=width)
    complaints = watch(page)
    open_month(page, site.url)
    page.evaluate(AXE)
    found = {"page": _violations(page)}
    cell(page, OLEG, 11).click()
    found["selected"] = _violations(page)
    for name in ("Set working hours", "Fill with a pattern", "Copy previous month", "History"):
        tool(page, name).click()
        expect(page.locator("dialog[open]")).to_be_visible()
        found[name] = _violations(page)
        page.keyboard.press("Escape")
    assert {place: broken for place, broken in found.items() if broken} == {}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []


def _violations(page: Page) -> list[object]:
    result = page.evaluate(
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})"
    )
    return [
        (rule["id"], [node["html"][:160] for node in rule["nodes"][:3]])
        for rule in result["violations"]
    ]


_FRAMES = """() => {
  window.frames_seen = [];
  let last = performance.now();
  const tick = () => {
    const now = performance.now();
    window.frames_seen.push(now - last);
    last = now;
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}"""


def test_two_hundred_people_are_shown_and_dragged_over(site: Site, browser: Browser) -> None:
    account = site.world.account
    Manager.objects.bulk_create(
        Manager(account=account, kommo_id=1000 + number, name=f"Manager {number:03}")
        for number in range(192)
    )
    grid_cast.fill_everybody(account, [march(day) for day in range(10, 32)])
    page = site.page(browser, SONIA)
    page.set_viewport_size({"width": 1600, "height": 4400})
    open_month(page, site.url)
    assert page.locator("#month-grid tbody tr").count() == 200
    built = page.evaluate("performance.getEntriesByName('schedule-build')[0].duration")
    page.keyboard.down("Control")
    page.evaluate(_FRAMES)
    rows = page.locator("#month-grid tbody tr")
    drag(page, rows.nth(0).locator("td").nth(9), rows.nth(50).locator("td").nth(30), steps=60)
    frames = page.evaluate("window.frames_seen")
    count = len(selected(page))
    print(
        json.dumps({"built_ms": built, "slowest_frames_ms": sorted(frames)[-4:], "selected": count})
    )
    assert count >= 1000
