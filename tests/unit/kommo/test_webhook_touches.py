"""What a webhook says of tasks, and of people's work on leads."""

from __future__ import annotations

import json
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.kommo.webhook import MOST_KEYS, Touch, parse_hook
from tests.unit.kommo.test_webhook import CAPTURED, captured

MANAGER, LEAD = 11000001, 20000001


def touches(**fields: object) -> list[Touch]:
    return parse_hook(body(**fields)).touches


def body(**fields: object) -> bytes:
    return "&".join(f"{quote_plus(k)}={quote_plus(str(v))}" for k, v in fields.items()).encode()


def item(prefix: str, **fields: object) -> dict[str, object]:
    return {f"{prefix}[{name}]": value for name, value in fields.items() if value is not None}


def message(**other: object) -> dict[str, object]:
    usual = {
        "id": "00000000-0000-4000-8000-00000000000a",
        "type": "outgoing",
        "entity_type": "lead",
        "entity_id": LEAD,
        "created_at": 1695486610,
    }
    return item("message[add][0]", **{**usual, **other})


def note(**other: object) -> dict[str, object]:
    usual = {
        "note_type": 4,
        "element_type": 2,
        "element_id": LEAD,
        "created_by": MANAGER,
        "updated_at": 1601242011,
    }
    return item("leads[note][0][note]", **{**usual, **other})


def task(action: str = "update", **other: object) -> dict[str, object]:
    usual = {
        "id": 1564917,
        "element_id": LEAD,
        "element_type": 2,
        "status": 1,
        "modified_by": MANAGER,
        "updated_at": 1726579681,
    }
    return item(f"task[{action}][0]", **{**usual, **other})


def stage(**other: object) -> dict[str, object]:
    usual = {
        "id": LEAD,
        "status_id": 2,
        "old_status_id": 1,
        "modified_user_id": MANAGER,
        "last_modified": 100,
    }
    return item("leads[status][0]", **{**usual, **other})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (message(), (None, 1695486610, "message")),
        (message(entity_type="leads"), (None, 1695486610, "message")),
        (message(created_by=MANAGER), (MANAGER, 1695486610, "message")),
        (message(**{"author][type": "internal"}), (None, 1695486610, "message")),
        (message(entity_type=None, entity_id=None, element_type=2, element_id=LEAD),
         (None, 1695486610, "message")),
        (message(created_at="soon"), (None, None, "message")),
        (note(), (MANAGER, 1601242011, "note")),
        (note(created_by=None, modified_by=MANAGER), (MANAGER, 1601242011, "note")),
        (note(note_type=10), (MANAGER, 1601242011, "call")),
        (note(note_type=10, text='{"UNIQ":"a","DURATION":"40"}'), (MANAGER, 1601242011, "call")),
        (note(note_type=11, text='{"duration":0}'), (MANAGER, 1601242011, "call")),
        (note(text='{"duration":0}'), (MANAGER, 1601242011, "note")),
        (note(note_type=11), (MANAGER, 1601242011, "call")),
        (note(note_type=103), (MANAGER, 1601242011, "message")),
        (task(), (MANAGER, 1726579681, "task")),
        (task("add"), (MANAGER, 1726579681, "task")),
        (task(status=None, action_close=1), (MANAGER, 1726579681, "task")),
        (stage(), (MANAGER, 100, "stage")),
        (stage(last_modified=None, updated_at=7), (MANAGER, 7, "stage")),
    ],
)  # fmt: skip
def test_a_persons_work_on_a_lead_is_a_touch(
    fields: dict[str, object], expected: tuple[int | None, int | None, str]
) -> None:
    assert [(one.lead_id, one.user_id, one.at, one.kind) for one in touches(**fields)] == [
        (LEAD, *expected)
    ]


