"""Takes pictures of every page of the console: `pytest tests/browser/shots.py` writes them into shots/.

1280 and 390 pixels wide, light and dark; languages by SHOTS_LANGUAGES (default "en,ru").
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from playwright.sync_api import Browser

from distribution.models import Decision, DistributionSettings, Template
from distribution.operations.policies.templates import save_template, set_shadow, switch_template
from peresmenka.demo.schedules import plan_schedules
from peresmenka.lib.clock import read_clock
from tests import policies
from tests.browser.conftest import Site
from tests.functional.console import cast

FOLDER = Path(__file__).resolve().parents[2] / "shots"
LANGUAGES = os.environ.get("SHOTS_LANGUAGES", "en,ru").split(",")
PAGES = {
    "settings": (cast.VERA, "/settings"),
    "team": (cast.VERA, "/team"),
    "board": (cast.SONIA, "/board"),
    "me": (cast.OLEG, "/me"),
    "month": (cast.SONIA, "/schedule"),
    "patterns": (cast.SONIA, "/schedule/patterns"),
    "holidays": (cast.SONIA, "/schedule/holidays"),
    "absences": (cast.SONIA, "/schedule/absences"),
    "swaps": (cast.SONIA, "/schedule/swaps"),
    "import": (cast.SONIA, "/schedule/import"),
    "calendars": (cast.SONIA, "/schedule/calendars"),
    "coverage": (cast.SONIA, "/coverage"),
    "my-swaps": (cast.OLEG, "/me/swaps"),
    "my-calendar": (cast.OLEG, "/me/calendar"),
    "log": (cast.SONIA, "/log"),
    "decision": (cast.SONIA, "/log/{decision}"),
    "templates": (cast.SONIA, "/templates"),
    "template": (cast.SONIA, "/templates/{template}"),
    "template-new": (cast.SONIA, "/templates/new?from=calls"),
    "template-versions": (cast.SONIA, "/templates/{template}/versions"),
    "welcome": (None, "/"),
    "missing": (cast.VERA, "/nothing-here"),
}
SELLERS = (cast.OLEG, cast.ANA, cast.LUCAS, 16, 17)
ONLY = os.environ.get("SHOTS_PAGES", ",".join(PAGES)).split(",")


@pytest.mark.browser
def test_pictures(site: Site, browser: Browser) -> None:
    FOLDER.mkdir(exist_ok=True)
    # The flush of earlier tests has taken what the migration wrote.
    import_module("shifts.migrations.0003_presets_and_housekeeping").create(apps, None)
    plan_schedules(site.world.account, [site.world[user] for user in SELLERS], read_clock())
    decision = Decision.objects.for_account(site.world.account).order_by("-pk").first()
    template = _template(site)
    for language in LANGUAGES:
        for scheme in ("light", "dark"):
            for width in (1280, 390):
                for name in ONLY:
                    user_id, path = PAGES[name]
                    page = site.page(
                        browser, user_id, language=language, width=width, scheme=scheme
                    )
                    page.goto(site.url + path.format(decision=decision.pk, template=template.pk))
                    page.wait_for_load_state("networkidle")
                    page.screenshot(
                        path=FOLDER / f"{name}-{language}-{scheme}-{width}.png", full_page=True
                    )
                    page.context.close()
    assert DistributionSettings.objects.for_account(site.world.account).exists()


def _template(site: Site) -> Template:
    """Write templates of several kinds; return one with triggers and versions."""
    account, now = site.world.account, read_clock()
    members = [
        {"kind": "group", "id": 0, "weight": 60},
        {"kind": "manager", "id": cast.OLEG, "weight": 3},
        {"kind": "manager", "id": 17, "weight": 40, "tier": 2, "leads": 8},
    ]
    office = {"start": "09:00", "end": "18:00", "weekdays": [0, 1, 2, 3, 4]}
    night = policies.template(account, "Night shift", hours={"start": "21:00", "end": "06:00"})
    switch_template(night, is_on=False, actor=None, now=now)
    row = policies.template(account, "Claims", strategy="weighted", members=members, hours=office)
    policies.watch(row, [(cast.SUPPORT, cast.REQUEST)], name="New requests")
    sections = {
        "limits": {**row.body["limits"], "leads": 20, "pace_leads": 5},
        "gates": {**row.body["gates"], "shift": "require", "presence": "prefer"},
        "sticky": {**row.body["sticky"], "by": "both", "owner_away": "wait"},
    }
    sonia = site.world[cast.SONIA]
    for version in range(1, len(sections) + 1):
        body = {**row.body, **{key: sections[key] for key in list(sections)[:version]}}
        row = save_template(row, name="Claims", body=body, version=version, actor=sonia, now=now)
    return set_shadow(row, is_shadow=True, reason="", actor=sonia, now=now)
