"""A template's editor: what it saves, refuses and explains, and how two people edit at once."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from accounts.models import Manager
from distribution.core.policy import read_body, to_json
from distribution.core.policy.document import schema_rows
from distribution.forms.template_fields import name_of, shown
from distribution.forms.template_members import key_of
from distribution.labels.template_changes import value_at
from distribution.labels.template_words import SECTIONS, WORDS
from distribution.models import Template, TemplateVersion
from shifts.models import SchedulePattern
from tests import policies
from tests.functional.console import cast
from tests.functional.console.conftest import NOON, ClientOf
from tests.functional.console.test_templates import OFFICE, PAIR, still

__all__ = ["still"]

SALES_GROUP = {"kind": "group", "id": 0}


def form_of(body: dict[str, Any], *, name: str = "Claims", version: int = 1) -> dict[str, Any]:
    """Return what the page would send for these settings."""
    document = to_json(read_body(body)[0])
    sent: dict[str, Any] = {"name": name, "version": version}
    for path, words in WORDS.items():
        value = shown(words.kind, value_at({"body": document}, path))
        if words.kind != "tick":
            sent[name_of(path)] = value
        elif value:
            sent[name_of(path)] = "on"
    sent["members"] = [key_of(row) for row in document["members"]]
    for row in document["members"]:
        for cell in ("weight", "tier", "leads", "tasks"):
            sent[f"{cell}-{key_of(row)}"] = "" if row[cell] is None else row[cell]
    return sent


def saved_body(row: Template) -> Any:
    row.refresh_from_db()
    return read_body(row.body)[0]


def test_every_setting_of_the_schema_stands_in_the_editor() -> None:
    in_schema = {path for path, _default, _allowed in schema_rows()}
    rows = {path for path in in_schema if path.startswith("members[]")}
    assert set(WORDS) == in_schema - rows
    drawn = [path for _title, paths in SECTIONS.values() for path in paths]
    assert sorted(drawn) == sorted([*WORDS, "members"])


EVERYTHING: dict[str, Any] = {
    "strategy": "weighted",
    "members": [
        {"kind": "group", "id": 0, "weight": 60, "tier": 2},
        {"kind": "manager", "id": cast.OLEG, "weight": 3, "tier": 2, "leads": 8},
        {"kind": "manager", "id": 17, "weight": 40, "tier": 1, "tasks": 5},
    ],
    "hours": {"start": "08:30", "end": "20:00", "weekdays": [0, 1, 2, 5]},
    "off_hours": "leave",
    "gates": {
        "shift": "require",
        "presence": "prefer",
        "schedule": "named",
        "pattern": "Office",
        "start_delay_minutes": 7,
    },
    "limits": {
        "leads": 20,
        "tasks": 30,
        "counts": "chosen",
        "stages": [[cast.SALES, cast.NEW], [cast.SUPPORT, None]],
        "pace_leads": 10,
        "pace_minutes": 90,
    },
    "keep_owner": True,
    "sticky": {
        "by": "both",
        "always_distribute": [cast.VERA, cast.SONIA],
        "excluded": False,
        "owner_away": "wait",
        "wait_minutes": 45,
        "counts": True,
    },
    "skills": {"mode": "hard", "field_id": 502, "relax_minutes": 3},
    "nobody": {
        "then": "duty",
        "after_minutes": 5,
        "duty": cast.LUCAS,
        "stage": [cast.SALES, cast.TALKS],
        "widen_minutes": 4,
    },
    "departure": {"moves": True},
    "acceptance": {
        "minutes": 10,
        "hours": {"start": "09:00", "end": "18:00", "weekdays": [0, 1, 2, 3, 4]},
        "cap": 99,
        "accepted_by": ["stage", "field"],
        "field_id": cast.VIP_FIELD,
        "cap_stage": [cast.SUPPORT, cast.WORK],
        "pause_after": 3,
    },
    "first_touch": {"minutes": 15, "warn_minutes": 5},
    "linked": ["contacts", "companies", "customers", "lead_tasks", "company_leads"],
}


@pytest.mark.feature("F107", "F108", "F119", "F120", "F121", "F122", "F123")
@pytest.mark.feature("F126", "F130", "F131", "F132", "F133", "F134", "F135")
@pytest.mark.feature("F137", "F138", "F139", "F140", "F141", "F142", "F79", "F102")
def test_everything_that_the_page_shows_is_saved_and_shown_again(
    acme: cast.World, client_of: ClientOf
) -> None:
    SchedulePattern.objects.create(
        account=acme.account, name="Office", cycle=[[[540, 1080]]] * 7, anchor_on=NOON.date()
    )
    row = policies.template(acme.account, "Claims")
    client = client_of(acme[cast.SONIA])
    answer = client.post(f"/templates/{row.pk}", form_of(EVERYTHING))
    assert answer.status_code == 302
    saved, wanted = to_json(saved_body(row)), to_json(read_body(EVERYTHING)[0])
    assert sorted(saved.pop("members"), key=key_of) == sorted(wanted.pop("members"), key=key_of)
    assert saved == wanted
    client.post(f"/templates/{row.pk}", form_of(EVERYTHING, version=2))
    assert TemplateVersion.objects.filter(template=row).count() == 2
    page = client.get(f"/templates/{row.pk}").content.decode()
    assert re.search(r'name="acceptance-cap" value="99"', page)
    assert re.search(r'name="sticky-by" value="both"[^>]*checked', page)
    assert re.search(rf'value="{cast.SALES}:{cast.TALKS}" selected', page)


@pytest.mark.feature("F9")
def test_a_template_is_made_from_a_starting_point(acme: cast.World, client_of: ClientOf) -> None:
    client = client_of(acme[cast.SONIA])
    page = client.get("/templates/new?from=shares").content.decode()
    assert 'value="Shares 40 : 60"' in page
    assert not Template.objects.exists()
    sent = form_of({"strategy": "weighted", "members": PAIR}, name="By shares")
    answer = client.post("/templates/new?from=shares", sent)
    made = Template.objects.get()
    assert answer.headers["Location"] == f"/templates/{made.pk}"
    assert (made.name, made.version, made.is_enabled) == ("By shares", 1, True)
    weights = {row.id: row.weight for row in saved_body(made).members}
    assert weights == {cast.OLEG: 60, cast.ANA: 40}
    assert TemplateVersion.objects.get().actor_id == cast.SONIA


@pytest.mark.parametrize("start", ["even", "shares", "calls", "recurring", "blank"])
def test_each_starting_point_can_be_saved_as_it_is(
    acme: cast.World, client_of: ClientOf, start: str
) -> None:
    client = client_of(acme[cast.SONIA])
    page = client.get(f"/templates/new?from={start}").content.decode()
    assert client.post(f"/templates/new?from={start}", sent_by(page)).status_code == 302
    assert Template.objects.get().version == 1


def sent_by(page: str) -> dict[str, Any]:
    """Return what a browser would send of the page's form, untouched."""
    form = page[page.index('id="template-form"') : page.index('id="save-bar"')]
    sent: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        found = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        is_box = found.get("type") in ("checkbox", "radio")
        if "name" not in found or " disabled" in tag or (is_box and " checked" not in tag):
            continue
        sent.setdefault(found["name"], []).append(
            html.unescape(found.get("value", "on" if is_box else ""))
        )
    for name, options in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.findall(r'<option value="([^"]*)" selected', options)
        sent[name] = [html.unescape(one) for one in chosen]
    return sent


