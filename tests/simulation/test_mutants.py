"""A chaos test that cannot fail proves nothing: the simulation catches each mutant of the service."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulation.history import Plan, Violation
from tests.simulation.mutants import MUTANTS, OF_AVAILABILITY, OF_TEMPLATES, mutant
from tests.simulation.runner import run_history

MOST_HISTORIES = 12
ROUGH = Plan(steps=40, dies=0.04, is_overtaken=0.3, is_paused=0.12, long_waits=False)


@pytest.mark.slow
@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught(name: str) -> None:
    caught = ""
    rough = replace(ROUGH, schedules=name in OF_AVAILABILITY)
    if name in OF_TEMPLATES:
        rough = replace(ROUGH, templates=True, **OF_TEMPLATES[name][1])
    with mutant(name):
        for seed in range(1, MOST_HISTORIES + 1):
            try:
                run_history(seed, replace(rough, reconciles=seed % 2 == 0))
            except Violation as violation:
                caught = f"seed {seed}: {str(violation).splitlines()[-1]}"
                break
    print(f"{name}: {caught}")
    assert caught, f"{MOST_HISTORIES} histories do not notice: {name}"


@pytest.mark.slow
@pytest.mark.usefixtures("simulated")
def test_without_a_mutant_the_same_histories_are_sound() -> None:
    for seed in range(1, 9):
        is_even = seed % 2 == 0
        run_history(seed, replace(ROUGH, reconciles=is_even, schedules=seed > 4))


@pytest.mark.slow
@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("name", OF_TEMPLATES)
def test_without_a_mutant_histories_with_templates_are_sound(name: str) -> None:
    for seed in (1, 2):
        plan = replace(ROUGH, reconciles=seed == 2, templates=True, **OF_TEMPLATES[name][1])
        run_history(seed, plan)
