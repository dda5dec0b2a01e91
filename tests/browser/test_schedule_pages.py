"""Patterns, holidays, absences and swaps in a real browser: live previews, a phone, axe-core."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Account
from shifts.models import (
    Holiday,
    Override,
    PatternPreset,
    SchedulePattern,
    StandingPattern,
    Swap,
)
from shifts.operations import holidays as holiday_operations
from shifts.operations import overrides as override_operations
from shifts.operations import swaps as swap_operations
from tests.browser.conftest import Site
from tests.browser.test_console import broken_rules
from tests.functional.schedule import cast
from tests.functional.schedule.cast import ANA, LUCAS, MEHMET, MONDAY, NOON, OLEG, SONIA

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DAY = timedelta(days=1)
TUESDAY = MONDAY + DAY


@pytest.fixture
def site(transactional_db: None, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Acme at noon of a Monday, with every layer in use."""
    for name in ("patterns", "holidays", "overrides", "swaps"):
        monkeypatch.setattr(f"shifts.views.{name}.read_clock", lambda: NOON)
    world = cast.build_acme(NOON)
    Account.objects.filter(pk=world.account.pk).update(country="ES")
    fill(world)
    return Site(live_server.url, world)


def fill(world: cast.World) -> None:
    """Write patterns with followers, a holiday, absences, swaps in every state."""
    PatternPreset.objects.get_or_create(  # a test that commits takes those of the migration away
        code="2-2", defaults={"name": "2/2, days", "cycle": [[[540, 1260]], [[540, 1260]], [], []]}
    )
    early = cast.week(world, "Early", "08:00-12:00")
    late = cast.week(world, "Late, with a break", "13:00-16:00, 17:00-20:00")
    cast.stand(world, [OLEG, LUCAS, 16], early)
    cast.stand(world, [ANA], late, starts_on=TUESDAY, ends_on=MONDAY + 60 * DAY)
    sonia, account = world[SONIA], world.account
    holiday_operations.add_holidays(
        account, {MONDAY + 4 * DAY: "Company day"}, actor=sonia, now=NOON
    )
    for people, first, last, kind, hours in (
        ([16], 0, 3, "absence", ()),
        ([LUCAS, 16], 20, 30, "absence", ()),
        ([MEHMET], 7, 8, "hours", ((600, 960),)),
    ):
        override_operations.add_override(
            account,
            [world[user] for user in people],
            kind=Override.Kind(kind),
            starts_on=MONDAY + first * DAY,
            ends_on=MONDAY + last * DAY,
            cause="vacation",
            hours=hours,
            note="Agreed in January" if first == 20 else "",
            actor=sonia,
            now=NOON,
        )
    asks = ((OLEG, ANA, 1, 2), (OLEG, MEHMET, 2, None), (ANA, OLEG, 3, 3), (LUCAS, ANA, 1, None))
    for asker, colleague, on, back in asks:
        swap_operations.ask_swap(
            world[asker],
            MONDAY + on * DAY,
            world[colleague],
            None if back is None else MONDAY + back * DAY,
            "School concert" if on == 1 else "",
            NOON,
        )
    agreed, _waits, approved, declined = Swap.objects.order_by("pk")
    for row in (agreed, approved):
        swap_operations.answer_swap(row, row.colleague, True, NOON)
    swap_operations.decide_swap(approved, sonia, True, NOON)
    swap_operations.answer_swap(declined, declined.colleague, False, NOON)


def pages(world: cast.World) -> list[tuple[int, str]]:
    row = SchedulePattern.objects.get(name="Early")
    return [
        (SONIA, "/schedule/patterns"),
        (SONIA, "/schedule/patterns/new?preset=2-2"),
        (SONIA, f"/schedule/patterns/{row.pk}"),
        (SONIA, "/schedule/holidays"),
        (SONIA, "/schedule/holidays?country=XX"),
        (SONIA, "/schedule/absences"),
        (SONIA, "/schedule/swaps"),
        (SONIA, "/schedule/swaps?show=all"),
        (OLEG, "/me/swaps"),
        (MEHMET, "/me/swaps"),
    ]