@pytest.mark.feature("F22", "F23")
def test_groups_and_only_people_who_take_part_can_be_chosen(
    acme: cast.World, client_of: ClientOf
) -> None:
    Manager.objects.filter(kommo_id=cast.ANA).update(is_licensed=False)
    Manager.objects.filter(kommo_id=cast.LUCAS).update(is_active_in_kommo=False)
    row = policies.template(acme.account, "Claims")
    client = client_of(acme[cast.SONIA])
    page = client.get(f"/templates/{row.pk}").content.decode()
    offered = set(re.findall(r'name="members" value="([^"]+)"', page))
    assert offered == {
        "group-0",
        "group-5",
        *(f"manager-{user}" for user in (cast.VERA, cast.SONIA, cast.OLEG, 16, 17, 18)),
    }
    members = [{"kind": "group", "id": 5}, {"kind": "manager", "id": cast.OLEG}]
    assert client.post(f"/templates/{row.pk}", form_of({"members": members})).status_code == 302
    assert [(one.kind, one.id) for one in saved_body(row).members] == [
        ("group", 5),
        ("manager", cast.OLEG),
    ]
    sent = form_of({"members": [{"kind": "manager", "id": cast.ANA}]}, version=2)
    answer = client.post(f"/templates/{row.pk}", sent)
    assert answer.status_code == 422
    assert "Ana Souza does not take part" in answer.content.decode()


