"""docs/features.md keeps every number, and no test carries one that it does not know."""

from __future__ import annotations

import pytest

from tests.meta.features import known_features

SERIES = {"F": 170, "R": 41, "B": 17, "N": 11}


def test_every_feature_number_has_its_line_in_order() -> None:
    assert list(known_features()) == [
        f"{letter}{n}" for letter, last in SERIES.items() for n in range(1, last + 1)
    ]


def test_no_test_of_this_run_carries_an_unknown_number(request: pytest.FixtureRequest) -> None:
    carried = {
        number
        for item in request.session.items
        for mark in item.iter_markers("feature")
        for number in mark.args
    }
    assert carried <= set(known_features())
