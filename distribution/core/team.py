"""The candidates of a turn by seat, with what the turn has dealt them and the verdicts on them."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from distribution.core.decisions import Verdict
from distribution.core.facts import CandidateFacts, LeadFacts, Situation
from distribution.core.ledger import Ledger, StrictLedger
from distribution.core.reasons import Reason, Refusal
from distribution.core.rules import CandidateRule, LeadRule, asked_by, paced
from distribution.core.strategies import STRATEGIES, Loads


@dataclass(frozen=True, slots=True)
class Case:
    """A lead with the verdicts on the candidates as they are for it."""

    lead: LeadFacts
    now: datetime
    own: Mapping[int, Verdict]  # by seat: those that the lead itself changes
    verdicts: tuple[Verdict, ...]  # those that differ from the roster's
    owner: tuple[CandidateFacts, Verdict] | None = None  # of its customer, if he has no seat


class Team:
    """Everybody of a situation; a seat is a place in the list sorted by id."""

    def __init__(
        self,
        situation: Situation,
        candidate_rules: Sequence[CandidateRule],
        lead_rules: Sequence[LeadRule],
    ) -> None:
        """Judge every candidate; raise ValueError if a manager is there twice."""
        self._situation = situation
        self._candidate_rules = asked_by(situation, candidate_rules)
        self._lead_rules = lead_rules
        self.facts = sorted(situation.candidates, key=lambda facts: facts.manager_id)
        self.ids = [facts.manager_id for facts in self.facts]
        if len(set(self.ids)) != len(self.ids):
            raise ValueError("a manager is among the candidates twice")
        weigh = STRATEGIES[situation.policy.strategy].weigh
        self.weights = [weigh(facts) for facts in self.facts]
        self.ledger = self._register()
        self.loads = Loads(self.facts, situation.policy.usual_limit)
        self._dealt: Counter[int] = Counter()  # in this turn, by manager id
        self._recent: dict[int, tuple[datetime, ...]] = {}  # as above, where there is a pace
        self.standing = [self._judge(facts) for facts in self.facts]
        self.current = list(self.standing)
        self.changed: tuple[Verdict, ...] = ()  # the current ones that are not the standing ones

    def _register(self) -> Ledger:
        rows = {row.manager_id: (row.lag, row.count, row.last_lead_at) for row in self.facts}
        if self._situation.policy.strict_totals:
            return StrictLedger(rows, self.weights)
        return Ledger(rows)

    def _judge(self, facts: CandidateFacts) -> Verdict:
        situation = self._situation
        refusals: tuple[Refusal, ...] = ()
        for rule in self._candidate_rules:
            refusal = rule(situation, facts)
            if refusal is not None:
                refusals += (refusal,)
        return Verdict(facts.manager_id, refusals)

    # -- who and how he stands

    def seat(self, manager_id: int) -> int | None:
        """Return a manager's seat; None: he is no candidate."""
        seat = bisect_left(self.ids, manager_id)
        return seat if self.ids[seat : seat + 1] == [manager_id] else None

    def facts_now(self, seat: int) -> CandidateFacts:
        """Return a candidate's facts with what the turn has dealt him so far."""
        row = self.ledger.entry(seat)
        return self._with_dealt(
            self.facts[seat], lag=row.lag, count=row.count, last_lead_at=row.last_lead_at
        )

    def _with_dealt(self, facts: CandidateFacts, **changed: Any) -> CandidateFacts:
        dealt, recent = self._dealt[facts.manager_id], self._recent.get(facts.manager_id, ())
        return _with(
            facts, reserved=facts.reserved + dealt, recent=(*facts.recent, *recent), **changed
        )

    def room(self) -> dict[int, int | None]:
        """Return how many more leads each candidate may have by limit and pace; None: any number."""
        return {manager_id: self._room(seat) for seat, manager_id in enumerate(self.ids)}

    def _room(self, seat: int) -> int | None:
        facts, pace = self.facts_now(seat), self._situation.policy.pace_leads
        by_limit = None if facts.limit is None else facts.limit - facts.load
        if pace is None:
            return by_limit
        by_pace = pace - len(paced(self._situation, facts))
        return by_pace if by_limit is None else min(by_limit, by_pace)

    # -- judging

    def case(self, lead: LeadFacts, now: datetime) -> Case:
        """Return the lead with everybody's verdict, also that on an owner who is no candidate."""
        own = self._objections(lead)
        if lead.sticky is None or lead.moves or self.seat(lead.sticky.owner.manager_id) is not None:
            return Case(lead, now, own, self._verdicts_with(own) if own else self.changed)
        facts = self._with_dealt(lead.sticky.owner)
        verdict = self._judge(facts)
        if facts.manager_id in lead.tried:
            tried = Refusal(Reason.ALREADY_TRIED)
            verdict = Verdict(facts.manager_id, (*verdict.refusals, tried))
        return Case(lead, now, own, self._verdicts_with(own, verdict), (facts, verdict))

    def _objections(self, lead: LeadFacts) -> dict[int, Verdict]:
        """Return the verdicts, by seat, that the lead's own rules change."""
        found: dict[int, tuple[Refusal, ...]] = {}
        for rule in self._lead_rules:
            whom = rule.whom(lead)
            if whom is not None and not whom:
                continue
            for seat in range(len(self.ids)) if whom is None else self._seats(whom):
                refusal = rule.objection(self._situation, lead, self.facts[seat])
                if refusal is not None:
                    found[seat] = (*found.get(seat, ()), refusal)
        return {
            seat: Verdict(self.ids[seat], self.current[seat].refusals + refusals)
            for seat, refusals in found.items()
        }

    def _seats(self, manager_ids: Iterable[int]) -> list[int]:
        seats = [self.seat(manager_id) for manager_id in manager_ids]
        return [seat for seat in seats if seat is not None]

    def _verdicts_with(
        self, own: Mapping[int, Verdict], outsider: Verdict | None = None
    ) -> tuple[Verdict, ...]:
        """Return the verdicts that are not the standing ones, by manager id."""
        by_id = {verdict.manager_id: verdict for verdict in (*self.changed, *own.values())}
        if outsider is not None:
            by_id[outsider.manager_id] = outsider
        return tuple(by_id[manager_id] for manager_id in sorted(by_id))

    # -- what the turn deals

    def take(self, manager_id: int, lead: LeadFacts, now: datetime, *, paced: bool = True) -> bool:
        """Count a lead for whoever got it and judge him again; say whether his verdict changed.

        Nobody else's facts change. A lead that is counted among his already, or that lies where
        leads do not count, weighs nothing more.
        """
        seat = self.seat(manager_id)
        if not lead.weightless and not holds(lead, manager_id):
            self._dealt[manager_id] += 1
            if seat is not None:
                self.loads.add(seat)
        if paced and self._situation.policy.pace_leads is not None:
            self._recent[manager_id] = (*self._recent.get(manager_id, ()), now)
        if seat is None:
            return False
        verdict = self._judge(self.facts_now(seat))
        if verdict == self.current[seat]:
            return False
        self.current[seat] = verdict
        pairs = zip(self.current, self.standing, strict=True)
        self.changed = tuple(current for current, standing in pairs if current != standing)
        return True


_NAMES = tuple(field.name for field in fields(CandidateFacts))
_VALUES = attrgetter(*_NAMES)
_PLACES = {name: place for place, name in enumerate(_NAMES)}


def _with(facts: CandidateFacts, **changed: Any) -> CandidateFacts:
    """Return the facts with some of them changed: `dataclasses.replace`, at a third of its cost.

    It is done for each lead that is dealt, and was half of what a deal cost.
    """
    values = list(_VALUES(facts))
    for name, value in changed.items():
        values[_PLACES[name]] = value
    return CandidateFacts(*values)


def holds(lead: LeadFacts, manager_id: int) -> bool:
    """Say whether the lead is his already, and counted so."""
    return lead.counted and lead.owner_id == manager_id


def without_his_own(
    refusals: tuple[Refusal, ...], facts: CandidateFacts, lead: LeadFacts
) -> tuple[Refusal, ...]:
    """Return the objections to somebody's having a lead, which may be what fills him up."""
    full = facts.limit is not None and facts.load - 1 >= facts.limit
    if full or not holds(lead, facts.manager_id):
        return refusals
    return tuple(refusal for refusal in refusals if refusal.reason is not Reason.AT_LIMIT)
