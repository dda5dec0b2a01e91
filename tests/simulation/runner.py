"""Runs histories: which plan a seed has, and what came of it."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

from django.db import transaction

from tests.simulation.history import Plan, Simulation
from tests.simulation.virtual import virtual_time

GROUPS = (("Sales",), ("Sales", "Service"))


def plan_of(seed: int) -> Plan:
    """Return a seed's plan: a third of the histories each without people, with templates, and without.

    Without people fairness is exact.
    """
    random = Random(f"plan {seed}")
    if seed % 3 == 0:
        return Plan(
            people=False,
            managers=random.choice((2, 3, 5)),
            faults=random.random() < 0.8,
            weather=random.random() < 0.8,
            reconciles=random.random() < 0.7,
            settings={"strategy": random.choice(("even", "least_loaded"))},
        )
    hours: dict[str, Any] = {"strategy": random.choice(("even", "least_loaded"))}
    plan = Plan(
        managers=random.choice((3, 4, 6)),  # the third is in the second group
        groups=random.choice(GROUPS),
        faults=random.random() < 0.7,
        weather=random.random() < 0.7,
        dies=random.choice((0.0, 0.03, 0.06)),
        is_overtaken=random.choice((0.0, 0.15, 0.4)),
        is_paused=random.choice((0.0, 0.04, 0.1)),
        long_waits=random.random() < 0.5,
        reconciles=random.random() < 0.7,
        settings=hours,
        schedules=random.random() < 0.5,
    )
    if seed % 3 == 1:
        plan.templates, plan.schedules = True, random.random() < 0.3
    return plan


def run_history(seed: int, plan: Plan | None = None) -> Simulation:
    """Run one history in a transaction that is rolled back; raise Violation where it goes wrong."""
    with transaction.atomic():
        with virtual_time() as clock:
            simulation = Simulation(seed, plan or plan_of(seed), clock)
            simulation.run()
        transaction.set_rollback(True)
    return simulation


def figures_of(simulation: Simulation) -> Counter[str]:
    """Return what a history held."""
    crm = simulation.world.sandbox.crm
    account = next(crm.each_account())
    return simulation.counts + Counter(
        histories=1,
        leads=len(account.leads),
        calls=simulation.wire.calls,
        owner_changes=account.owner_changes,
        notes=len(account.notes),
        hooks=sum(simulation.world.hook_answers.values()),
        faults=sum(fault.hits for fault in crm.faults.armed),
        overwritten_within_the_window=len(simulation.wire.overwrites),
        redundant_writes=account.redundant_patches,
    )
