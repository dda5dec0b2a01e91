"""Every code of the engine has its words."""

import pytest

from distribution.core.reasons import Because, Reason, Refusal, Waiting
from distribution.labels.reasons import code_text, refusal_text, waiting_text

OF_THE_SHELL = ["refused_by_kommo", "not_accepted", "cap_reached", "bot_again", "linked", "undo"]
WITH_FACTS = [
    (
        Refusal(Reason.AT_TASK_LIMIT, {"limit": 5, "actual": 5}),
        "has reached the limit: 5 of 5 open tasks",
    ),
    (
        Refusal(Reason.AT_PACE, {"limit": 3, "actual": 3, "minutes": 30}),
        "has had 3 leads within 30 min, no more for now",
    ),
    (
        Refusal(Reason.AT_PACE, {"limit": 1, "actual": 1, "minutes": 5}),
        "has had 1 lead within 5 min, no more for now",
    ),
    (
        Refusal(Reason.MISSING_SKILL, {"skills": "czech, tax"}),
        "lacks what the lead asks for: czech, tax",
    ),
    (Refusal(Reason.NO_WEIGHT, {"weight": 0}), "has the coefficient 0"),
    (
        Refusal(Reason.NO_WEIGHT, {"weight": 1, "ramp": 0}),
        "is new: their share of leads is still 0",
    ),
]


@pytest.mark.parametrize("code", [*Reason, *Waiting, *Because, *OF_THE_SHELL, "by_test"])
def test_a_code_is_said_in_words(code: str) -> None:
    assert "_" not in code_text(code)
    assert " " in code_text(code)


@pytest.mark.parametrize("code", list(Waiting))
def test_a_wait_is_said_in_words(code: str) -> None:
    assert " " in waiting_text(code)


@pytest.mark.parametrize(("refusal", "text"), WITH_FACTS)
def test_a_refusal_tells_its_facts(refusal: Refusal, text: str) -> None:
    assert refusal_text(refusal) == text


def test_an_unknown_code_is_shown_as_it_is() -> None:
    assert code_text("something_else") == "something_else"