def test_who_has_lost_the_licence_since_stays_until_unticked(
    acme: cast.World, client_of: ClientOf
) -> None:
    row = policies.template(acme.account, "Claims", members=PAIR)
    Manager.objects.filter(kommo_id=cast.ANA).update(is_licensed=False)
    client = client_of(acme[cast.SONIA])
    page = client.get(f"/templates/{row.pk}").content.decode()
    assert "does not take part: untick" in page
    assert client.post(f"/templates/{row.pk}", sent_by(page)).status_code == 302
    assert len(saved_body(row).members) == 2


@pytest.mark.feature("F97", "F99", "F100")
def test_groups_and_people_have_coefficients_and_inner_ones(
    acme: cast.World, client_of: ClientOf
) -> None:
    row = policies.template(acme.account, "Claims")
    sent = form_of({"strategy": "weighted", "members": [{**SALES_GROUP, "weight": 60}]})
    # As the page sends it: the boxes of the group's people are disabled, their numbers are sent.
    sent |= {f"weight-manager-{user}": "1" for user in (cast.ANA, cast.LUCAS, 16)}
    sent |= {f"weight-manager-{cast.OLEG}": "2", "weight-manager-17": "40"}
    sent["members"] += ["manager-17"]
    client = client_of(acme[cast.SONIA])
    assert client.post(f"/templates/{row.pk}", sent).status_code == 302
    assert {(one.kind, one.id, one.weight) for one in saved_body(row).members} == {
        ("group", 0, 60),
        ("manager", 17, 40),
        ("manager", cast.OLEG, 2),
    }
    page = client.get(f"/templates/{row.pk}").content.decode()
    assert "“Sales department” and Mehmet Kaya share the leads 60 : 40." in page
    assert (
        "Inside the group “Sales department” the shares are: Oleg Petrov 2 and everybody else 1"
        in page
    )


@pytest.mark.feature("F101")
def test_coefficients_are_kept_while_leads_are_shared_evenly(
    acme: cast.World, client_of: ClientOf
) -> None:
    row = policies.template(acme.account, "Claims", strategy="weighted", members=PAIR)
    client = client_of(acme[cast.SONIA])
    page = client.get(f"/templates/{row.pk}").content.decode()
    client.post(f"/templates/{row.pk}", {**sent_by(page), "strategy": "even"})
    assert saved_body(row).strategy == "even"
    assert [one.weight for one in saved_body(row).members] == [60, 40]
    assert "share the leads evenly" in client.get(f"/templates/{row.pk}").content.decode()


