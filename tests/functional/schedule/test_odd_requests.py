"""What no page sends, sent to the schedule's addresses: refused with a sentence, nothing breaks."""

from __future__ import annotations

from typing import Any

import pytest

from shifts.models import Override, Workday
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
