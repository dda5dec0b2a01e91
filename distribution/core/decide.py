"""One turn of one register: candidates are judged once, then leads are dealt one after the other.

Loads and ledger move inside the turn, so that a burst sees its own effects and cannot herd.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from distribution.core import customers, reasons, records
from distribution.core.customers import Course
from distribution.core.decisions import Decision, Kind, Verdict
from distribution.core.facts import (
    DUTY,
    MOVE_STAGE,
    WAIT,
    CandidateFacts,
    LeadFacts,
    Situation,
    Sticky,
)
from distribution.core.ledger import LEAD, Entry, shares_of
from distribution.core.levels import Level, Levels
from distribution.core.pools import Pool, Pools
from distribution.core.race import Race
from distribution.core.reasons import Because, Reason, Refusal, Waiting, WaitingReason, Wake
from distribution.core.records import Json, RosterRecord
from distribution.core.rules import (
    CANDIDATE_RULES,
    LEAD_GATES,
    LEAD_RULES,
    CandidateRule,
    LeadGate,
    LeadRule,
)
from distribution.core.strategies import STRATEGIES
from distribution.core.team import Case, Team, without_his_own

__all__ = ["Decision", "Kind", "RosterRecord", "Turn", "Verdict", "rebuild", "replay"]

NO_DUTY = frozenset(
    {
        Reason.INACTIVE_IN_KOMMO,
        Reason.UNLICENSED,
        Reason.FORCED_OFF,
        Reason.PARTICIPATION_OFF,
        Reason.ALREADY_TRIED,
    }
)
"""What keeps even the duty person from a lead."""

ABSENCE = frozenset(
    {
        Reason.FORCED_OFF,
        Reason.PARTICIPATION_OFF,
        Reason.OFF_SCHEDULE,
        Reason.OFFLINE,
        Reason.NOT_ONLINE,
    }
)
"""What being on leave looks like: whoever is kept by nothing else may catch up (B5)."""


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
        self._lead_gates = lead_gates
        self._strategy = STRATEGIES[situation.policy.strategy]
        self._team = Team(situation, candidate_rules, lead_rules)
        self.ledger, self.loads = self._team.ledger, self._team.loads
        self._levels = Levels(situation)
        tiers = [facts.tier for facts in self._team.facts]
        self._pools = Pools(self._team.ids, self._team.weights, tiers)
        self._may_race = not situation.policy.strict_totals and not self._catches_up
        self._seq = 0
        self._refresh()

    @property
    def _catches_up(self) -> bool:
        return self.situation.policy.catch_up_percent > 0

    def _refresh(self) -> None:
        """Begin anew with what depends on the current verdicts."""
        self._pools.refresh(self._team.current, as_recorded=not self._team.changed)
        self._race: Race | None = None
        self._racing: Pool | None = None
        self._waits: dict[tuple[Level, ...], WaitingReason] = {}

    # -- dealing

    def deal(self, lead: LeadFacts, now: datetime, *, to: int | None = None) -> Decision:
        """Decide who gets the lead, and count it: loads and ledger move at once.

        `to` is a manager already planned for it; he is disregarded if he is not eligible by now.
        """
        self._seq += 1
        refusal = self._gate(lead)
        if refusal is not None:
            return self._stopped(lead, refusal)
        case = self._team.case(lead, now)
        decision = None if lead.moves else self._to_its_owner(case)
        if decision is not None:
            return decision
        pool = self._pool(case)
        return self._nobody(case) if pool is None else self._settle(case, pool, to)

    def eligible_for(self, lead: LeadFacts) -> tuple[int, ...]:
        """Return the managers among whom the lead would be dealt now, by id; nothing is counted."""
        if self._gate(lead) is not None:
            return ()
        pool = self._pool(self._team.case(lead, self.situation.now))
        return () if pool is None else tuple(self._team.ids[seat] for seat in pool.seats)

    def anyone_free(self) -> bool:
        """Say whether an ordinary lead finds somebody, if not at once then for having waited."""
        return any(self._pools.of(level, {}).seats for level in self._levels.ever_open)

    def _gate(self, lead: LeadFacts) -> Refusal | None:
        for gate in self._lead_gates:
            refusal = gate(self.situation, lead)
            if refusal is not None:
                return refusal
        return None

    def _stopped(self, lead: LeadFacts, refusal: Refusal) -> Decision:
        waits = self.situation.policy.off_hours == WAIT
        if refusal.reason is not Reason.OUTSIDE_HOURS or not waits:
            return Decision(lead.lead_id, self._seq, Kind.LEFT_ALONE, refusal=refusal)
        wait = WaitingReason(Waiting.OUTSIDE_HOURS, refusal.until, (Wake.MOMENT_REACHED,))
        return Decision(lead.lead_id, self._seq, Kind.WAITING, waiting=wait, refusal=refusal)

    def _pool(self, case: Case) -> Pool | None:
        """Return the people of the first level that has any."""
        for level in self._levels.open_to(case.lead):
            pool = self._pools.of(level, case.own)
            if pool.seats:
                return pool
        return None

    # -- to whom it belongs already

    def _to_its_owner(self, case: Case) -> Decision | None:
        """Give the lead to its customer's owner, or leave it to its own; None: it is dealt."""
        sticky = case.lead.sticky
        decision = None if sticky is None else self._sticky(case, sticky)
        if decision is None and self.situation.policy.keep_owner:
            return self._kept(case)
        return decision

    def _sticky(self, case: Case, sticky: Sticky) -> Decision | None:
        facts, verdict = case.owner or self._holder(case, sticky.owner.manager_id)
        refusals = without_his_own(verdict.refusals, facts, case.lead)
        course = customers.course_of(self.situation, case.lead, refusals)
        if course is Course.DISTRIBUTE:
            return None
        if course is Course.WAIT:
            wait = customers.wait_for_owner(self.situation, case.lead, refusals)
            return self._waiting(case, wait)
        if self.situation.policy.sticky_counts and case.owner is None:
            pool, seat = self._pool(case), self._team.seat(facts.manager_id)
            if pool is not None and seat in pool.seats:
                return self._settle(case, pool, facts.manager_id, Because.STICKY)
        return self._hand(case, facts, Because.STICKY)

    def _kept(self, case: Case) -> Decision | None:
        owner_id = case.lead.owner_id
        if owner_id is None or self._team.seat(owner_id) is None:
            return None
        facts, verdict = self._holder(case, owner_id)
        if without_his_own(verdict.refusals, facts, case.lead):
            return None
        return self._hand(case, facts, Because.KEPT)

    def _holder(self, case: Case, manager_id: int) -> tuple[CandidateFacts, Verdict]:
        seat = bisect_left(self._team.ids, manager_id)
        return self._team.facts_now(seat), case.own.get(seat, self._team.current[seat])

    def _hand(self, case: Case, facts: CandidateFacts, because: Because) -> Decision:
        """Give the lead to somebody whom nobody else was weighed against: no ledger moves."""
        decision = Decision(
            case.lead.lead_id,
            self._seq,
            Kind.DEALT,
            facts.manager_id,
            verdicts=case.verdicts,
            eligible=(),
            because=because,
            lag_before=facts.lag,
            load_before=facts.load,
        )
        self._race = None  # a load may have changed
        paced = because is not Because.KEPT
        if self._team.take(facts.manager_id, case.lead, case.now, paced=paced):
            self._refresh()
        return decision

    # -- among whom it is dealt

    def _settle(
        self, case: Case, pool: Pool, to: int | None, because: Because | None = None
    ) -> Decision:
        """Credit the pool, let its winner (or whoever was planned) pay, and count the lead."""
        seats, ledger = pool.seats, self.ledger
        shares, charge = self._credit(case, pool)
        planned = None if to is None else self._team.seat(to)
        if planned is None or planned not in seats:
            seat = self._pick(pool)
        else:
            seat, self._race = planned, None
        share = shares[bisect_left(seats, seat)]
        chosen = self._team.ids[seat]
        decision = Decision(
            case.lead.lead_id,
            self._seq,
            Kind.DEALT,
            chosen,
            verdicts=case.verdicts,
            eligible_count=len(seats),
            eligible=pool.ids,
            tier=pool.level.tier,
            relaxed=pool.level.names,
            because=because,
            share=share,
            charged=charge,
            lag_before=ledger.lags[seat] - share,
            load_before=self.loads.numbers[seat],
        )
        ledger.pay(seat, charge, case.now)
        changed = self._team.take(chosen, case.lead, case.now)
        if changed:
            self._refresh()
        elif self._race is not None:
            self._race.paid()
        return decision

    def _credit(self, case: Case, pool: Pool) -> tuple[Sequence[int], int]:
        """Credit the pool, and those on leave their part; return the pool's shares and the charge."""
        absent = self._absent(case, pool) if self._catches_up else []
        shares, charge = pool.shares, pool.charge
        if absent:
            weights = self._team.weights
            percent = self.situation.policy.catch_up_percent
            parts = [100 * weights[seat] for seat in pool.seats]
            every = shares_of(parts + [percent * weights[seat] for seat in absent])
            shares, charge = every[: len(parts)], sum(every)
            self.ledger.credit(absent, every[len(parts) :])
        self.ledger.credit(pool.seats, shares)
        return shares, charge

    def _absent(self, case: Case, pool: Pool) -> list[int]:
        """Return those of the pool's tier who miss their share by being on leave alone (B5)."""
        most = self.situation.policy.catch_up_leads * LEAD
        return [
            seat
            for seat, facts in enumerate(self._team.facts)
            if facts.on_leave
            and facts.tier == pool.level.tier
            and self.ledger.lags[seat] < most
            and seat not in pool.seats
            and case.own.get(seat, self._team.current[seat]).relaxes_to(ABSENCE)
        ]

    def _pick(self, pool: Pool) -> int:
        """Return the winner's seat: from the running race, or by search where none can be run."""
        if not (self._may_race and pool.is_even and pool.is_lasting):
            self._race = None
            return self._strategy.pick(self.ledger, self.loads, pool.seats)
        if self._race is None or self._racing is not pool:
            by_load = self._strategy.by_load
            self._race = Race(self.ledger, self.loads, pool.seats, pool.shares[0], by_load=by_load)
            self._racing = pool
        else:
            self._race.credited()
        return self._race.winner()

    # -- when nobody can take it

    def _nobody(self, case: Case) -> Decision:
        """Fall back on what the policy has for such a case, if it is time; else let the lead wait."""
        policy, wait = self.situation.policy, self._why(case)
        if not case.lead.moves and self._levels.is_nobody_over(case.lead):
            if policy.when_nobody == MOVE_STAGE:
                because = Because.TO_STAGE
                return replace(self._waiting(case, wait), kind=Kind.TO_STAGE, because=because)
            if policy.when_nobody == DUTY and policy.duty_id is not None:
                return self._to_duty(case, wait, policy.duty_id)
        return self._waiting(case, wait)

    def _to_duty(self, case: Case, wait: WaitingReason, duty_id: int) -> Decision:
        if self._team.seat(duty_id) is None:
            return self._waiting(case, wait)
        facts, verdict = self._holder(case, duty_id)
        away = [refusal for refusal in verdict.refusals if refusal.reason in NO_DUTY]
        if not away:
            return self._hand(case, facts, Because.DUTY)
        until = reasons.earliest(wait.until, reasons.free_at(away))
        wakes = tuple(sorted({*wait.wakes, *reasons.wakes_of(away)}))
        return self._waiting(case, WaitingReason(wait.code, until, wakes))

    def _waiting(self, case: Case, wait: WaitingReason) -> Decision:
        return Decision(
            case.lead.lead_id,
            self._seq,
            Kind.WAITING,
            waiting=wait,
            verdicts=case.verdicts,
        )

    def _why(self, case: Case) -> WaitingReason:
        """Return why nobody whom it could be asked has the lead, and what or when may change that."""
        levels = self._levels.open_to(case.lead)
        wait = None if case.own else self._waits.get(levels)
        if wait is None:
            tiers, relaxed = {level.tier for level in levels}, levels[-1].relaxed
            members = self.situation.policy.members
            wait = reasons.why_waiting(
                (
                    case.own.get(seat, verdict).refusals
                    for seat, verdict in enumerate(self._team.current)
                    if self._team.facts[seat].tier in tiers or verdict.manager_id not in members
                ),
                relaxed,
            )
            if not case.own:
                self._waits[levels] = wait
        opens = self._levels.opens_next(case.lead)
        return wait if opens is None else replace(wait, until=reasons.earliest(wait.until, opens))

    # -- records

    def entries(self) -> dict[int, Entry]:
        """Return the register's rows that the turn has changed, by manager id."""
        return self.ledger.entries()

    def candidates(self) -> tuple[CandidateFacts, ...]:
        """Return all candidates as they stand now, by manager id: what a next turn may start from."""
        return tuple(self._team.facts_now(seat) for seat in range(len(self._team.ids)))

    def room(self) -> dict[int, int | None]:
        """Return how many more leads each candidate may have by limit and pace; None: any number."""
        return self._team.room()

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return every candidate's verdict as it stands now, by manager id."""
        return tuple(self._team.current)

    def roster(self) -> RosterRecord:
        """Return the candidates with their standing verdicts, as at the beginning of the turn."""
        standing = [verdict.refusals for verdict in self._team.standing]
        return records.roster_record(self.situation, self._team.facts, standing)

    def opening(self) -> Json:
        """Return the moment, loads and ledger at the beginning of the turn."""
        return records.opening_record(self.situation.now, self._team.facts)


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
