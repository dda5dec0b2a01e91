"""Seeded random histories of the whole service in virtual time, with every fault that we know of."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.simulation.history import Violation
from tests.simulation.runner import figures_of, run_history

FIRST = int(os.environ.get("SIMULATION_FIRST", "1"))
SEEDS = int(os.environ.get("SIMULATION_SEEDS", "40"))
A_TEST = 10
ONCE_BROKEN = (172,)  # a trigger had sent a lead from two stages within a turn
STARTS = range(FIRST, FIRST + SEEDS, A_TEST)


@pytest.mark.slow
@pytest.mark.feature("R40")
@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("first", STARTS)
def test_no_history_loses_or_doubles_or_overwrites(first: int) -> None:
    figures: Counter[str] = Counter()
    violations: list[str] = []
    for seed in range(first, min(first + A_TEST, FIRST + SEEDS)):
        try:
            figures += figures_of(run_history(seed))
        except Violation as violation:
            violations.append(str(violation))
    print(dict(figures))
    last_lines = [f"{text.split(' of plan', 1)[0]}: {text.splitlines()[-1]}" for text in violations]
    assert not violations, "\n".join([violations[0], "", *last_lines])


@pytest.mark.slow
@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("seed", ONCE_BROKEN)
def test_what_was_mended_stays_so(seed: int) -> None:
    run_history(seed)


@pytest.mark.usefixtures("simulated")
def test_one_seed_is_one_execution() -> None:
    runs = [run_history(7), run_history(7)]
    assert runs[0].trace == runs[1].trace
    assert figures_of(runs[0]) == figures_of(runs[1])
