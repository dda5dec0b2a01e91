"""Hooks of digital-pipeline triggers: both encodings under any content type, and every junk."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.kommo.hook_body import LARGEST_BODY
from accounts.kommo.pipeline_hook import PipelineHook, read_pipeline_hook
from tests.unit.kommo.test_webhook import captured

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
TYPES = (FORM, JSON, "application/json; charset=utf-8", "text/plain", "", "мусор/\x00")
CAPTURED = PipelineHook(
    account_id=31000001,
    subdomain="acme",
    event_type=15,
    type_code="lead_appeared_in_status",
    direction="went_to_trigger",
    lead_id=20000001,
    element_type=2,
    pipeline_id=9600001,
    status_id=76000001,
    time=1491300016,
    settings={"key": "<per-trigger secret>", "groupId": "<our id>"},
)


def document(**other: Any) -> dict[str, Any]:
    """What Kommo's page prints, with the captured values; `other` replaces parts of the event."""
    event = {
        "type": 15,
        "type_code": "lead_appeared_in_status",
        "data": {"id": 20000001, "element_type": 2, "status_id": 76000001, "pipeline_id": 9600001,
                 "direction_of_movement": "went_to_trigger"},
        "time": 1491300016,
    }  # fmt: skip
    settings = {"key": "<per-trigger secret>", "groupId": "<our id>"}
    return {
        "event": {**event, **other},
        "action": {"settings": {"widget": {"settings": settings}}},
        "subdomain": "acme",
        "account_id": 31000001,
    }


def as_form(value: Any, stem: str = "") -> list[tuple[str, str]]:
    """Write a document as PHP's http_build_query does."""
    if not isinstance(value, dict):
        return [(stem, str(value))]
    return [
        pair
        for key, inner in value.items()
        for pair in as_form(inner, f"{stem}[{key}]" if stem else str(key))
    ]


def with_settings(settings: Any) -> bytes:
    found = document()
    found["action"]["settings"]["widget"]["settings"] = settings
    return json.dumps(found).encode()


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize(
    "body",
    [
        captured("17"),
        captured("17").replace(b"%5B", b"[").replace(b"%5D", b"]"),
        json.dumps(document()).encode(),
        b"\xef\xbb\xbf \n" + json.dumps(document(), indent=2).encode(),
        urlencode(as_form(document())).encode(),
        json.dumps({**document(), "note": "a&event[data][id]=666&event[type]=15&"}).encode(),
    ],
)
def test_both_encodings_are_read_under_any_content_type(body: bytes, content_type: str) -> None:
    assert read_pipeline_hook(body, content_type) == CAPTURED


def test_numbers_may_come_as_strings() -> None:
    found = document(type="15", time="1491300016")
    found["account_id"] = "31000001"
    found["event"]["data"] = {key: str(one) for key, one in found["event"]["data"].items()}
    assert read_pipeline_hook(json.dumps(found).encode(), JSON) == CAPTURED


@pytest.mark.parametrize(
    ("code", "event_type"), [("lead_added", 1), ("lead_status_changed", 14), ("chat", 19)]
)
def test_a_code_alone_tells_the_type(code: str, event_type: int) -> None:
    found = read_pipeline_hook(json.dumps(document(type=None, type_code=code)).encode(), JSON)
    assert found is not None
    assert (found.event_type, found.type_code) == (event_type, code)


def test_a_lead_that_left_and_a_customer_are_told_apart() -> None:
    data = {"id": 5, "element_type": 12, "direction_of_movement": "went_from_trigger"}
    found = read_pipeline_hook(json.dumps(document(data=data)).encode(), JSON)
    assert found is not None
    assert (found.is_of_lead, found.has_left) == (False, True)
    assert (found.pipeline_id, found.status_id) == (0, 0)
    usual = read_pipeline_hook(json.dumps(document(data={"id": 5})).encode(), JSON)
    assert usual is not None
    assert (usual.is_of_lead, usual.has_left) == (True, False)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"null", b"5", b"{", b"\xff\xfe", b"&&&&", b"=",
        b"event[data][id]=5",  # no kind of event
        b"event[type]=15",  # no element
        b"event[type]=15&event[data][id]=0",
        b"event[type]=15&event[data][id]=-5",
        b"event[type]=15&event[data][id]=x",
        b"event[type]=15&event[data][id]=" + b"9" * 40,
        b"event[type]=15&event[data][id][0]=5",
        b"event[type]=15&event[data]id]=5",
        b"event[type]=15&event[data][[id]=5",
        b'{"event": {"type": 15, "data": {"id": true}}}'.replace(b"true", b"[5]"),
        b'{"event": {"type": 15, "data": [{"id": 5}]}}',
        b'{"event": [15]}',
        b"[" * 100_000,
        b'{"event":' * 50_000,
        b'{"event": {"type": 15, "data": {"id": ' + b"9" * 5_000 + b"}}}",
        captured("01"), captured("09"), captured("14"), captured("20"),
    ],
)  # fmt: skip
def test_what_is_no_such_hook_is_none(body: bytes) -> None:
    for content_type in TYPES:
        assert read_pipeline_hook(body, content_type) is None