def watch(page: Page) -> list[str]:
    """Return a list that fills with whatever the page complains about."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    return complaints


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(site: Site, browser: Browser, scheme: str, width: int) -> None:
    found = {}
    for user_id, path in pages(site.world):
        page = site.page(browser, user_id, scheme=scheme, width=width)
        complaints = watch(page)
        page.goto(site.url + path)
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        broken, wide = broken_rules(page)
        if broken or wide or complaints:
            found[path] = broken, wide, complaints
        page.context.close()
    assert found == {}


@pytest.mark.feature("F55")
@pytest.mark.feature("F56")
def test_the_editor_shows_how_a_pattern_comes_out_while_it_is_written(
    site: Site, browser: Browser
) -> None:
    page = site.page(browser, SONIA)
    complaints = watch(page)
    page.goto(f"{site.url}/schedule/patterns/new")
    page.get_by_label("Name", exact=True).fill("3/1")
    page.get_by_label("Monday").fill("25:00-26:00")
    preview = page.locator("#pattern-preview")
    expect(preview).to_contain_text("“25:00-26:00” is not a time")
    page.get_by_text("A cycle of days").click()
    page.get_by_label("Days in the cycle").fill("4")
    page.get_by_label("Days in the cycle").press("Tab")
    expect(page.locator("#pattern-days [name^=day_]")).to_have_count(4)
    for number in (1, 2, 3):
        page.get_by_label(f"Day {number}", exact=True).fill("10:00-16:00")
    page.get_by_label("First day of the cycle").fill("2026-03-03")
    expect(preview.locator("li")).to_have_count(14)
    expect(preview.locator("li").nth(0)).to_contain_text("rest")
    expect(preview.locator("li").nth(1)).to_contain_text("10:00–16:00")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.locator("#flash")).to_contain_text("Choose who follows it")
    row = SchedulePattern.objects.get(name="3/1")
    assert len(row.cycle) == 4
    page.get_by_label("Oleg Petrov", exact=True).check()
    expect(page.locator("#follow-preview")).to_contain_text("replaces “Early” of 1 person")
    assert StandingPattern.objects.filter(pattern=row).count() == 0
    page.get_by_role("button", name="Follow the pattern").click()
    expect(page.locator("#flash")).to_contain_text("1 person follows “3/1”")
    assert cast.planned(site.world, OLEG, TUESDAY) == ("work", "", "10:00–16:00")
    assert complaints == []


@pytest.mark.feature("B10")
def test_a_years_holidays_are_added_in_one_click_and_one_is_undone(
    site: Site, browser: Browser
) -> None:
    page = site.page(browser, SONIA, language="ru")
    complaints = watch(page)
    page.goto(f"{site.url}/schedule/holidays")
    # The browser knows the countries' names in the reader's language.
    expect(page.locator("#country option[value=ES]")).to_have_text("Испания")
    expect(page.locator("#country")).to_have_value("ES")
    page.locator("form[action$='/holidays/add'] button").click()
    added = Holiday.objects.filter(country="ES").count()
    assert added > 3
    page.locator("form[action$='/remove'] button").first.click()
    assert Holiday.objects.count() == added
    page.locator("#flash form[action*='/undo/'] button").click()
    expect(page.locator("#flash form")).to_have_count(0)
    assert Holiday.objects.count() == added + 1
    assert complaints == []


@pytest.mark.feature("B9")
def test_a_swap_is_asked_and_agreed_on_a_phone_and_approved_by_a_supervisor(
    site: Site, browser: Browser
) -> None:
    oleg = site.page(browser, OLEG, width=390)
    complaints = watch(oleg)
    oleg.goto(f"{site.url}/me/swaps")
    wednesday, thursday = MONDAY + 9 * DAY, MONDAY + 10 * DAY
    oleg.get_by_label("My day").select_option(wednesday.isoformat())
    oleg.get_by_label("Colleague").select_option(label="Ana Souza")
    oleg.get_by_label("Their day that you take over").select_option(thursday.isoformat())
    oleg.get_by_label("Note").fill("Dentist")
    oleg.get_by_role("button", name="Ask", exact=True).click()
    expect(oleg.locator("#flash")).to_contain_text("Ana Souza is asked")
    row = Swap.objects.get(note="Dentist")
    ana = site.page(browser, ANA, width=390)
    ana.goto(f"{site.url}/me/swaps")
    ana.locator(f"#swap-{row.pk}").get_by_role("button", name="Agree").click()
    expect(ana.locator("#flash")).to_contain_text("A supervisor decides now")
    sonia = site.page(browser, SONIA)
    sonia.goto(f"{site.url}/schedule/swaps")
    sonia.locator(f"#swap-{row.pk}").get_by_role("button", name="Approve").click()
    expect(sonia.locator("#flash")).to_contain_text("the hours have moved")
    assert cast.planned(site.world, ANA, thursday) == (
        "day_off",
        "swapped",
        "13:00–16:00, 17:00–20:00",
    )
    assert complaints == []
