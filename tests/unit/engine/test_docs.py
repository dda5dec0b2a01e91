"""docs/rules.md names every rule, reason, wait and wake."""

from pathlib import Path

import pytest

from distribution.core import rules
from distribution.core.facts import STRATEGIES
from distribution.core.reasons import Reason, Waiting, Wake

PAGE = (Path(__file__).parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")
RULES = [
    *rules.CANDIDATE_RULES,
    *[rule.objection for rule in rules.LEAD_RULES],
    *rules.LEAD_GATES,
]


@pytest.mark.parametrize("name", [rule.__name__ for rule in RULES])
def test_a_rule_has_its_row(name: str) -> None:
    assert f"| `{name}` |" in PAGE


@pytest.mark.parametrize("code", [*Reason, *Waiting, *Wake, *STRATEGIES])
def test_a_code_is_explained(code: str) -> None:
    assert f"`{code}`" in PAGE


def test_the_rows_stand_in_the_order_in_which_the_rules_are_asked() -> None:
    for group in (rules.CANDIDATE_RULES, rules.LEAD_GATES):
        places = [PAGE.index(f"| `{rule.__name__}` |") for rule in group]
        assert places == sorted(places)
