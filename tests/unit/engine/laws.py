"""The engine's laws as checks that raise AssertionError, shared by property tests and mutants."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import product

from distribution.core import waves
from distribution.core.decide import Turn, replay
from distribution.core.facts import LeadFacts, Situation
from distribution.core.ledger import LEAD, Ledger, shares_of
from distribution.core.reasons import Because
from tests.unit.engine.builders import NOW, leads, manager, situation


def run_ledger(weights: Sequence[int], present: Sequence[Sequence[int]]) -> None:
    """Deal a lead to each presence in turn: the sum is 0 and |lag| <= (n - 1) / 2 leads."""
    n = len(weights)
    ledger = Ledger(dict.fromkeys(range(1, n + 1), (0, 0, None)))
    for seats in present:
        shares = shares_of([weights[seat] for seat in seats])
        ledger.credit(seats, shares)
        ledger.pay(ledger.foremost(seats), sum(shares), NOW)
        assert sum(ledger.lags) == 0
        assert 2 * max(map(abs, ledger.lags)) <= (n - 1) * LEAD


def burst_is_levelled(loads: Sequence[int], count: int) -> None:
    """After a burst, the loads of those who received anything differ by at most one."""
    team = [manager(number, open_leads=load) for number, load in enumerate(loads, 1)]
    turn = Turn(situation(team, "least_loaded"))
    after = list(loads)
    for lead in leads(count):
        after[(turn.deal(lead, NOW).chosen or 0) - 1] += 1
    received = [now for now, before in zip(after, loads, strict=True) if now > before]
    assert max(received) - min(received) <= 1
    assert max(received) - min(after) <= 1
    assert turn.loads.numbers == after


def limits_hold(situation_: Situation, asked: Sequence[LeadFacts]) -> None:
    """Nobody is dealt a lead at or above his limit, task limit or pace, however long the burst.

    Customers' leads and those of the duty person are another matter: the policy may want them so.
    """
    turn, policy = Turn(situation_), situation_.policy
    load = {facts.manager_id: facts.load for facts in situation_.candidates}
    facts = {facts.manager_id: facts for facts in situation_.candidates}
    began = situation_.now - timedelta(seconds=policy.pace_seconds)
    had = {
        number: sum(at > began for at in candidate.recent) for number, candidate in facts.items()
    }
    for lead in asked:
        decision = turn.deal(lead, NOW)
        chosen = decision.chosen
        if chosen is None or chosen not in facts:
            continue
        if decision.because is None:
            assert below(facts[chosen].limit, load[chosen])
            assert below(facts[chosen].task_limit, facts[chosen].tasks)
            assert below(policy.pace_leads, had[chosen])
        load[chosen] += not (lead.counted and lead.owner_id == chosen)
        had[chosen] += decision.because is not Because.KEPT and policy.pace_seconds > 0


def below(limit: int | None, actual: int) -> bool:
    return limit is None or actual < limit


def replay_agrees(situation_: Situation, asked: Sequence[LeadFacts]) -> None:
    """A stored turn decides the same again, and its roster has the same digest."""
    turn = Turn(situation_)
    decided = [turn.deal(lead, NOW) for lead in asked]
    assert replay(turn.roster().body, turn.opening(), asked) == decided


def wave_is_optimal(groups: Sequence[frozenset[int]], loads: Sequence[int]) -> None:
    """No dealing of the wave has a smaller sum of squares; checked against all of them.

    `groups` names, for each lead, who may have it (manager ids, here equal to group ids).
    """
    team = [
        manager(number, open_leads=load, group_ids=frozenset({number}))
        for number, load in enumerate(loads, 1)
    ]
    asked = [LeadFacts(number, only_groups=group) for number, group in enumerate(groups, 1)]
    turn = Turn(situation(team, "least_loaded"))
    decided = waves.plan_wave(asked, turn)
    assert all(decision.chosen in group for decision, group in zip(decided, groups, strict=True))
    best = min(_squares(loads, choice) for choice in product(*groups))
    assert _squares(loads, [decision.chosen or 0 for decision in decided]) == best


def _squares(loads: Sequence[int], chosen: Sequence[int]) -> int:
    after = list(loads)
    for manager_id in chosen:
        after[manager_id - 1] += 1
    return sum(load * load for load in after)
