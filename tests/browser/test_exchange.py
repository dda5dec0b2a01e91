"""Calendar addresses and imports in a real browser: the Copy button, the part in one's own page, axe-core."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from peresmenka.lib.clock import read_clock
from tests.browser.conftest import Site
from tests.browser.test_console import AXE, watch
from tests.functional.console import cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def flaws(page: Page) -> list[str]:
    """Return what axe-core finds, and whether the page is wider than the screen."""
    page.evaluate(AXE)
    result = page.evaluate(
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})"
    )
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [rule["id"] for rule in result["violations"]] + ["too wide"] * wide


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_a_month_and_days_off_come_in_from_files(
    site: Site, browser: Browser, tmp_path: Path, scheme: str, width: int
) -> None:
    month = (read_clock().date().replace(day=1) + timedelta(days=31)).replace(day=1)
    table, calendar = tmp_path / "plan.csv", tmp_path / "off.ics"
    table.write_text("Name,2,3,Group\nOleg Petrov,9-18,off,Sales\nOlga,9-18\n")
    calendar.write_text(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\nSUMMARY:Ana Souza\n"
        f"DTSTART;VALUE=DATE:{month:%Y%m}09\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    page = site.page(browser, cast.SONIA, scheme=scheme, width=width)
    complaints = watch(page)
    page.goto(f"{site.url}/schedule/import")
    assert flaws(page) == []
    page.get_by_label("Month", exact=True).select_option(f"{month:%Y-%m}")
    page.get_by_label("File, CSV or XLSX").set_input_files(table)
    page.get_by_role("button", name="Preview").first.click()
    expect(page.get_by_role("heading", level=2).first).to_have_text(
        "Will change 2 days of 1 person; 2 problems"
    )
    assert flaws(page) == []
    page.get_by_label("Import the rest and leave these out").check()
    page.get_by_role("button", name="Import").click()
    expect(page.locator("#flash")).to_contain_text("Imported: 2 days.")
    page.goto(f"{site.url}/schedule/import")
    page.get_by_label("File, .ics").set_input_files(calendar)
    page.get_by_role("button", name="Preview").last.click()
    expect(page.get_by_label("Ana Souza:")).to_be_checked()
    assert flaws(page) == []
    page.get_by_role("button", name="Add the ticked absences").click()
    expect(page.locator("#flash")).to_contain_text("Imported: 1 absence.")
    assert complaints == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1280)])
def test_an_address_is_made_copied_and_revoked(
    site: Site, browser: Browser, scheme: str, width: int
) -> None:
    page = site.page(browser, cast.OLEG, scheme=scheme, width=width)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    complaints = watch(page)
    page.goto(f"{site.url}/me/calendar")
    page.get_by_role("button", name="Make an address").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("[data-copy] [role=status]")).to_have_text("Copied")
    address = page.get_by_label("Address of the calendar").input_value()
    assert page.evaluate("navigator.clipboard.readText()") == address
    assert flaws(page) == []
    page.get_by_text("Revoke…").click()
    page.get_by_role("button", name="Revoke now").click()
    expect(page.get_by_role("button", name="Make an address")).to_be_visible()
    assert complaints == []

    other = site.page(browser, cast.SONIA, scheme=scheme, width=width)
    other.goto(f"{site.url}/schedule/calendars")
    assert flaws(other) == []
    other.get_by_label("Whose schedule").select_option("g0")
    other.get_by_role("button", name="Make an address").click()
    expect(other.get_by_text("Calendar of the group Sales department")).to_be_visible()
    assert flaws(other) == []
