"""docs/rules.md names every rule, reason, wait, wake and choice of a policy."""

import re
from pathlib import Path

import pytest

from distribution.core import rules
from distribution.core.customers import GONE
from distribution.core.decide import ABSENCE
from distribution.core.facts import (
    OFF_HOURS,
    PRESENCE_GATES,
    SKILL_MODES,
    STRATEGIES,
    WHEN_NOBODY,
    WHEN_OWNER_AWAY,
)
from distribution.core.reasons import Because, Reason, Waiting, Wake

PAGE = (Path(__file__).parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")
RULES = [
    *rules.CANDIDATE_RULES,
    *[rule.objection for rule in rules.LEAD_RULES],
    *rules.LEAD_GATES,
]


@pytest.mark.parametrize("name", [rule.__name__ for rule in RULES])
def test_a_rule_has_its_row(name: str) -> None:
    assert f"| `{name}` |" in PAGE


CHOICES = {*PRESENCE_GATES, *SKILL_MODES, *WHEN_NOBODY, *WHEN_OWNER_AWAY, *OFF_HOURS, *STRATEGIES}


@pytest.mark.parametrize("code", [*Reason, *Waiting, *Wake, *Because, *sorted(CHOICES)])
def test_a_code_is_explained(code: str) -> None:
    assert f"`{code}`" in PAGE


def test_the_rows_stand_in_the_order_in_which_the_rules_are_asked() -> None:
    about_both = [rule.objection for rule in rules.LEAD_RULES]
    for group in (rules.CANDIDATE_RULES, about_both, rules.LEAD_GATES):
        places = [PAGE.index(f"| `{rule.__name__}` |") for rule in group]
        assert places == sorted(places)


def codes_between(start: str, end: str) -> set[str]:
    text = " ".join(PAGE.split())
    _before, _start, rest = text.partition(start)
    return set(re.findall(r"`(\w+)`", rest.partition(end)[0]))


def test_what_being_on_leave_looks_like_is_listed() -> None:
    assert codes_between("kept from the pool's tier by that alone (", ")") == ABSENCE


def test_whom_a_customers_lead_passes_over_is_listed() -> None:
    assert codes_between("a weight, a skill or the lead's group. Whoever is", "passed over") == GONE
