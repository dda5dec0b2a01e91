"""The page "Registers" in a real browser: create, credit and rules by keyboard and dialogs; axe-core in all sizes."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from distribution.models import Register, RegisterCredit, RegisterEntry, RegisterEpoch, Trigger
from peresmenka.lib.clock import read_clock
from tests import policies
from tests.browser.conftest import Site
from tests.browser.test_console import broken_rules, watch
from tests.functional.console import cast

REFUSED = "422 (Unprocessable"  # which Chromium reports; the page shows why

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def lively(site: Site) -> Register:
    """Write a shared register with everything that the page can show."""
    account, now = site.world.account, read_clock()
    register: Register = Register.objects.create(
        account=account, name="All sales", epoch=2, epoch_started_at=now, ramp=[50, 75]
    )
    Trigger.objects.for_account(account).update(register=register)
    policies.change_simple(account, strategy="even")
    people = ((13, 1_250_000, 9), (14, -800_000, 11), (15, 50_000, 8), (16, -250_000, 9))
    for user_id, lag, count in (*people, (18, 0, 2), (4711, -250_000, 3)):
        RegisterEntry.objects.create(
            account=account,
            register=register,
            user_id=user_id,
            lag=lag,
            count=count,
            last_lead_at=now - timedelta(minutes=count),
            joined_at=now - timedelta(days=count),
        )
    for leads, applied in ((2, now), (-1, None)):
        RegisterCredit.objects.create(
            account=account,
            register=register,
            epoch=2,
            user_id=cast.OLEG,
            leads=leads,
            reason="The number was wrong",
            actor_id=cast.SONIA,
            at=now,
            applied_at=applied,
        )
    RegisterEpoch.objects.create(
        account=account,
        register=register,
        epoch=1,
        started_at=now - timedelta(days=90),
        ended_at=now - timedelta(days=9),
        reason="New quarter",
        actor_id=cast.VERA,
        entries=[[13, 500_000, 70, now.isoformat()], [14, -500_000, 71, None]],
    )
    return register


def picture(page: Page, name: str) -> None:
    """Keep a picture where REGISTER_SHOTS names a folder."""
    if folder := os.environ.get("REGISTER_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_on_the_pages_and_in_their_dialogs(
    site: Site, browser: Browser, scheme: str, width: int
) -> None:
    own = Register.objects.exclude(own_of=None).order_by("pk").last()
    assert own is not None
    found = {}
    page = site.page(browser, cast.SONIA, scheme=scheme, width=width)
    pk = lively(site).pk
    places = {
        "list": ("/registers", None),
        "new": ("/registers", "New register"),
        "empty": (f"/registers/{own.pk}", None),
        "register": (f"/registers/{pk}", None),
        "epoch": (f"/registers/{pk}", "Epoch 1"),
        "credit": (f"/registers/{pk}", "Credit or skip: Oleg Petrov"),
        "reset": (f"/registers/{pk}", "Reset"),
        "rename": (f"/registers/{pk}", "Rename"),
        "delete": (f"/registers/{pk}", "Delete"),
        "alone": (f"/registers/{pk}/credit", None),
    }
    for place, (path, press) in places.items():
        page.goto(site.url + path)
        if place == "epoch":
            page.locator("#epoch-1 summary").click()
        elif press:
            page.get_by_role("link", name=press, exact=True).click()
            expect(page.get_by_role("dialog")).to_be_visible()
        broken, wide = broken_rules(page)
        if broken or wide:
            found[place] = broken, wide
        picture(page, f"{place}-{scheme}-{width}")
    assert found == {}


@pytest.mark.feature("F115")
def test_a_register_is_made_renamed_and_deleted_by_keyboard(site: Site, browser: Browser) -> None:
    page = site.page(browser, cast.SONIA)
    complaints = watch(page)
    page.goto(f"{site.url}/registers")
    page.get_by_role("link", name="New register").press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").press("Enter")  # empty
    expect(dialog).to_contain_text("Write a name of 1 to 64 characters.")
    dialog.get_by_label("Name").fill("All sales")
    dialog.get_by_label("Name").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("All sales")
    expect(page.locator("#flash")).to_contain_text("Choose it in the triggers")
    page.get_by_role("link", name="Rename").press("Enter")
    dialog.get_by_label("Name").fill("Everything")
    dialog.get_by_label("Name").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Everything")
    page.get_by_role("link", name="Delete").press("Enter")
    dialog.get_by_role("button", name="Delete").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Registers")
    expect(page.locator("#flash")).to_contain_text("Everything is deleted.")
    assert [text for text in complaints if REFUSED not in text] == []


@pytest.mark.feature("B15")
def test_a_credit_is_given_in_the_ledger_and_an_error_keeps_what_was_written(
    site: Site, browser: Browser
) -> None:
    register = lively(site)
    RegisterCredit.objects.all().delete()
    page = site.page(browser, cast.SONIA, width=390)
    complaints = watch(page)
    page.goto(f"{site.url}/registers/{register.pk}")
    page.get_by_label("Credit or skip: Lucas Yılmaz").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Manager")).to_have_value(str(cast.LUCAS))
    dialog.get_by_label("Skip").check()
    dialog.get_by_label("Leads", exact=True).fill("2")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("Write in a few words why")
    expect(dialog.get_by_label("Leads", exact=True)).to_have_value("2")
    dialog.get_by_label("Reason").fill("Took two by hand")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#flash")).to_contain_text("Noted for Lucas Yılmaz")
    expect(page.locator("#credits")).to_contain_text("skips 2 leads")
    expect(page.locator("#credits")).to_contain_text("counts in a moment")
    assert RegisterCredit.objects.get().leads == -2
    assert [text for text in complaints if REFUSED not in text] == []


@pytest.mark.feature("R13")
def test_the_rules_say_beside_the_field_why_they_are_refused(site: Site, browser: Browser) -> None:
    register = lively(site)
    page = site.page(browser, cast.VERA)
    complaints = watch(page)
    page.goto(f"{site.url}/registers/{register.pk}")
    rules = page.locator("#policy")
    rules.get_by_label("Strictly equal totals").check()
    rules.get_by_label("Newcomers’ first weeks").fill("50, 200")
    rules.get_by_role("button", name="Save").click()
    expect(rules).to_contain_text("Nothing is saved yet")
    expect(rules).to_contain_text("percents of 1 to 100")
    rules.get_by_label("Newcomers’ first weeks").fill("25")
    rules.get_by_role("button", name="Save").click()
    expect(rules).to_contain_text("Set a pace limit first in")
    rules.get_by_label("Strictly equal totals").uncheck()
    rules.get_by_role("button", name="Save").click()
    expect(page.locator("#flash")).to_contain_text("Saved.")
    expect(rules).not_to_contain_text("Nothing is saved yet")
    assert Register.objects.get(pk=register.pk).ramp == [25]
    assert [text for text in complaints if REFUSED not in text] == []
