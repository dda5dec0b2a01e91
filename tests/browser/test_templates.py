"""Templates in a real browser: the list, the editor's scripts and live summary, axe-core in both schemes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from distribution.core.policy import read_body
from distribution.models import Template
from distribution.operations.policies.templates import save_template, switch_template
from peresmenka.lib.clock import read_clock
from tests import policies
from tests.browser.conftest import Site
from tests.browser.test_console import broken_rules, watch
from tests.functional.console import cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAIR = [
    {"kind": "manager", "id": cast.OLEG, "weight": 60},
    {"kind": "manager", "id": cast.ANA, "weight": 40},
]


def claims(site: Site, **body: object) -> Template:
    """Return a template with a trigger and two versions."""
    account = site.world.account
    row = policies.template(account, "Claims", **{"members": PAIR, "strategy": "weighted", **body})
    policies.watch(row, [(cast.SUPPORT, cast.REQUEST)], name="New requests")
    changed = {**row.body, "limits": {**row.body["limits"], "leads": 20}}
    saved = save_template(
        row,
        name="Claims",
        body=changed,
        version=1,
        actor=site.world[cast.SONIA],
        now=read_clock(),
    )
    return switch_template(saved, is_on=True, actor=None, now=read_clock())


def body_of(row: Template) -> object:
    row.refresh_from_db()
    return read_body(row.body)[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_on_the_pages_of_templates(
    site: Site, browser: Browser, scheme: str, width: int
) -> None:
    row = claims(site)
    found = {}
    for path in (
        "/templates",
        "/templates/ways",
        "/templates/new?from=calls",
        f"/templates/{row.pk}",
        f"/templates/{row.pk}/versions",
        f"/templates/{row.pk}/versions/1",
        f"/templates/{row.pk}/delete",
    ):
        page = site.page(browser, cast.SONIA, scheme=scheme, width=width)
        complaints = watch(page)
        page.goto(site.url + path)
        # Everything that folds is looked at, too.
        page.evaluate(
            "document.querySelectorAll('details.fold').forEach(one => { one.open = true; })"
        )
        if page.locator("#show-details").count():
            page.locator("#show-details").check()
        broken = broken_rules(page)
        if broken != ([], False) or complaints:
            found[path] = (broken, complaints)
        page.context.close()
    assert found == {}


@pytest.mark.feature("F97", "F101")
def test_sliders_share_out_and_the_summary_follows(site: Site, browser: Browser) -> None:
    row = claims(site)
    page = site.page(browser, cast.SONIA)
    complaints = watch(page)
    page.goto(f"{site.url}/templates/{row.pk}")
    expect(page.locator("#save-state")).to_have_text("Everything is saved")
    oleg = page.locator(f'[data-member="manager-{cast.OLEG}"]')
    expect(oleg.locator("[data-share]")).to_have_text("60%")
    oleg.locator("[data-slider]").fill("10")
    expect(oleg.locator("[data-share]")).to_have_text("20%")
    expect(page.locator("#meaning")).to_contain_text("share the leads 10 : 40")
    expect(page.locator("#save-state")).to_have_text("Unsaved changes")
    page.get_by_label("Evenly, in turn").check()
    expect(oleg.locator("[data-slider]")).to_be_hidden()
    expect(page.locator("#meaning")).to_contain_text("share the leads evenly")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#flash")).to_contain_text("Saved.")
    body = body_of(row)
    assert body.strategy == "even"
    assert {member.id: member.weight for member in body.members} == {cast.OLEG: 10, cast.ANA: 40}
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#flash")).to_contain_text("Restored")
    assert {member.id: member.weight for member in body_of(row).members} == {
        cast.OLEG: 60,
        cast.ANA: 40,
    }
    assert complaints == []


@pytest.mark.feature("F23", "F98", "F99")
def test_a_ticked_group_locks_its_people_by_keyboard(site: Site, browser: Browser) -> None:
    row = claims(site)
    page = site.page(browser, cast.SONIA)
    complaints = watch(page)
    page.goto(f"{site.url}/templates/{row.pk}")
    group = page.locator('[data-member="group-0"] [name=members]')
    oleg = page.locator(f'[data-member="manager-{cast.OLEG}"]')
    group.focus()
    page.keyboard.press("Space")
    expect(oleg.locator("[name=members]")).to_be_disabled()
    expect(oleg.locator("label")).to_have_attribute("title", "Takes part through the group")
    page.keyboard.press("Space")
    expect(oleg.locator("[name=members]")).to_be_enabled()
    expect(oleg.locator("[name=members]")).to_be_checked()
    page.keyboard.press("Space")
    expect(page.locator("#meaning")).to_contain_text("“Sales department” gets all leads")
    expect(page.locator("#meaning")).to_contain_text("Inside the group “Sales department”")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#flash")).to_contain_text("Saved.")
    rows = {(one.kind, one.id): one.weight for one in body_of(row).members}
    assert rows == {("group", 0): 1, ("manager", cast.OLEG): 60, ("manager", cast.ANA): 40}
    assert complaints == []


@pytest.mark.feature("F137", "F142")
def test_the_preset_sets_ten_minutes_and_an_error_is_unfolded(site: Site, browser: Browser) -> None:
    row = claims(site)
    page = site.page(browser, cast.SONIA)
    complaints = watch(page)
    page.goto(f"{site.url}/templates/{row.pk}")
    page.locator("#section-acceptance summary").click()
    page.get_by_role("button", name="10 minutes").click()
    expect(page.locator("#meaning")).to_contain_text("not accepted within 10 minutes")
    expect(page.locator("#meaning")).to_contain_text("Shares will not be exact")
    field = page.get_by_label("Field that says “Taken to work”")
    expect(field).to_be_hidden()
    page.get_by_label("a field was filled").check()
    expect(field).to_be_visible()
    expect(page.locator("#meaning")).to_contain_text("Still to correct")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#errors")).to_be_focused()
    page.locator("#errors").get_by_role("link", name="Field that says “Taken to work”").click()
    expect(field).to_be_visible()
    field.select_option("VIP")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#flash")).to_contain_text("Saved.")
    body = body_of(row)
    assert (body.acceptance.minutes, body.acceptance.field_id) == (10, cast.VIP_FIELD)
    assert [one for one in complaints if "422" not in one] == []


def test_leaving_with_unsaved_changes_is_asked_about(site: Site, browser: Browser) -> None:
    row = claims(site)
    page = site.page(browser, cast.SONIA)
    asked = watch(page)
    page.goto(f"{site.url}/templates/{row.pk}")
    page.get_by_label("Distribution delay").fill("9")
    page.get_by_role("link", name="Board").click()
    page.wait_for_url("**/board")
    assert len(asked) == 1


@pytest.mark.feature("F9")
def test_from_a_starting_point_to_a_template_on_a_phone(site: Site, browser: Browser) -> None:
    page = site.page(browser, cast.SONIA, width=390, touch=True)
    complaints = watch(page)
    page.goto(f"{site.url}/templates")
    page.get_by_role("link", name="Shares 40 : 60").tap()
    page.get_by_role("textbox", name="Name", exact=True).fill("Night shift")
    page.get_by_role("button", name="Create").tap()
    expect(page.locator("h1")).to_have_text("Night shift")
    page.goto(f"{site.url}/templates")
    page.get_by_label("Switch off: Night shift").tap()
    expect(page.locator("#flash")).to_contain_text("Night shift is off")
    assert not Template.objects.get(name="Night shift").is_enabled
    assert complaints == []