@pytest.mark.feature("F98")
def test_in_even_mode_a_chosen_group_excludes_choosing_its_people(
    acme: cast.World, client_of: ClientOf
) -> None:
    row = policies.template(acme.account, "Claims", members=[SALES_GROUP])
    client = client_of(acme[cast.SONIA])
    page = client.get(f"/templates/{row.pk}").content.decode()
    box = re.search(rf'<input[^>]*value="manager-{cast.OLEG}"[^>]*>', page)
    assert box
    assert " disabled" in box[0]
    sent = {**sent_by(page), "members": ["group-0", f"manager-{cast.OLEG}"]}
    answer = client.post(f"/templates/{row.pk}", sent)
    assert answer.status_code == 422
    text = "Oleg Petrov takes part through the group “Sales department” already"
    assert text in answer.content.decode()
    assert len(saved_body(row).members) == 1


@pytest.mark.feature("F113")
def test_what_makes_shares_inexact_is_pointed_out(acme: cast.World, client_of: ClientOf) -> None:
    row = policies.template(acme.account, "Claims")
    client = client_of(acme[cast.SONIA])
    hint = "Shares will not be exact"
    weighted = {"strategy": "weighted", "members": PAIR}
    for body, is_hinted in (
        ({**weighted, "acceptance": {"minutes": 10}}, True),
        ({**weighted, "gates": {"presence": "prefer"}}, True),
        (weighted, False),
        ({"members": PAIR, "acceptance": {"minutes": 10}}, False),
    ):
        page = client.post(f"/templates/{row.pk}/preview", form_of(body)).content.decode()
        assert (hint in page) is is_hinted
        assert ("Shares are kept over many leads" in page) is (body.get("strategy") == "weighted")


WRONG = [
    ({"name": " "}, "Empty. Write a name."),
    ({"name": "x" * 65}, "Too long. At most 64 characters."),
    ({"hours-start": "nine"}, "Not a time. Write it as 09:00."),
    ({"hours-weekdays": []}, "Nothing is ticked. Tick at least one."),
    ({"limits-leads": "many"}, "Not a number. Write a whole number from 0 to 100000."),
    ({"limits-leads": "-1"}, "Out of range. Write a whole number from 0 to 100000."),
    ({"limits-pace_minutes": ""}, "Empty. Write a whole number from 1 to 1440."),
    ({"acceptance-cap": "101"}, "Out of range. Write a whole number from 1 to 100."),
    ({"nobody-then": "duty"}, "Nothing is chosen."),
    ({"nobody-then": "duty", "nobody-duty": "999"}, "This person does not take part any longer."),
    ({"nobody-then": "move_stage", "nobody-stage": "1:2"}, "Kommo no longer has this stage."),
    ({"skills-mode": "hard", "skills-field_id": "999"}, "Kommo no longer has this field."),
    ({"gates-schedule": "named", "gates-pattern": "Gone"}, "This schedule no longer exists."),
    ({"limits-counts": "chosen", "limits-stages": ["1:2"]}, "one of the stages"),
    ({"sticky-always_distribute": ["999"]}, "no longer in the account"),
    ({"strategy": "offer"}, "Not one of the choices."),
    ({"members": ["group-77"]}, "The group “77” no longer exists in Kommo."),
    ({"members": ["manager-77"]}, "77 does not take part"),
    ({"first_touch-minutes": "5", "first_touch-warn_minutes": "5"}, "come too late."),
    (
        {f"weight-manager-{cast.OLEG}": "1001"},
        "Oleg Petrov: Out of range. Write a whole number from 0 to 1000.",
    ),
    (
        {
            "strategy": "weighted",
            f"weight-manager-{cast.OLEG}": "0",
            f"weight-manager-{cast.ANA}": "0",
        },
        "All coefficients are 0",
    ),
]


