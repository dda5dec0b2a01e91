"""Reading webhooks: captured bodies, all bytes there are, and bulk edits in time."""

from __future__ import annotations

import json
import time
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.kommo.webhook import LARGEST_BODY, MOST_KEYS, LeadHint, parse_hook

PAYLOADS = Path(__file__).parents[2] / "kommo_payloads"
CAPTURED = sorted(PAYLOADS.glob("*.json"))


def captured(number: str) -> bytes:
    (path,) = PAYLOADS.glob(f"{number}_*.json")
    body: str = json.loads(path.read_text())["body_raw"]
    return body.encode()


def encoded(**pairs: object) -> bytes:
    return "&".join(
        f"{quote_plus(key)}={quote_plus(str(value))}" for key, value in pairs.items()
    ).encode()


def test_a_new_lead_is_read() -> None:
    found = parse_hook(captured("01"))
    assert (found.account_id, found.subdomain, found.problems) == (31000001, "acme", [])
    assert found.lead_changes == [
        LeadHint(
            lead_id=20000001,
            action="add",
            pipeline_id=9600001,
            status_id=76000001,
            owner_id=11000001,
            updated_at=1748268669,
            modified_by=11000001,
            created_by=11000001,
        )
    ]
    assert found.activity == [(11000001, 1748268669)]


def test_custom_fields_do_not_pass_for_the_lead() -> None:
    assert [one.lead_id for one in parse_hook(captured("02")).lead_changes] == [20000001]


def test_a_change_of_stage_and_of_owner_are_read() -> None:
    (status,) = parse_hook(captured("06")).lead_changes
    assert (status.action, status.old_status_id, status.status_id) == ("status", 76000000, 76000001)
    (owner,) = parse_hook(captured("07")).lead_changes
    assert (owner.action, owner.old_owner_id, owner.owner_id) == ("responsible", 11000001, 11000005)


def test_a_contact_tells_who_acted_and_of_no_lead() -> None:
    found = parse_hook(captured("03"))
    assert (found.lead_changes, found.activity) == ([], [(11000001, 1748289231)])


def test_a_note_tells_of_its_lead_and_its_writer() -> None:
    found = parse_hook(captured("14"))
    assert [(one.lead_id, one.action) for one in found.lead_changes] == [(20000001, "note")]
    assert found.activity == [(11000001, 1601242011)]


def test_a_note_of_an_integration_is_nobodys_act() -> None:
    body = captured("14").replace(b"note_type%5D=4", b"note_type%5D=25")
    assert parse_hook(body).activity == []


def test_a_reassigned_task_tells_who_acted() -> None:
    assert parse_hook(captured("20")).activity == [(11000001, 1726579681)]


def test_an_incoming_lead_is_a_new_lead() -> None:
    (hint,) = parse_hook(captured("18")).lead_changes
    assert (hint.lead_id, hint.action, hint.pipeline_id) == (20000008, "add", 9600001)


def test_robots_do_not_act() -> None:
    body = encoded(**{"leads[update][0][id]": 5, "leads[update][0][modified_user_id]": 0})
    assert parse_hook(body).activity == []


def test_brackets_may_be_plain_and_codes_in_lower_case() -> None:
    plain = captured("01").replace(b"%5B", b"[").replace(b"%5D", b"]")
    lower = captured("01").replace(b"%5B", b"%5b").replace(b"%5D", b"%5d")
    assert parse_hook(plain) == parse_hook(lower) == parse_hook(captured("01"))


def test_the_latest_act_of_a_user_counts() -> None:
    body = b"&".join(
        encoded(
            **{
                f"leads[update][{n}][id]": n + 1,
                f"leads[update][{n}][modified_user_id]": 7,
                f"leads[update][{n}][updated_at]": at,
            }
        )
        for n, at in enumerate((100, 300, 200))
    )
    assert parse_hook(body).activity == [(7, 300)]


@pytest.mark.parametrize(
    "value", ["", "x", "-5", "1.5", "1e9", "９", "9" * 19, "%00", "2024-09-17 13:28:01"]
)
def test_an_id_that_is_no_number_names_no_lead(value: str) -> None:
    assert parse_hook(encoded(**{"leads[add][0][id]": value})).lead_changes == []


def test_a_deep_key_is_a_problem_and_nothing_more() -> None:
    found = parse_hook(b"leads" + b"[a]" * 100_000 + b"=1&leads[add][0][id]=4")
    assert [one.lead_id for one in found.lead_changes] == [4]
    assert found.problems == ["deep"]


def test_too_many_keys_end_the_reading() -> None:
    body = b"&".join(b"leads[add][%d][id]=%d" % (one, one + 1) for one in range(MOST_KEYS + 5))
    found = parse_hook(body)
    assert len(found.lead_changes) == MOST_KEYS
    assert found.problems


def test_what_is_beyond_a_mebibyte_is_not_read() -> None:
    found = parse_hook(b"a=" + b"1" * LARGEST_BODY + b"&leads[add][0][id]=4")
    assert found.lead_changes == []
    assert found.problems


@given(st.binary(max_size=2_000))
def test_any_bytes_are_read_without_an_exception(body: bytes) -> None:
    parse_hook(body)


@given(st.sampled_from(CAPTURED), st.data())
def test_a_captured_body_bent_anywhere_is_read_without_an_exception(
    path: Path, data: st.DataObject
) -> None:
    body = bytearray(json.loads(path.read_text()).get("body_raw", "").encode())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(body)))
        body[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    for hint in parse_hook(bytes(body)).lead_changes:
        assert hint.lead_id > 0


LEADS = st.lists(
    st.tuples(
        st.sampled_from(["add", "update", "status", "responsible", "delete", "restore"]),
        st.integers(1, 10**12),
        st.integers(0, 10**9),
    ),
    max_size=30,
    unique_by=lambda one: one[1],
)


@given(LEADS)
def test_what_kommo_writes_is_what_is_read(leads: list[tuple[str, int, int]]) -> None:
    body = b"&".join(
        encoded(
            **{
                f"leads[{action}][{n}][id]": lead_id,
                f"leads[{action}][{n}][name]": "a&b=[1]%5B&é",
                f"leads[{action}][{n}][status_id]": status_id,
            }
        )
        for n, (action, lead_id, status_id) in enumerate(leads)
    )
    found = [(one.action, one.lead_id, one.status_id) for one in parse_hook(body).lead_changes]
    assert found == leads


def test_a_bulk_edit_of_a_thousand_leads_is_read_in_time() -> None:
    names = (
        "id name status_id price responsible_user_id last_modified modified_user_id created_user_id"
    )
    names += " date_create pipeline_id account_id created_at updated_at old_status_id"
    body = b"&".join(
        encoded(**{f"leads[update][{n}][{name}]": 20_000_000 + n for name in names.split()})
        for n in range(1_000)
    )
    spent = []
    for _ in range(5):
        begun = time.process_time()
        assert len(parse_hook(body).lead_changes) == 1_000
        spent.append(time.process_time() - begun)
    assert min(spent) < 0.05
