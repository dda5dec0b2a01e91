"""Settings as a file: exported, checked, compared, taken over; by the commands."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry
from distribution.core.policy.document import schema_rows
from distribution.core.policy.file import SettingsFile
from distribution.models import Register, Template, TemplateVersion, Trigger
from distribution.operations.policies.triggers import LONGEST_DELAY_MINUTES, save_trigger
from distribution.operations.registers import (
    MOST_CATCH_UP,
    MOST_WEEKS,
    RegisterPolicy,
    set_policy,
)
from tests import policies
from tests.functional.main_job.conftest import Team
from tests.world import World

PAGE = Path("docs/settings.md").read_text("utf-8")


def exported(team: Team) -> dict[str, Any]:
    out = StringIO()
    call_command("export_settings", team.account.host, stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def imported(team: Team, document: Any, path: Path, *options: str) -> str:
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    out = StringIO()
    call_command("import_settings", team.account.host, str(path), *options, stdout=out)
    return out.getvalue()


@pytest.fixture
def busy(team: Team) -> Team:
    """Return a team with a shared register, a template with two triggers, and the page's settings."""
    team.deal_with(strategy="even")
    shared = Register.objects.create(account=team.account, name="All pipelines")
    template = policies.template(
        team.account,
        "New requests",
        strategy="weighted",
        members=[
            {"kind": "manager", "id": team.oleg.kommo_id, "weight": 40},
            {"kind": "manager", "id": team.ana.kommo_id, "weight": 60},
        ],
        limits={"leads": 20, "pace_leads": 5},
        acceptance={"minutes": 10},
    )
    stages = exported(team)["groups"][0]["stages"]
    policies.trigger(template, "pipeline", stages, name="At once", register=shared)
    policies.trigger(template, "pipeline", stages, name="Insurance", delay_minutes=3, priority=1)
    return team


@pytest.mark.feature("B17")
def test_an_export_that_is_imported_again_changes_nothing(busy: Team, tmp_path: Path) -> None:
    before = exported(busy)
    entries = AuditEntry.objects.count()
    assert imported(busy, before, tmp_path / "f.json") == "0 values changed\n"
    assert exported(busy) == before
    assert AuditEntry.objects.count() == entries


@pytest.mark.feature("B17")
def test_a_file_brings_back_what_was_deleted(busy: Team, tmp_path: Path) -> None:
    before = exported(busy)
    Trigger.objects.filter(template__is_simple=False).delete()
    Template.objects.filter(is_simple=False).delete()
    Register.objects.filter(name="All pipelines").delete()
    imported(busy, before, tmp_path / "f.json")
    assert exported(busy) == before


@pytest.mark.feature("B17")
def test_the_largest_values_that_the_pages_save_are_exported_and_imported(
    busy: Team, world: World, tmp_path: Path
) -> None:
    row = Trigger.objects.get(name="Insurance")
    save_trigger(row, changes={"delay_minutes": LONGEST_DELAY_MINUTES}, actor=None, now=world.now)
    register = Register.objects.get(name="All pipelines")
    policy = RegisterPolicy(register.strict_totals, 100, MOST_CATCH_UP, (100,) * MOST_WEEKS)
    set_policy(register, policy, actor=None, now=world.now)
    before = exported(busy)
    Trigger.objects.filter(pk=row.pk).update(delay_minutes=0)
    Register.objects.filter(pk=register.pk).update(catch_up_leads=1, ramp=[])
    imported(busy, before, tmp_path / "f.json")
    assert exported(busy) == before


def test_a_dry_run_prints_the_difference_and_changes_nothing(busy: Team, tmp_path: Path) -> None:
    before = exported(busy)
    document = json.loads(json.dumps(before))
    document["templates"][0]["body"]["limits"]["leads"] = 12
    document["settings"]["notes_enabled"] = not before["settings"]["notes_enabled"]
    said = imported(busy, document, tmp_path / "f.json", "--dry-run")
    assert "templates.[New requests].body.limits.leads: 20 -> 12" in said
    assert "settings.notes_enabled: false -> true" in said
    assert "2 values would change" in said
    assert exported(busy) == before
    assert not TemplateVersion.objects.filter(template__name="New requests").exists()


def test_what_is_imported_counts_from_the_next_lead_on(
    busy: Team, world: World, tmp_path: Path
) -> None:
    world.start_shifts([busy.oleg, busy.ana])
    document = exported(busy)
    document["groups"] = document["groups"][:1]
    document["settings"]["strategy"] = "even"
    imported(busy, document, tmp_path / "f.json")
    leads = world.leads(4)
    assert busy.leads_of(busy.oleg, busy.ana, among=leads) == [2, 2]


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("format",), 7, "format: out_of_bounds (expected: 1 to 1)"),
        (("settings", "strategy"), "offer", "settings.strategy: not_a_choice"),
        (("settings", "hours_from"), "9am", "settings.hours_from: not_a_clock"),
        (("groups", 0, "group"), 987654, "groups.0.group: unknown_group"),
        (("groups", 0, "stages"), [[1, None]], "groups.0.stages: unknown_stage"),
        (
            ("templates", 0, "body", "members", 0, "id"),
            5,
            "templates.0.body.members: unknown_manager",
        ),
        (
            ("templates", 0, "body", "nobody"),
            {"then": "duty"},
            "templates.0.body.nobody.duty: missing",
        ),
        (("templates", 0, "body", "speed"), 1, "templates.0.body.speed: unknown_field"),
        (("templates", 0, "name"), "", "templates.0.name: empty"),
        (("templates", 0, "triggers", 0, "stages"), [[1, 2]], "templates[New requests]"),
        (("templates", 0, "name"), "a\0b", "templates.0.name: not_a_text"),
        (("registers", 0, "name"), "All  pipelines", "registers[All  pipelines]"),
        (("templates", 0, "triggers", 0, "register"), " ", "registers["),
        (("registers", 0, "strict_totals"), "yes", "registers.0.strict_totals: not_a_boolean"),
    ],
)
def test_a_wrong_file_is_told_place_by_place_and_changes_nothing(
    busy: Team, tmp_path: Path, place: tuple[Any, ...], value: Any, told: str
) -> None:
    before = exported(busy)
    document: Any = json.loads(json.dumps(before))
    row = document
    for step in place[:-1]:
        row = row[step]
    row[place[-1]] = value
    with pytest.raises(CommandError) as refused:
        imported(busy, document, tmp_path / "f.json")
    assert told in str(refused.value)
    assert exported(busy) == before


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"'])
def test_what_is_no_settings_file_is_refused(busy: Team, tmp_path: Path, text: str) -> None:
    with pytest.raises(CommandError):
        imported(busy, text, tmp_path / "f.json")


def test_the_page_of_the_schema_names_every_field_with_its_default() -> None:
    for path, default, allowed in schema_rows(SettingsFile):
        place = path.replace("templates[].body.", "body.")
        row = f"| `{place}` | {allowed} | `{json.dumps(default, ensure_ascii=False)}` |"
        assert row in PAGE, row