@pytest.mark.parametrize(("changes", "text"), WRONG, ids=[text[:30] for _changes, text in WRONG])
def test_what_cannot_work_is_refused_with_the_next_step(
    acme: cast.World, client_of: ClientOf, changes: dict[str, Any], text: str
) -> None:
    row = policies.template(acme.account, "Claims", members=PAIR)
    sent = {**form_of({"members": PAIR, "nobody": {"after_minutes": 77}}), **changes}
    answer = client_of(acme[cast.SONIA]).post(f"/templates/{row.pk}", sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert text in page
    assert 'name="nobody-after_minutes" value="77"' in page
    for name, value in changes.items():
        if (
            isinstance(value, str)
            and value.strip()
            and name in ("name", "limits-leads", "hours-start")
        ):
            assert f'value="{value}"' in page
    assert not TemplateVersion.objects.exists()


@pytest.mark.parametrize(
    "odd",
    [
        {"members": ["robot-1", "manager-", "manager-x", "group-" + "9" * 40]},
        {"gates-pattern": "a\0b"},
        {"version": "9" * 40},
        {"limits-stages": ["::", "x:y", ":"]},
        {"hours-weekdays": ["monday"]},
        {"name": "a\0b"},
    ],
)
def test_odd_requests_are_answered_in_words(
    acme: cast.World, client_of: ClientOf, odd: dict[str, Any]
) -> None:
    row = policies.template(acme.account, "Claims", members=PAIR)
    client = client_of(acme[cast.SONIA])
    sent = {**form_of({"members": PAIR}), **odd}
    assert client.post(f"/templates/{row.pk}", sent).status_code in (302, 409, 422)
    assert client.post(f"/templates/{row.pk}/preview", sent).status_code == 200
    assert client.post("/templates/new", sent).status_code in (302, 422)


def test_a_name_that_another_template_has_is_refused(acme: cast.World, client_of: ClientOf) -> None:
    policies.template(acme.account, "Claims")
    row = policies.template(acme.account, "Other")
    client = client_of(acme[cast.SONIA])
    sent = {**form_of({}), "name": "Claims"}
    for address in (f"/templates/{row.pk}", "/templates/new"):
        answer = client.post(address, sent)
        assert answer.status_code == 422
        assert "Another template has this name" in answer.content.decode()


def test_a_rename_alone_is_a_version(acme: cast.World, client_of: ClientOf) -> None:
    row = policies.template(acme.account, "Claims", members=PAIR)
    client = client_of(acme[cast.SONIA])
    client.post(f"/templates/{row.pk}", form_of({"members": PAIR}, name="  Big   claims "))
    row.refresh_from_db()
    assert (row.name, row.version) == ("Big claims", 2)


def test_of_two_people_who_save_at_once_nobody_loses_anything(
    acme: cast.World, client_of: ClientOf
) -> None:
    row = policies.template(acme.account, "Claims", members=PAIR)
    theirs = {"members": PAIR, "limits": {"leads": 20}, "first_touch": {"minutes": 9}}
    mine = {"members": PAIR, "limits": {"leads": 5, "tasks": 6}}
    client_of(acme[cast.VERA]).post(f"/templates/{row.pk}", form_of(theirs))
    client = client_of(acme[cast.SONIA])
    answer = client.post(f"/templates/{row.pk}", form_of(mine))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Vera Lindqvist has saved these settings meanwhile" in page
    assert "Limits: Open leads at most" in page
    assert "<strong>5 leads</strong>" in page
    assert "<strong>20 leads</strong>" in page
    assert 'name="limits-leads" value="5"' in page
    assert 'name="limits-tasks" value="6"' in page
    assert 'name="first_touch-minutes" value="9"' in page
    assert 'name="version" value="2"' in page
    assert saved_body(row).limits.leads == 20
    assert client.post(f"/templates/{row.pk}", sent_by(page)).status_code == 302
    limits = saved_body(row).limits
    assert (limits.leads, limits.tasks, saved_body(row).first_touch.minutes) == (5, 6, 9)


def test_a_switch_by_somebody_else_is_no_conflict(acme: cast.World, client_of: ClientOf) -> None:
    row = policies.template(acme.account, "Claims", members=PAIR)
    client = client_of(acme[cast.SONIA])
    client.post(f"/templates/{row.pk}/off")
    sent = form_of({"members": PAIR, "limits": {"leads": 5}})
    assert client.post(f"/templates/{row.pk}", sent).status_code == 302
    assert saved_body(row).limits.leads == 5
    assert not row.is_enabled


def test_the_preview_says_what_the_form_means_and_saves_nothing(
    acme: cast.World, client_of: ClientOf
) -> None:
    row = policies.template(acme.account, "Claims")
    body = {
        "strategy": "weighted",
        "members": PAIR,
        "gates": {"shift": "require"},
        "limits": {"leads": 20},
        "acceptance": {"minutes": 10},
    }
    client = client_of(acme[cast.SONIA])
    for address in (f"/templates/{row.pk}/preview", "/templates/new/preview"):
        page = client.post(address, form_of(body)).content.decode()
        for line in (
            "Oleg Petrov and Ana Souza share the leads 60 : 40 while on shift.",
            "At most 20 open leads each.",
            "A lead that is not accepted within 10 minutes goes to the next person.",
        ):
            assert f"<li>{line}</li>" in page
    assert saved_body(row).members == ()
    wrong = {**form_of(body), "limits-leads": "x"}
    page = client.post(f"/templates/{row.pk}/preview", wrong).content.decode()
    assert "Still to correct" in page


SENTENCES = [
    ({}, "Nobody is chosen yet, so nobody gets leads."),
    (
        {"members": [{**PAIR[0], "tier": 1}, {**PAIR[1], "tier": 2}], "strategy": "weighted"},
        "If nobody before can take a lead, it goes to Ana Souza.",
    ),
    (
        {"members": [PAIR[0]], "gates": {"shift": "require"}},
        "Oleg Petrov gets all leads while on shift.",
    ),
    ({"hours": OFFICE}, "Leads are dealt from 09:00 to 18:00 on Mon–Fri."),
    ({"gates": {"presence": "prefer"}}, "People who have Kommo open come first"),
    ({"keep_owner": True}, "A lead whose present manager could get it now stays with them."),
    ({"limits": {"tasks": 1}}, "At most 1 open task each."),
    (
        {"limits": {"leads": 4, "counts": "chosen", "stages": [[cast.SALES, cast.NEW]]}},
        "At most 4 open leads each in Sales: New request.",
    ),
    ({"limits": {"pace_leads": 10}}, "At most 10 new leads in 60 minutes for one person."),
    ({"members": [{**PAIR[0], "leads": 8}]}, "Own limits: Oleg Petrov (8 leads)."),
    (
        {"sticky": {"by": "both"}},
        "A recurring customer goes to the manager of the contact, else of the company.",
    ),
    ({"sticky": {"by": "contact", "owner_away": "wait"}}, "the lead waits 30 minutes for them"),
    (
        {"skills": {"mode": "hard", "field_id": 502, "relax_minutes": 3}},
        "After 3 minutes without such a person, anybody gets it.",
    ),
    (
        {"nobody": {"then": "duty", "duty": cast.LUCAS, "after_minutes": 5}},
        "If nobody can take a lead for 5 minutes, Lucas Yılmaz gets it.",
    ),
    (
        {"nobody": {"then": "move_stage", "stage": [cast.SUPPORT, cast.WORK]}},
        "If nobody can take a lead, it moves to “Support: In work”.",
    ),
    (
        {"acceptance": {"minutes": 10, "accepted_by": ["stage", "touch"]}},
        "Accepted means: its stage was changed or the customer was answered or called.",
    ),
    ({"acceptance": {"minutes": 10, "cap": 99}}, "A lead is passed on 99 times at most."),
    ({"acceptance": {"minutes": 10, "hours": OFFICE}}, "The time runs only Mon–Fri 09:00–18:00."),
    (
        {"acceptance": {"minutes": 10, "pause_after": 3}},
        "Whoever misses 3 leads in a row is switched off.",
    ),
    ({"first_touch": {"minutes": 15}}, "to be touched within 15 minutes of working time"),
    ({"departure": {"moves": True}}, "When a shift ends, the open leads go to colleagues."),
    ({"linked": ["contacts", "companies"]}, "its contacts and its companies"),
]


@pytest.mark.parametrize(("body", "said"), SENTENCES, ids=[said[:40] for _, said in SENTENCES])
def test_a_setting_is_said_in_a_sentence(
    acme: cast.World, client_of: ClientOf, body: dict[str, Any], said: str
) -> None:
    client = client_of(acme[cast.SONIA])
    page = html.unescape(client.post("/templates/new/preview", form_of(body)).content.decode())
    assert said in page[: page.index("</section>")]


def canonical(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, ensure_ascii=False).encode()


@pytest.mark.feature("B17")
def test_a_restored_version_is_byte_equal_and_names_who_changed_what(
    acme: cast.World, client_of: ClientOf
) -> None:
    row = policies.template(acme.account, "Claims")
    client = client_of(acme[cast.SONIA])
    bodies: list[dict[str, Any]] = [
        {"members": PAIR},
        {"members": PAIR, "limits": {"leads": 20}, "strategy": "weighted"},
        {"members": PAIR[:1], "strategy": "least_loaded", "keep_owner": True},
    ]
    for version, body in enumerate(bodies, start=1):
        sent = form_of(body, version=version, name=f"Claims {version}")
        assert client.post(f"/templates/{row.pk}", sent).status_code == 302
    page = client.get(f"/templates/{row.pk}/versions").content.decode()
    assert page.count("Sonia Marques") >= 3
    assert "<dt>Limits: Open leads at most</dt>" in page
    assert "<del>–</del>" in page
    assert "<ins>20 leads</ins>" in page
    assert "<dt>Who: Ana Souza</dt>" in page
    assert (
        "At most 20 open leads each."
        in client.get(f"/templates/{row.pk}/versions/3").content.decode()
    )
    assert client.post(f"/templates/{row.pk}/versions/3/restore").status_code == 302
    kept = dict(TemplateVersion.objects.values_list("version", "document"))
    assert sorted(kept) == [1, 2, 3, 4, 5]
    assert canonical(kept[5]) == canonical(kept[3])
    assert canonical(kept[4]) != canonical(kept[3])
    row.refresh_from_db()
    assert canonical(row.body) == canonical(kept[3]["body"])
    assert (row.name, row.version) == ("Claims 2", 5)


@pytest.mark.parametrize("path", ["versions", "versions/1", "versions/1/restore", "undo/1"])
def test_versions_are_for_supervisors_of_the_account(
    acme: cast.World, rival: cast.World, client_of: ClientOf, path: str
) -> None:
    row = policies.template(acme.account, "Claims")
    supervisor = client_of(acme[cast.SONIA])
    supervisor.post(f"/templates/{row.pk}/off")
    address = f"/templates/{row.pk}/{path}"
    for ask in ("get", "post"):
        assert getattr(client_of(acme[cast.OLEG]), ask)(address).status_code in (403, 405)
        assert getattr(client_of(rival[cast.MALLORY]), ask)(address).status_code in (404, 405)
    row.refresh_from_db()
    assert row.version == 2


def test_a_version_that_is_not_kept_answers_404(acme: cast.World, client_of: ClientOf) -> None:
    row = policies.template(acme.account, "Claims")
    client = client_of(acme[cast.SONIA])
    assert client.get(f"/templates/{row.pk}/versions/9").status_code == 404
    answer = client.post(f"/templates/{row.pk}/versions/9/restore", follow=True)
    assert "This version is not kept" in answer.content.decode()