@pytest.mark.parametrize(
    "fields",
    [
        message(type="incoming"),
        message(type=None),
        message(created_by=0),
        message(**{"author][type": "bot"}),
        message(entity_type="contact"),
        message(entity_type=None),
        message(entity_id=None),
        message(entity_id="x"),
        note(created_by=0),
        note(created_by=0, modified_by=MANAGER),
        note(created_by=None),
        note(note_type=25),
        note(note_type=26),
        note(note_type=102),  # a client's SMS
        note(note_type=10, text='{"uniq":"a","duration":0,"phone":"+1"}'),  # nobody took it
        note(note_type=10, text='{"UNIQ":"a","DURATION":"0"}'),
        note(note_type=13),
        note(note_type=None),
        note(element_type=1),
        note(element_id=""),
        task(status=0),
        task(status=0, action_close=0),
        task("delete"),
        task("responsible"),
        task(modified_by=0),
        task(modified_by=None),
        task(element_type=1),
        task(element_type=None),
        stage(modified_user_id=0),
        stage(modified_user_id=None),
        item("leads[update][0]", id=LEAD, old_status_id=1, status_id=2, modified_user_id=MANAGER),
        item("leads[responsible][0]", id=LEAD, modified_user_id=MANAGER),
        item("contacts[note][0][note]", note_type=4, element_id=LEAD, created_by=MANAGER),
    ],
)
def test_what_is_not_a_persons_work_on_a_lead_is_no_touch(fields: dict[str, object]) -> None:
    assert touches(**fields) == []


def test_a_captured_note_of_a_manager_is_a_touch() -> None:
    assert parse_hook(captured("14")).touches == [Touch(LEAD, MANAGER, 1601242011, "note")]


def test_captured_messages_of_clients_are_no_touches_and_nothing_else() -> None:
    for number in ("11", "12"):
        found = parse_hook(captured(number))
        assert (found.account_id, found.touches, found.lead_changes) == (31000001, [], [])
        assert (found.activity, found.problems) == ([], [])


def test_a_captured_message_turned_round_is_a_touch() -> None:
    turned = captured("11").replace(b"=incoming", b"=outgoing").replace(b"=external", b"=internal")
    assert parse_hook(turned).touches == [Touch(LEAD, None, 1695486610, "message")]
    of_a_bot = turned.replace(b"=internal", b"=bot")
    assert parse_hook(of_a_bot).touches == []


def test_a_captured_task_is_named_and_completing_it_is_a_touch() -> None:
    found = parse_hook(captured("20"))
    assert (found.task_ids, found.touches) == ({1564917}, [])
    closed = captured("20").replace(b"%5Bstatus%5D=0", b"%5Bstatus%5D=1")
    assert parse_hook(closed).touches == [Touch(LEAD, MANAGER, 1726579681, "task")]


@pytest.mark.parametrize("action", ["add", "update", "delete", "responsible"])
@pytest.mark.parametrize("entity", ["task", "tasks"])
def test_every_action_names_its_tasks(entity: str, action: str) -> None:
    fields = {f"{entity}[{action}][{n}][id]": n for n in (0, 7, 8)}
    assert parse_hook(body(**fields)).task_ids == {7, 8}


def test_leads_and_contacts_are_no_tasks() -> None:
    for path in CAPTURED:
        found = parse_hook(json.loads(path.read_text()).get("body_raw", "").encode())
        assert found.task_ids == ({1564917} if path.name.startswith("20_") else set())


def test_a_stage_of_a_task_and_a_type_of_a_lead_cost_no_key() -> None:
    filler = b"&".join(b"leads[add][%d][type]=1" % one for one in range(MOST_KEYS + 5))
    found = parse_hook(filler + b"&" + body(**task()))
    assert (found.task_ids, found.problems) == ({1564917}, [])


@given(st.lists(st.tuples(st.sampled_from([*map(str, range(-1, 120))]), st.integers(0, 5))))
def test_robots_and_service_notes_never_touch(notes: list[tuple[str, int]]) -> None:
    fields: dict[str, object] = {}
    for n, (note_type, author) in enumerate(notes):
        made = note(note_type=note_type, created_by=author)
        fields |= {key.replace("[0]", f"[{n}]"): value for key, value in made.items()}
    expected = [author for kind, author in notes if author and kind in {"4", "10", "11", "103"}]
    assert [one.user_id for one in touches(**fields)] == expected
