"""What no page sends, sent to the schedule's addresses: refused with a sentence, nothing breaks."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Account
from shifts.models import Override, Participation, Workday
from tests.functional.schedule.cast import OLEG, SONIA, World
from tests.functional.schedule.conftest import ClientOf

pytestmark = pytest.mark.django_db

SET = '{"op": "set_hours", "cells": [[13, "2026-03-02"]], "hours": "09:00-18:00"}'


def body(operation: str = SET, *, base: str = "0", month: str = "2026-03", more: str = "") -> str:
    return f'{{"base": {base}, "month": "{month}", "operations": [{operation}]{more}}}'


@pytest.mark.feature("F60")
@pytest.mark.parametrize(
    "text",
    [
        body(base="Infinity"),
        body(base="NaN"),
        body(month="9999-12"),
        body(month="0001-01"),
        body('{"op": "set_hours", "cells": [[Infinity, "2026-03-02"]], "hours": "9-18"}'),
        body('{"op": "undo", "version": Infinity}'),
        body('{"op": "copy_month", "managers": [13], "from": "9999-12"}'),
        body('{"op": "copy_month", "managers": [13], "from": "0001-01"}'),
        body('{"op": "paint", "cells": [[13, "2026-03-02"]], "preset": "\\u0000"}'),
        body('{"op": "paint", "cells": [[13, "2026-03-02"]], "preset": "\\ud800"}'),
        body('{"op": "paint", "cells": [[13, "2026-03-02"]], "pattern": 99999999999999999999999}'),
        body('{"op": "paint", "cells": [], "preset": "x"}'),
        body('{"op": "undo", "version": 99999999999999999999999}'),
        body('{"op": "set_hours", "cells": [[13, "9999-12-31"]], "hours": "9-18"}'),
        body('{"op": "set_hours", "cells": [[13, "0001-01-01"]], "hours": "9-18"}'),
        body('{"op": "paste", "cells": [[13, "2026-03-02", {"hours": {"a": 1}}]]}'),
        body('{"op": ["set_hours"], "cells": []}'),
        "[" * 100_000,
        "\\ud800",
        "nonsense",
    ],
)
def test_a_request_that_means_nothing_is_refused(
    acme: World, client_of: ClientOf, text: str
) -> None:
    answer = client_of(acme[SONIA]).post(
        "/schedule/operations", text, content_type="application/json"
    )
    assert answer.status_code in (400, 422), answer.content[:300]
    assert answer.json()["detail"]
    assert not Workday.objects.exists()


@pytest.mark.feature("F71")
@pytest.mark.parametrize("day", ["9999-12-31", "9999-12-01", "0001-01-01", "2999-01-01"])
def test_an_absence_beyond_all_calendars_is_refused(
    acme: World, client_of: ClientOf, day: str
) -> None:
    form: dict[str, Any] = {"kind": "absence", "cause": "sick", "managers": [OLEG]}
    client = client_of(acme[SONIA])
    for first, last in ((day, day), (day, ""), ("2026-03-03", day)):
        answer = client.post("/schedule/absences", {**form, "starts_on": first, "ends_on": last})
        assert answer.status_code == 422
    assert not Override.objects.exists()


@pytest.mark.feature("F47")
@pytest.mark.parametrize("until", ["0001-01-01T00:00", "9999-12-31T23:59", "0001-01-01T00:00:00"])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_a_status_until_a_moment_beyond_all_calendars_is_refused(
    acme: World, client_of: ClientOf, until: str, zone: str
) -> None:
    Account.objects.filter(pk=acme.account.pk).update(zone=zone)
    form = {"status": "off", "until": until, "note": ""}
    answer = client_of(acme[SONIA]).post(f"/team/managers/{OLEG}/status", form)
    assert answer.status_code == 422
    assert not Participation.objects.exists()


@pytest.mark.feature("F63")
def test_a_calendar_with_signs_that_are_no_text_is_imported_without_them(
    acme: World, client_of: ClientOf
) -> None:
    file = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20260309\r\n"
        "DTEND;VALUE=DATE:20260310\r\nSUMMARY:Oleg\x00 is\x07 away\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    client = client_of(acme[SONIA])
    upload = SimpleUploadedFile("off.ics", file.encode(), content_type="text/calendar")
    answer = client.post("/schedule/import/calendar", {"file": upload, "manager": OLEG})
    assert answer.status_code == 200
    plan = re.search(r'name="plan" value="([^"]+)"', answer.content.decode())
    assert plan
    form = {"plan": plan[1], "absence": ["0"], "notes": "on", "cause": "vacation"}
    answer = client.post("/schedule/import/calendar/confirm", form)
    assert answer.status_code == 302
    assert Override.objects.get().note == "Oleg is away"


@pytest.mark.feature("F63")
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
@pytest.mark.parametrize(
    "lines",
    [
        "DTSTART:00010101T000000Z\r\nDTEND:00010102T000000Z",
        "DTSTART:00010101T000000\r\nDTEND:00010102T000000",
        "DTSTART:99991231T000000Z\r\nDTEND:99991231T235959Z",
        "DTSTART:99991231T000000\r\nDTEND:99991231T235959",
        "DTSTART;VALUE=DATE:00010101\r\nDTEND;VALUE=DATE:99991231",
        "DTSTART;VALUE=DATE:99991231",
        "DTSTART:00010101T000000Z\r\nDTEND:99991231T235959Z",
        "DTSTART:00010101T000000Z\r\nRRULE:FREQ=YEARLY",
        "DTSTART;VALUE=DATE:99991231\r\nRRULE:FREQ=DAILY",
        "DTSTART;VALUE=DATE:20260309\r\nDURATION:P99999999D",
    ],
)
def test_a_calendar_of_days_beyond_all_calendars_breaks_nothing(
    acme: World, client_of: ClientOf, zone: str, lines: str
) -> None:
    Account.objects.filter(pk=acme.account.pk).update(zone=zone)
    file = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Away\r\n"
        f"{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    upload = SimpleUploadedFile("off.ics", file.encode(), content_type="text/calendar")
    answer = client_of(acme[SONIA]).post(
        "/schedule/import/calendar", {"file": upload, "manager": OLEG}
    )
    assert answer.status_code in (200, 422)
