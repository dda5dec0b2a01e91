"""A month of acme's schedule for the tests of the grid, and how a test points at its cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.models import Account, Manager
from shifts.core.hours import Hours
from shifts.models import (
    Holiday,
    Override,
    PatternPreset,
    SchedulePattern,
    StandingPattern,
    Workday,
)
from shifts.operations.grid import Edit, Step, edit_month
from shifts.operations.plan import changing
from tests.browser.conftest import Site
from tests.functional.console import cast

NOW = datetime(2026, 3, 10, 11, tzinfo=UTC)  # a Tuesday, 12:00 in Madrid
DAY_HOURS: Hours = ((540, 1080),)
NIGHT_HOURS: Hours = ((1320, 1800),)
SPLIT_HOURS: Hours = ((540, 780), (840, 1080))


def march(day: int) -> date:
    return date(2026, 3, day)


def edit(world: cast.World, user_id: int, *steps: Step) -> Edit:
    """Change the schedule as this manager, on top of whatever is there."""
    return edit_month(world.account, actor=world[user_id], base=10**6, steps=steps, now=NOW)


def set_hours(
    world: cast.World, user_id: int, of: int, days: Iterable[int], hours: Hours = DAY_HOURS
) -> Edit:
    """Let one manager set another's hours on days of March."""
    cells = tuple((of, march(day)) for day in days)
    return edit(world, user_id, Step("set_hours", cells=cells, hours=hours))


def build_month() -> cast.World:
    """Write acme with hours on some days of March 2026, a holiday, an absence, a pattern, odd people."""
    world = cast.build_acme(NOW)
    account = world.account
    Manager.objects.filter(pk=world[18].pk).update(is_active_in_kommo=False)
    Manager.objects.filter(pk=world[cast.LUCAS].pk).update(zone="America/Lima")
    SchedulePattern.objects.create(
        account=account,
        name="Two and two",
        cycle=[[[480, 1200]], [[480, 1200]], [], []],
        anchor_on=march(2),
    )
    PatternPreset.objects.update_or_create(
        code="nights", defaults={"name": "Nights", "cycle": [[[1320, 1800]], []]}
    )
    with changing(account, kind="holiday", actor=world[cast.VERA], now=NOW) as change:
        Holiday.objects.create(account=account, on=march(19), name="San José")
        Override.objects.create(
            account=account,
            manager=world[cast.ANA],
            starts_on=march(23),
            ends_on=march(24),
            kind="absence",
            cause="vacation",
            created_at=NOW,
        )
        change.touch({row.pk for row in world.managers.values()}, march(1), march(31))
    set_hours(world, cast.VERA, cast.OLEG, [11, 12, 13, 16, 19])
    set_hours(world, cast.VERA, cast.ANA, [11, 12, 23, 24], SPLIT_HOURS)
    set_hours(world, cast.VERA, cast.LUCAS, [20, 21], NIGHT_HOURS)
    return world


def workday(account: Account, of: int, day: int) -> Workday | None:
    """Return what is set for a manager's day of March."""
    rows = Workday.objects.for_account(account)
    return rows.filter(manager__kommo_id=of, on=march(day)).first()


def hours_of(account: Account, of: int, days: Iterable[int]) -> list[list[list[int]] | None]:
    """Return the hours that are set on days of March; None where nothing is."""
    rows = [workday(account, of, day) for day in days]
    return [row.hours if row else None for row in rows]


def open_month(page: Page, url: str, query: str = "") -> None:
    """Open the schedule and wait until its scripts run."""
    page.goto(f"{url}/schedule{query}")
    expect(page.locator("#schedule[data-ready]")).to_be_attached()


def settle(page: Page) -> None:
    """Wait until nothing is under way to the server."""
    expect(page.locator("#month-grid[aria-busy]")).to_have_count(0)


def opened(site: Site, browser: Browser) -> Iterator[Page]:
    """Give Sonia's page of the month, and close it when nothing is under way any more."""
    page = site.page(browser, cast.SONIA)
    open_month(page, site.url)
    yield page
    settle(page)
    page.context.close()


def cell(page: Page, of: int, day: int) -> Locator:
    """Return the cell of a manager's day of the month."""
    return page.locator(f"#row-{of} td").nth(day - 1)


def head(page: Page, day: int) -> Locator:
    """Return the head of a day's column."""
    return page.locator("#month-grid thead th").nth(day)


def selected(page: Page) -> list[tuple[int, int]]:
    """Return the selected cells as (Kommo user id, day of the month), in reading order."""
    found = page.evaluate(
        """() => [...document.querySelectorAll('#month-grid td[aria-selected="true"]')]
        .map(td => [Number(td.parentElement.id.slice(4)), td.cellIndex])"""
    )
    return [(user, day) for user, day in found]


def drag(page: Page, start: Locator, end: Locator, steps: int = 4) -> None:
    """Press the left button on one cell and let it go on another."""
    for at, step in ((start, page.mouse.down), (end, page.mouse.up)):
        box = at.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=steps)
        step()


def serve(url: str, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Return the site with the month, on a Tuesday noon that does not pass."""
    monkeypatch.setattr("shifts.views.schedule.read_clock", lambda: NOW)
    return Site(url, build_month())


def tool(page: Page, name: str) -> Locator:
    """Return a button of the toolbar."""
    return page.get_by_role("toolbar").get_by_role("button", name=name, exact=True)


def live(page: Page) -> Locator:
    """Return what is said to those who listen."""
    return page.locator("#schedule-live")


def paint(world: cast.World, of: int, days: Iterable[int]) -> Edit:
    """Fill a manager's days of March with two days of work, two of rest."""
    pattern = SchedulePattern.objects.for_account(world.account).get()
    cells = tuple((of, march(day)) for day in days)
    return edit(world, cast.VERA, Step("paint", cells=cells, pattern_id=pattern.pk))


def fill_everybody(account: Account, days: list[date]) -> None:
    """Give every manager hours on these days."""
    with changing(account, kind="cells", actor=None, now=NOW) as change:
        people = list(Manager.objects.for_account(account))
        rows = [
            Workday(account=account, manager=row, on=on, hours=[[540, 1080]])
            for row in people
            for on in days
        ]
        Workday.objects.bulk_create(rows, ignore_conflicts=True)
        change.touch({row.pk for row in people}, days[0], days[-1])


def stand(world: cast.World, of: int) -> None:
    """Let a manager follow the pattern "Two and two" from the second of March on, without end."""
    pattern = SchedulePattern.objects.for_account(world.account).get()
    with changing(world.account, kind="standing", actor=world[cast.VERA], now=NOW) as change:
        StandingPattern.objects.create(
            account=world.account,
            manager=world[of],
            pattern=pattern,
            starts_on=march(2),
            anchor_on=march(2),
        )
        change.touch({world[of].pk}, march(2), march(31))