def test_a_body_beyond_a_mebibyte_is_none() -> None:
    hook = json.dumps(document()).encode()
    assert read_pipeline_hook(hook + b" " * (LARGEST_BODY - len(hook)), JSON) == CAPTURED
    assert read_pipeline_hook(hook + b" " * (LARGEST_BODY + 1 - len(hook)), JSON) is None


@pytest.mark.parametrize("encode", [json.dumps, lambda found: urlencode(as_form(found))])
def test_settings_are_bounded_in_number_and_length(encode: Any) -> None:
    settings = {"a" * 201: "x", "long": "x" * 201, "edge": "x" * 200, "b" * 200: "y"}
    settings |= {f"n{number}": str(number) for number in range(100)}
    found = document()
    found["action"]["settings"]["widget"]["settings"] = settings
    hook = read_pipeline_hook(encode(found).encode(), "")
    assert hook is not None
    kept = {"edge": "x" * 200, "b" * 200: "y"} | {f"n{n}": str(n) for n in range(18)}
    assert hook.settings == kept


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ([], {}),
        (None, {}),
        ("text", {}),
        ({"a": {"b": "c"}, "d": ["e"], "f": "g"}, {"f": "g"}),
        ({"on": True, "off": False, "none": None, "n": 5, "x": 1.5, "whole": 2.0},
         {"on": "1", "off": "0", "none": "", "n": "5", "x": "1.5", "whole": "2"}),
        ({"nul": "a\x00b", "half": "\ud800", "é": "ж"}, {"nul": "ab", "half": "?", "é": "ж"}),
    ],
)  # fmt: skip
def test_settings_are_plain_text(settings: Any, kept: dict[str, str]) -> None:
    hook = read_pipeline_hook(with_settings(settings), JSON)
    assert hook is not None
    assert hook.settings == kept


def test_a_form_cannot_hide_its_setting_behind_thousands_of_fields_in_time() -> None:
    flood = b"&".join(b"a%d=%d" % (n, n) for n in range(50_000))
    assert read_pipeline_hook(flood + b"&" + captured("17"), FORM) is None
    assert read_pipeline_hook(captured("17") + b"&" + flood, FORM) == CAPTURED


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["event", "data", "id", "type", "action", "settings", "widget", "x["]),
            inner,
            max_size=4,
        )
    ),
)


@given(st.binary(max_size=2_000), st.sampled_from(TYPES))
def test_any_bytes_are_read_without_an_exception(body: bytes, content_type: str) -> None:
    read_pipeline_hook(body, content_type)


@given(JSONS, JSONS, st.sampled_from(TYPES))
def test_any_json_is_read_without_an_exception(event: Any, action: Any, content_type: str) -> None:
    body = json.dumps({"event": event, "action": action}).encode()
    hook = read_pipeline_hook(body, content_type)
    if hook is not None:
        assert hook.lead_id > 0
        assert len(hook.settings) <= 20


@given(st.sampled_from([captured("17"), json.dumps(document()).encode()]), st.data())
def test_a_bent_hook_is_read_without_an_exception(body: bytes, data: st.DataObject) -> None:
    bent = bytearray(body)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(bent)))
        bent[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    hook = read_pipeline_hook(bytes(bent), data.draw(st.sampled_from(TYPES)))
    if hook is not None:
        json.dumps(hook.settings).encode()
        assert hook.lead_id > 0


@given(
    st.integers(1, 2**62),
    st.integers(1, 2**62),
    st.dictionaries(
        st.text(st.characters(exclude_characters="[]\x00", codec="utf-8"), min_size=1, max_size=20),
        st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=200),
        max_size=20,
    ),
)
def test_what_kommo_writes_is_what_is_read_in_either_encoding(
    lead_id: int, account_id: int, settings: dict[str, str]
) -> None:
    found = document(data={"id": lead_id, "element_type": 2})
    found["account_id"] = account_id
    found["action"]["settings"]["widget"]["settings"] = settings
    form = "&".join(f"{quote_plus(key)}={quote_plus(one)}" for key, one in as_form(found))
    for body in (json.dumps(found).encode(), form.encode()):
        hook = read_pipeline_hook(body, FORM)
        assert hook is not None
        assert (hook.lead_id, hook.account_id, hook.settings) == (lead_id, account_id, settings)
