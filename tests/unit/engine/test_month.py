"""A simulated month of one team: shifts, absences, weights, limits and pace, minute after minute.

Who was dealt what is counted anew here, by other means than the engine's.
"""

import json
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from distribution.core.acceptance import AcceptPolicy, Held, StepKind, next_step
from distribution.core.decide import Decision, Turn, replay
from distribution.core.facts import CandidateFacts, LeadFacts, Policy, Situation
from distribution.core.ledger import LEAD
from distribution.core.records import lead_from_json, lead_to_json
from tests.unit.engine.builders import NOW

DAYS = 30
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
LIMITS = (None, None, 2, 3, 5)
CAP = 3  # redistributions of a lead that nobody accepts
ACCEPT_MINUTES = 10
MOST_WAITING = 8  # what comes on top goes elsewhere


@dataclass
class Person:
    """One manager as the month knows him; what the engine keeps of him comes out of its turns."""

    number: int
    weight: int
    limit: int | None
    task_limit: int | None
    hours: tuple[int, int]
    absence: tuple[int, int]  # first and last day; ends before it begins: none
    lag: int = 0
    count: int = 0
    last: datetime | None = None
    tasks: int = 0
    had: list[datetime] = field(default_factory=list)
    leads: set[int] = field(default_factory=set)

    def works(self, at: datetime) -> bool:
        """Say whether the person is on shift."""
        day = (at - NOW).days
        is_away = self.absence[0] <= day <= self.absence[1]
        return not is_away and self.hours[0] <= at.hour < self.hours[1]


@dataclass
class Clock:
    """A lead that its manager has not accepted yet."""

    due: datetime
    moves: int = 0
    tried: frozenset[int] = frozenset()
    caps: int = 0
    holders: list[int] = field(default_factory=list)  # since the cycle began


