"""The pages of triggers in a real browser: the form that follows its kind, the order, keys; axe-core in all sizes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from distribution.models import Register, Template, Trigger
from distribution.operations.policies import triggers as operations
from peresmenka.lib.clock import read_clock
from tests import policies
from tests.browser.conftest import Site
from tests.browser.test_console import broken_rules, watch
from tests.functional.console import cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def furnish(site: Site) -> dict[str, Trigger]:
    """Write templates with triggers of each kind, in which something of everything conflicts."""
    account = site.world.account
    day = policies.template(
        account,
        "Sales by day",
        members=[{"kind": "manager", "id": user} for user in (cast.OLEG, cast.ANA)],
        nobody={"then": "move_stage", "after_minutes": 5, "stage": [cast.SALES, cast.TALKS]},
    )
    late = policies.template(
        account,
        "Evenings and weekends",
        members=[{"kind": "manager", "id": cast.OLEG}],
        gates={"schedule": "personal"},
    )
    policies.template(account, "Claims", members=[])
    shared = Register.objects.create(account=account, name="All sales")
    now = read_clock()
    wanted = (
        ("Site", day, "watch", [[cast.SALES, cast.OFFER]], None, 0),
        ("Ads", day, "pipeline", [[cast.SALES, cast.OFFER]], shared, 0),
        ("Ads, insurance", day, "pipeline", [[cast.SALES, cast.OFFER]], shared, 3),
        ("Night bot", late, "salesbot", [], None, 0),
    )
    return {
        name: operations.create_trigger(
            template,
            kind=kind,
            name=name,
            stages=stages,
            register=register,
            delay_minutes=delay,
            actor=None,
            now=now,
        )
        for name, template, kind, stages, register, delay in wanted
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_on_the_pages_and_in_their_dialogs(
    site: Site, browser: Browser, scheme: str, width: int
) -> None:
    made = furnish(site)
    day = Template.objects.get(name="Sales by day")
    page = site.page(browser, cast.SONIA, scheme=scheme, width=width)
    found = {}
    for place in (
        "/triggers",
        "/triggers/new",
        f"/triggers/{made['Ads'].pk}",
        f"/triggers/{made['Ads'].pk}/delete",
        f"/templates/{day.pk}",
        "dialog",
    ):
        if place == "dialog":
            page.goto(f"{site.url}/triggers")
            page.get_by_label("New key for Night bot").click()
            expect(page.get_by_role("dialog")).to_be_visible()
        else:
            page.goto(site.url + place)
        page.wait_for_load_state("networkidle")
        page.evaluate(
            "document.querySelectorAll('main details').forEach(one => { one.open = true; })"
        )
        broken, wide = broken_rules(page)
        if broken or wide:
            found[place] = broken, wide
    assert found == {}


@pytest.mark.feature("F88", "F95")
def test_a_card_with_a_new_register_is_made_by_the_keyboard(site: Site, browser: Browser) -> None:
    furnish(site)
    page = site.page(browser, cast.SONIA)
    complaints = watch(page)
    page.goto(f"{site.url}/triggers/new")
    expect(page.get_by_label("Delay", exact=True)).to_be_hidden()
    expect(page.get_by_label("Name of the new register")).to_be_hidden()
    page.get_by_label("Watch").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Digital pipeline")).to_be_checked()
    page.get_by_label("Delay", exact=True).fill("3")
    page.get_by_label("Template", exact=True).select_option(label="Sales by day")
    page.get_by_label("Name", exact=True).fill("Landing page")
    whole = page.locator(f'input[value="{cast.SUPPORT}:"]')
    whole.focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("group", name="Stages of Support")).to_be_hidden()
    page.get_by_label("Statistics", exact=True).select_option("new")
    page.get_by_label("Name of the new register").fill("Campaigns")
    page.keyboard.press("Enter")
    expect(page.locator("#flash")).to_contain_text("Its key is below")
    made = Trigger.objects.select_related("account", "register").get(name="Landing page")
    assert (made.kind, made.delay_minutes, made.stages) == ("pipeline", 3, [[cast.SUPPORT, None]])
    assert made.register.name == "Campaigns"
    expect(page.get_by_label("Key", exact=True)).to_have_value(operations.trigger_key(made))
    page.get_by_label("Statistics", exact=True).select_option("")
    expect(page.get_by_text("Another register counts from where it stands")).to_be_visible()
    assert complaints == []


def test_the_key_is_copied_and_renewed_from_the_list(site: Site, browser: Browser) -> None:
    made = furnish(site)["Night bot"]
    page = site.page(browser, cast.SONIA)
    complaints = watch(page)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{site.url}/triggers")
    page.get_by_label("Copy the key of Night bot").click()
    card = page.locator(f"#trigger-{made.pk}")
    expect(card).to_contain_text("Copied")
    former = operations.trigger_key(made)
    assert page.evaluate("navigator.clipboard.readText()") == former
    page.get_by_label("New key for Night bot").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("The old key stops at once")
    dialog.get_by_role("button", name="Make a new key").click()
    expect(page).to_have_url(f"{site.url}/triggers/{made.pk}")
    made.refresh_from_db()
    expect(page.get_by_label("Key", exact=True)).to_have_value(operations.trigger_key(made))
    assert operations.trigger_key(made) != former
    assert complaints == []


@pytest.mark.feature("R37")
def test_the_order_is_changed_by_the_keyboard_and_the_button_keeps_the_focus(
    site: Site, browser: Browser
) -> None:
    furnish(site)
    page = site.page(browser, cast.SONIA, width=390)
    complaints = watch(page)
    page.goto(f"{site.url}/triggers")
    up = page.get_by_label("Move Night bot up")
    up.focus()
    for before in ("Ads, insurance", "Ads"):
        page.keyboard.press("Enter")
        expect(page.locator(".trigger-cards h3").filter(has_text=before).last).to_be_visible()
        expect(up).to_be_focused()
    expect(page.locator(".trigger-cards h3")).to_have_text(
        ["Sales department", "Service", "Site", "Night bot", "Ads", "Ads, insurance"]
    )
    assert complaints == []


@pytest.mark.feature("N6")
def test_a_templates_page_shows_its_conflicts_and_its_triggers(
    site: Site, browser: Browser
) -> None:
    furnish(site)
    page = site.page(browser, cast.SONIA)
    complaints = watch(page)
    page.goto(f"{site.url}/templates/{Template.objects.get(name='Sales by day').pk}")
    conflicts = page.get_by_role("region", name="Conflicts")
    page.get_by_role("link", name="2 conflicts").click()
    expect(conflicts).to_be_in_viewport()
    expect(conflicts).to_contain_text("nothing orders them")
    conflicts.get_by_text("Good to know").click()
    expect(conflicts).to_contain_text("“Ads” and “Ads, insurance” are a good pair")
    triggers = page.get_by_role("region", name="Triggers")
    expect(triggers.get_by_role("heading", level=3)).to_have_text(["Site", "Ads", "Ads, insurance"])
    triggers.get_by_role("link", name="New trigger").click()
    expect(page.get_by_label("Template", exact=True)).to_have_value(
        str(Template.objects.get(name="Sales by day").pk)
    )
    assert complaints == []
