"""One turn of one register: candidates are judged once, then leads are dealt one after the other.

Loads and ledger move inside the turn, so that a burst sees its own effects and cannot herd.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from distribution.core import reasons, records
from distribution.core.decisions import Decision, Kind, Verdict
from distribution.core.facts import IGNORE_PRESENCE, CandidateFacts, LeadFacts, Situation
from distribution.core.ledger import Entry, Ledger, shares_of
from distribution.core.race import Race
from distribution.core.reasons import Reason, Refusal, Waiting, WaitingReason
from distribution.core.records import Json, RosterRecord
from distribution.core.rules import (
    CANDIDATE_RULES,
    LEAD_GATES,
    LEAD_RULES,
    CandidateRule,
    LeadGate,
    LeadRule,
)
from distribution.core.strategies import STRATEGIES, Loads

__all__ = ["Decision", "Kind", "RosterRecord", "Turn", "Verdict", "rebuild", "replay"]

RELAXED_BY_IGNORE_PRESENCE = frozenset({Reason.OFFLINE})


@dataclass(frozen=True, slots=True)
class _Pool:
    """A set of seats to deal among, with everything about it that can be worked out beforehand."""

    seats: tuple[int, ...]  # ascending
    shares: list[int]  # millionths, a seat
    charge: int  # sum of the shares
    ids: tuple[int, ...] | None  # manager ids; None: the roster's eligible ones
    relaxed: bool = False
    is_even: bool = True  # all shares are equal


class Turn:
    """Deals leads in order. Build one from each situation; candidates may come in any order."""

    def __init__(
        self,
        situation: Situation,
        *,
        candidate_rules: Sequence[CandidateRule] = CANDIDATE_RULES,
        lead_rules: Sequence[LeadRule] = LEAD_RULES,
        lead_gates: Sequence[LeadGate] = LEAD_GATES,
    ) -> None:
        """Judge every candidate; raise ValueError if a manager is there twice."""
        self.situation = situation
        self._candidate_rules = candidate_rules
        self._lead_rules = lead_rules
        self._lead_gates = lead_gates
        self._candidates = sorted(situation.candidates, key=lambda facts: facts.manager_id)
        self._ids = [facts.manager_id for facts in self._candidates]
        if len(set(self._ids)) != len(self._ids):
            raise ValueError("a manager is among the candidates twice")
        self.ledger = Ledger(
            {
                facts.manager_id: (facts.lag, facts.count, facts.last_lead_at)
                for facts in self._candidates
            }
        )
        self.loads = Loads(self._candidates, situation.policy.usual_limit)
        self._strategy = STRATEGIES[situation.policy.strategy]
        self._weights = [self._strategy.weigh(facts) for facts in self._candidates]
        self._dealt = [0] * len(self._candidates)
        self._seq = 0
        self._all_seats = range(len(self._candidates))
        self._standing = [self._judge(facts) for facts in self._candidates]
        self._current = list(self._standing)
        self._changed: tuple[Verdict, ...] = ()
        self._refresh_pools()

    # -- judging

    def _judge(self, facts: CandidateFacts) -> Verdict:
        found = [rule(self.situation, facts) for rule in self._candidate_rules]
        return Verdict(facts.manager_id, tuple(refusal for refusal in found if refusal is not None))

    def _pool(self, seats: Sequence[int], *, relaxed: bool = False) -> _Pool:
        shares = shares_of([self._weights[seat] for seat in seats]) if seats else []
        ids = tuple(self._ids[seat] for seat in seats)
        return _Pool(tuple(seats), shares, sum(shares), ids, relaxed, len(set(shares)) <= 1)

    def _refresh_pools(self) -> None:
        """Work out who is eligible by the current verdicts, and who would be without presence."""
        seats = [seat for seat, verdict in enumerate(self._current) if not verdict.refusals]
        self._open = self._pool(seats)
        if not self._changed:
            self._open = replace(self._open, ids=None)
        spare: list[int] = []
        if self.situation.policy.when_nobody == IGNORE_PRESENCE:
            spare = [
                seat
                for seat, verdict in enumerate(self._current)
                if verdict.refusals
                and {refusal.reason for refusal in verdict.refusals} <= RELAXED_BY_IGNORE_PRESENCE
            ]
        self._spare = self._pool(spare, relaxed=True)
        self._race: Race | None = None
        self._wait: WaitingReason | None = None

    def _facts_now(self, seat: int) -> CandidateFacts:
        """Return a candidate's facts with what the turn has dealt him so far."""
        facts, row = self._candidates[seat], self.ledger.entry(seat)
        return replace(
            facts,
            reserved=facts.reserved + self._dealt[seat],
            lag=row.lag,
            count=row.count,
            last_lead_at=row.last_lead_at,
        )

    def _judge_again(self, seat: int) -> None:
        """Judge the one who has just been dealt a lead: nobody else's facts have changed."""
        verdict = self._judge(self._facts_now(seat))
        if verdict == self._current[seat]:
            return
        self._current[seat] = verdict
        pairs = zip(self._current, self._standing, strict=True)
        self._changed = tuple(current for current, standing in pairs if current != standing)
        self._refresh_pools()

    def _objections(self, lead: LeadFacts) -> dict[int, Verdict]:
        """Return the verdicts, by seat, that the lead's own rules change."""
        found: dict[int, tuple[Refusal, ...]] = {}
        for rule in self._lead_rules:
            whom = rule.whom(lead)
            if whom is not None and not whom:
                continue
            for seat in self._all_seats if whom is None else self._seats(whom):
                refusal = rule.objection(self.situation, lead, self._candidates[seat])
                if refusal is not None:
                    found[seat] = (*found.get(seat, ()), refusal)
        return {
            seat: Verdict(self._ids[seat], self._current[seat].refusals + refusals)
            for seat, refusals in found.items()
        }

    # -- dealing

    def deal(self, lead: LeadFacts, now: datetime, *, to: int | None = None) -> Decision:
        """Decide who gets the lead, and count it: loads and ledger move at once.

        `to` is a manager already planned for it; he is disregarded if he is not eligible by now.
        """
        self._seq += 1
        refusal = self._gate(lead)
        if refusal is not None:
            return self._stopped(lead, refusal)
        pool, own = self._consider(lead)
        verdicts = self._verdicts_with(own) if own else self._changed
        if not pool.seats:
            pool = self._without(self._spare, own)
            if not pool.seats:
                return self._waits(lead, own, verdicts)
        return self._settle(lead, now, pool, verdicts, to)

    def eligible_for(self, lead: LeadFacts) -> tuple[int, ...]:
        """Return the managers who could have the lead now, by id; nothing is counted."""
        if self._gate(lead) is not None:
            return ()
        return tuple(self._ids[seat] for seat in self._consider(lead)[0].seats)

    def _gate(self, lead: LeadFacts) -> Refusal | None:
        for gate in self._lead_gates:
            refusal = gate(self.situation, lead)
            if refusal is not None:
                return refusal
        return None

    def _consider(self, lead: LeadFacts) -> tuple[_Pool, dict[int, Verdict]]:
        """Return who is eligible for the lead, and the verdicts that the lead itself changes."""
        own = self._objections(lead)
        return (self._without(self._open, own) if own else self._open), own

    def _seats(self, manager_ids: Iterable[int]) -> list[int]:
        seats = [self._seat(manager_id) for manager_id in manager_ids]
        return [seat for seat in seats if seat is not None]

    def _seat(self, manager_id: int) -> int | None:
        seat = bisect_left(self._ids, manager_id)
        return seat if self._ids[seat : seat + 1] == [manager_id] else None

    def _verdicts_with(self, own: Mapping[int, Verdict]) -> tuple[Verdict, ...]:
        """Return the verdicts that differ from the standing ones, the lead's own ones included."""
        by_id = {verdict.manager_id: verdict for verdict in (*self._changed, *own.values())}
        return tuple(by_id[manager_id] for manager_id in sorted(by_id))

    def _without(self, pool: _Pool, own: Mapping[int, Verdict]) -> _Pool:
        left = [seat for seat in pool.seats if seat not in own]
        if len(left) == len(pool.seats):
            return pool
        return self._pool(left, relaxed=pool.relaxed)

    def _settle(
        self,
        lead: LeadFacts,
        now: datetime,
        pool: _Pool,
        verdicts: tuple[Verdict, ...],
        to: int | None,
    ) -> Decision:
        """Credit the pool, let its winner (or whoever was planned) pay, and count the lead."""
        seats, ledger, loads = pool.seats, self.ledger, self.loads
        ledger.credit(seats, pool.shares)
        planned = None if to is None else self._seat(to)
        if planned is None or planned not in seats:
            seat = self._pick(pool)
        else:
            seat, self._race = planned, None
        share = pool.shares[bisect_left(seats, seat)]
        lag_before = ledger.lags[seat] - share
        load = loads.numbers[seat]
        ledger.pay(seat, pool.charge, now)
        loads.add(seat)
        if self._race is not None:
            self._race.paid()
        self._dealt[seat] += 1
        decision = Decision(
            lead.lead_id,
            self._seq,
            Kind.DEALT,
            self._ids[seat],
            None,
            None,
            verdicts,
            len(seats),
            pool.ids,
            pool.relaxed,
            share,
            pool.charge,
            lag_before,
            load,
        )
        self._judge_again(seat)
        return decision

    def _pick(self, pool: _Pool) -> int:
        """Return the winner's seat: from the running race, or by search where none can be run."""
        if pool is not self._open or not pool.is_even:
            self._race = None
            return self._strategy.pick(self.ledger, self.loads, pool.seats)
        if self._race is None:
            by_load = self._strategy.by_load
            self._race = Race(self.ledger, self.loads, pool.seats, pool.shares[0], by_load=by_load)
        else:
            self._race.credited()
        return self._race.winner()

    def _stopped(self, lead: LeadFacts, refusal: Refusal) -> Decision:
        if refusal.reason is not Reason.OUTSIDE_HOURS:
            return Decision(lead.lead_id, self._seq, Kind.LEFT_ALONE, refusal=refusal)
        wait = WaitingReason(Waiting.OUTSIDE_HOURS, refusal.until, (reasons.Wake.MOMENT_REACHED,))
        return Decision(lead.lead_id, self._seq, Kind.WAITING, waiting=wait, refusal=refusal)

    def _waits(
        self, lead: LeadFacts, own: Mapping[int, Verdict], verdicts: tuple[Verdict, ...]
    ) -> Decision:
        if own:
            wait = reasons.why_waiting(
                own.get(seat, verdict).refusals for seat, verdict in enumerate(self._current)
            )
        else:
            if self._wait is None:
                self._wait = reasons.why_waiting(verdict.refusals for verdict in self._current)
            wait = self._wait
        return Decision(lead.lead_id, self._seq, Kind.WAITING, waiting=wait, verdicts=verdicts)

    # -- records

    def entries(self) -> dict[int, Entry]:
        """Return the register's rows that the turn has changed, by manager id."""
        return self.ledger.entries()

    def candidates(self) -> tuple[CandidateFacts, ...]:
        """Return all candidates as they stand now, by manager id: what a next turn may start from."""
        return tuple(self._facts_now(seat) for seat in self._all_seats)

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return every candidate's verdict as it stands now, by manager id."""
        return tuple(self._current)

    def roster(self) -> RosterRecord:
        """Return the candidates with their standing verdicts, as at the beginning of the turn."""
        standing = [verdict.refusals for verdict in self._standing]
        return records.roster_record(self.situation, self._candidates, standing)

    def opening(self) -> Json:
        """Return the moment, loads and ledger at the beginning of the turn."""
        return records.opening_record(self.situation.now, self._candidates)


def rebuild(roster: RosterRecord | Mapping[str, Any], opening: Mapping[str, Any]) -> Turn:
    """Return a stored turn as it was before its first lead, judged by today's rules.

    Raises ValueError if roster and opening do not belong together.
    """
    body = roster.body if isinstance(roster, RosterRecord) else roster
    return Turn(records.situation_from_json(body, opening))


def replay(
    roster: RosterRecord | Mapping[str, Any],
    opening: Mapping[str, Any],
    leads: Iterable[LeadFacts],
    moments: Iterable[datetime] | None = None,
) -> list[Decision]:
    """Decide a stored turn again, from scratch and by today's rules.

    `leads` are all leads of the turn in their order; `moments` the `now` of each, if they were not
    all the turn's own. Raises ValueError if roster and opening do not belong together.
    """
    turn = rebuild(roster, opening)
    asked = list(leads)
    times = [turn.situation.now] * len(asked) if moments is None else list(moments)
    return [turn.deal(lead, now) for lead, now in zip(asked, times, strict=True)]