class Month:
    """Lives through a month; every decision is judged when it is made."""

    def __init__(self, seed: int, strategy: str, *, by_time: bool) -> None:
        self.random = Random(f"month {seed} {strategy}")
        self.strategy, self.by_time = strategy, by_time
        people = [self._person(number) for number in range(1, self.random.choice((2, 3, 6, 9)) + 1)]
        self.people = {one.number: one for one in people}
        self.pace = self.random.choice((None, 2, 4))
        self.waiting: list[int] = []
        self.open: dict[int, int] = {}  # lead -> manager
        self.clocks: dict[int, Clock] = {}
        self.stored: list[tuple[str, list[Decision]]] = []  # turns as JSON, and what came of them
        self.numbers = iter(range(1, 100_000))
        self.figures: dict[str, int] = defaultdict(int)

    def _person(self, number: int) -> Person:
        random = self.random
        weight = random.choice((1, 1, 2, 10, random.randint(1, 1000)))
        begins, first = random.choice((6, 8, 8, 12, 20)), random.randrange(2 * DAYS)
        return Person(
            number,
            weight if self.strategy == "weighted" else 1,
            random.choice(LIMITS),
            random.choice((None, None, 3)),
            (begins, begins + random.choice((4, 9, 12))),
            (first, first + random.randrange(10)),
        )

    # -- the month

    def live(self) -> None:
        """Go through the month in steps of some minutes."""
        now = NOW
        while now < NOW + DAYS * DAY:
            now += self.random.choice((12, 45, 90, 150)) * MINUTE
            self._work_on_leads()
            for person in self.people.values():
                person.had = [at for at in person.had if at > now - HOUR]
                person.tasks = self.random.choice((person.tasks, 0, 2, 3))
            self.waiting += [next(self.numbers) for _ in range(self.random.choice((0, 1, 1, 4)))]
            self._take_turn(now)
            del self.waiting[MOST_WAITING:]

    def _work_on_leads(self) -> None:
        """Let managers accept some of their leads, and close some."""
        for lead_id, owner in list(self.open.items()):
            if self.random.random() < 0.15:
                self.clocks.pop(lead_id, None)
            if self.random.random() < 0.15:
                del self.open[lead_id]
                self.people[owner].leads.discard(lead_id)
                self.clocks.pop(lead_id, None)

    def _take_turn(self, now: datetime) -> None:
        turn, asked, decided = Turn(self._situation(now)), list[LeadFacts](), list[Decision]()
        record = {"roster": turn.roster().body, "opening": turn.opening(), "leads": []}

        def deal(facts: LeadFacts) -> Decision:
            decision = turn.deal(facts, now)
            asked.append(facts)
            decided.append(decision)
            self._judge(facts, decision, now)
            self._settle(turn)
            return decision

        for lead_id in list(self.waiting):
            decision = deal(LeadFacts(lead_id))
            if decision.chosen is not None:
                self.waiting.remove(lead_id)
                self._give(lead_id, decision.chosen, now)
                self.clocks[lead_id] = Clock(
                    now + ACCEPT_MINUTES * MINUTE, holders=[decision.chosen]
                )
        for lead_id in [
            one for one, clock in self.clocks.items() if self.by_time and clock.due <= now
        ]:
            self._pass_on(lead_id, turn, deal, now)
        record["leads"] = [lead_to_json(facts) for facts in asked]
        self.stored.append((json.dumps(record), decided))

    def _situation(self, now: datetime) -> Situation:
        policy = Policy(
            self.strategy,
            frozenset(self.people),
            pace_leads=self.pace,
            pace_seconds=3600 if self.pace else 0,
        )
        candidates = [self._facts(person, now) for person in self.people.values()]
        self.random.shuffle(candidates)
        return Situation(now, policy, tuple(candidates), 1)

    def _facts(self, person: Person, now: datetime) -> CandidateFacts:
        recent = [at for at in person.had if at > now - HOUR]
        return CandidateFacts(
            person.number,
            presence="online" if person.works(now) else "offline",
            open_leads=len(person.leads),
            limit=person.limit,
            weight=person.weight,
            lag=person.lag,
            last_lead_at=person.last,
            count=person.count,
            tasks=person.tasks,
            task_limit=person.task_limit,
            recent=tuple(recent) if self.pace else (),
        )

    # -- redistribution by time

    def _pass_on(self, lead_id: int, turn: Turn, deal: Any, now: datetime) -> None:
        clock, owner = self.clocks[lead_id], self.open[lead_id]
        held = Held(clock.moves, clock.tried, owner, clock.caps)
        facts = LeadFacts(lead_id, owner_id=owner, moves=True, counted=True)
        besides_tried = turn.eligible_for(replace(facts, tried=held.tried_by_now))
        besides_owner = turn.eligible_for(replace(facts, tried=frozenset({owner})))
        step = next_step(
            AcceptPolicy(ACCEPT_MINUTES, CAP), held, bool(besides_tried), bool(besides_owner)
        )
        clock.due = now + ACCEPT_MINUTES * MINUTE
        if step.kind not in (StepKind.MOVE, StepKind.NEW_CYCLE):
            if step.kind is not StepKind.KEEP:
                del self.clocks[lead_id]
            return
        chosen = deal(replace(facts, tried=step.tried)).chosen
        assert chosen is not None
        assert chosen != owner
        if chosen in clock.holders:  # only once all who could take it have had it
            assert not set(besides_tried) - set(clock.holders)
            clock.holders = [owner]
        clock.holders.append(chosen)
        clock.moves, clock.tried = step.moves, step.tried
        assert clock.moves <= CAP
        self.people[owner].leads.discard(lead_id)
        self._give(lead_id, chosen, now)
        self.figures["moved"] += 1

    def _give(self, lead_id: int, chosen: int, now: datetime) -> None:
        self.open[lead_id] = chosen
        self.people[chosen].leads.add(lead_id)
        self.people[chosen].had.append(now)
        self.figures["dealt"] += 1

    # -- what must hold

    def _judge(self, facts: LeadFacts, decision: Decision, now: datetime) -> None:
        free = [one for one in self.people.values() if self._may_have(one, now)]
        free = [one for one in free if one.number not in facts.tried]
        if decision.chosen is None:
            assert not free, f"lead {facts.lead_id} waits though {free}"
            return
        assert decision.chosen in {one.number for one in free}
        self.figures["at a limit"] += len(free) < sum(
            one.works(now) for one in self.people.values()
        )

    def _may_have(self, person: Person, now: datetime) -> bool:
        lately = sum(at > now - HOUR for at in person.had)
        return (
            person.works(now)
            and (person.limit is None or len(person.leads) < person.limit)
            and (person.task_limit is None or person.tasks < person.task_limit)
            and (self.pace is None or lately < self.pace)
        )

    def _settle(self, turn: Turn) -> None:
        """Carry the register on as the turn has left it; its lags are bounded at every moment."""
        for number, entry in turn.entries().items():
            person = self.people[number]
            person.lag, person.count, person.last = entry.lag, entry.count, entry.last_lead_at
        lags = [person.lag for person in self.people.values()]
        assert sum(lags) == 0
        if self.strategy != "least_loaded":
            assert 2 * max(map(abs, lags)) <= (len(lags) - 1) * LEAD


@pytest.fixture(scope="module")
def months() -> list[Month]:
    """Months of all strategies, with and without redistribution by time."""
    found = []
    for seed in range(4):
        for strategy in ("even", "weighted", "least_loaded"):
            month = Month(seed, strategy, by_time=seed % 2 == 1)
            month.live()
            found.append(month)
    return found


@pytest.mark.feature("F114")
@pytest.mark.feature("F119")
@pytest.mark.feature("F139")
def test_in_a_month_limits_paces_caps_and_the_bounds_of_lags_always_hold(
    months: list[Month],
) -> None:
    total = {
        name: sum(month.figures[name] for month in months)
        for name in ("dealt", "moved", "at a limit")
    }
    print(total)
    assert all(month.figures["dealt"] > 100 for month in months)
    assert total["moved"] > 300
    assert total["at a limit"] > 1000


@pytest.mark.feature("F114")
def test_a_month_decided_again_from_its_records_is_identical(months: list[Month]) -> None:
    for month in months:
        for text, decided in month.stored:
            record = json.loads(text)
            leads = [lead_from_json(row) for row in record["leads"]]
            again = replay(record["roster"], record["opening"], leads)
            assert [one.as_json() for one in again] == [one.as_json() for one in decided]


@pytest.mark.feature("F114")
def test_a_register_counts_every_lead_of_the_month_and_owes_nobody_more_than_the_bound(
    months: list[Month],
) -> None:
    for month in months:
        if month.strategy == "least_loaded":
            continue
        n, counts = len(month.people), [one.count for one in month.people.values()]
        assert sum(counts) == month.figures["dealt"]
        assert all(2 * abs(one.lag) <= (n - 1) * LEAD for one in month.people.values())
