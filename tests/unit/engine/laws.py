"""The engine's laws as checks that raise AssertionError, shared by property tests and mutants."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product

from distribution.core import waves
from distribution.core.decide import Turn, replay
from distribution.core.facts import LeadFacts, Situation
from distribution.core.ledger import LEAD, Ledger, shares_of
from distribution.core.reasons import Because, Reason
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


def lags_are_bounded(
    weights: Sequence[int], tiers: Sequence[int], away: Sequence[Collection[int]]
) -> None:
    """Deal a lead in each situation: the sum is 0 and |lag| <= (n - 1) / 2 leads, n counting all.

    `away` names, for each lead in turn, who is not there (manager ids, from 1).
    """
    n = len(weights)
    team = tuple(
        manager(number, weight=weight, tier=tier)
        for number, (weight, tier) in enumerate(zip(weights, tiers, strict=True), 1)
    )
    for number, missing in enumerate(away):
        seen = [
            replace(facts, presence="paused" if facts.manager_id in missing else "online")
            for facts in team
        ]
        turn = Turn(situation(seen, "weighted"))
        turn.deal(LeadFacts(number), NOW)
        team = turn.candidates()
        assert sum(facts.lag for facts in team) == 0
        assert 2 * max(abs(facts.lag) for facts in team) <= (n - 1) * LEAD


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
        decision = turn.deal(lead, situation_.now)
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


def relaxed_is_all_that_is_waived(situation_: Situation, asked: Sequence[LeadFacts]) -> None:
    """Whoever a pool's lead goes to is refused by nothing that the decision does not name.

    Only presence and skills are ever named.
    """
    turn = Turn(situation_)
    for lead in asked:
        before = {verdict.manager_id: verdict for verdict in turn.verdicts()}
        decision = turn.deal(lead, situation_.now)
        before.update({verdict.manager_id: verdict for verdict in decision.verdicts})
        if decision.chosen is None or decision.because:
            continue
        refused = {refusal.reason for refusal in before[decision.chosen].refusals}
        assert refused <= {Reason.OFFLINE, Reason.NOT_ONLINE, Reason.MISSING_SKILL}
        assert refused <= set(decision.relaxed)


def the_first_level_is_asked(situation_: Situation, asked: Sequence[LeadFacts]) -> None:
    """A lead goes to the smallest tier in which somebody is free of objections."""
    turn = Turn(situation_)
    tiers = {facts.manager_id: facts.tier for facts in situation_.candidates}
    for lead in asked:
        free = [verdict.manager_id for verdict in turn.verdicts() if verdict.eligible]
        decision = turn.deal(lead, situation_.now)
        first = min((tiers[manager_id] for manager_id in free), default=None)
        assert decision.tier == first
        asked_ids = free if decision.eligible is None else decision.eligible
        assert {tiers[manager_id] for manager_id in asked_ids} <= {first}


def the_sum_stays(situation_: Situation, asked: Sequence[LeadFacts]) -> None:
    """Whatever is credited is paid."""
    turn = Turn(situation_)
    for lead in asked:
        turn.deal(lead, situation_.now)
        assert sum(turn.ledger.lags) == sum(facts.lag for facts in situation_.candidates)


def totals_are_levelled(situation_: Situation, asked: Sequence[LeadFacts]) -> None:
    """With strict totals and equal weights, whoever gets a lead has had the fewest."""
    turn = Turn(situation_)
    for lead in asked:
        before = dict(zip(turn.ledger.ids, turn.ledger.counts, strict=True))
        chosen = turn.deal(lead, situation_.now).chosen
        assert chosen is not None
        assert before[chosen] == min(before.values())


def customers_leads_move_no_ledger(situation_: Situation, asked: Sequence[LeadFacts]) -> None:
    """A customer's lead goes to its owner, who is there, and costs him nothing."""
    turn = Turn(situation_)
    for lead in asked:
        assert lead.sticky is not None
        assert turn.deal(lead, situation_.now).chosen == lead.sticky.owner.manager_id
        assert turn.entries() == {}


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
