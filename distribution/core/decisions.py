"""What comes out of the engine: verdicts on candidates and the decision about a lead."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from distribution.core import records
from distribution.core.reasons import Because, Reason, Refusal, WaitingReason
from distribution.core.records import Json


class Kind(StrEnum):
    """What became of a lead. Stored: never rename a value."""

    DEALT = "dealt"
    WAITING = "waiting"
    PARKED = "parked"
    LEFT_ALONE = "left_alone"
    TO_STAGE = "to_stage"


@dataclass(frozen=True, slots=True)
class Verdict:
    """All objections to one candidate; none: eligible."""

    manager_id: int
    refusals: tuple[Refusal, ...] = ()  # in the rules' order

    @property
    def eligible(self) -> bool:
        """No rule objects."""
        return not self.refusals

    @property
    def headline(self) -> Refusal | None:
        """The first objection."""
        return self.refusals[0] if self.refusals else None

    def relaxes_to(self, relaxed: Collection[Reason]) -> bool:
        """Say whether nothing is left of it where these objections do not count."""
        return all(refusal.reason in relaxed for refusal in self.refusals)


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about one lead; with the turn's roster and opening it can be replayed.

    Dealt to somebody with `because` (sticky, kept, duty) it was dealt among nobody: no ledger
    moved, unless a sticky lead counts and was paid for in the pool that it belongs to.
    """

    lead_id: int
    seq: int  # place in the turn, from 1
    kind: Kind
    chosen: int | None = None  # manager id
    waiting: WaitingReason | None = None  # set when waiting, parked or moved to another stage
    refusal: Refusal | None = None  # the gate's objection to the lead itself
    verdicts: tuple[Verdict, ...] = ()  # those that differ from the roster's, or are not in it
    eligible_count: int = 0  # among how many was it dealt
    eligible: tuple[int, ...] | None = None  # their ids; None: all of the roster's eligible ones
    tier: int | None = None  # of the people among whom it was dealt
    relaxed: tuple[Reason, ...] = ()  # objections that did not count, since nobody else was left
    because: Because | None = None  # what else than the strategy made it go there
    share: int = 0  # millionths credited to the chosen
    charged: int = 0  # millionths paid by the chosen: all shares together
    lag_before: int = 0  # of the chosen, before credit and charge
    load_before: int = 0  # of the chosen

    def as_json(self) -> Json:
        """Return the decision JSON-ready; what says nothing, or follows from the roster, is left out.

        The eligible ones are those of the tier to whom, by roster and `verdicts`, nothing is
        objected but what is relaxed: see `eligible_of`.
        """
        stored: Json = {"lead_id": self.lead_id, "seq": self.seq, "kind": self.kind.value}
        if self.waiting is not None:
            stored["waiting"] = {
                "code": self.waiting.code.value,
                "until": records.moment_to_json(self.waiting.until),
                "wakes": [wake.value for wake in self.waiting.wakes],
            }
        if self.refusal is not None:
            stored["refusal"] = records.refusal_to_json(self.refusal)
        if self.verdicts:
            stored["verdicts"] = [
                {
                    "id": verdict.manager_id,
                    "refusals": [records.refusal_to_json(refusal) for refusal in verdict.refusals],
                }
                for verdict in self.verdicts
            ]
        if self.because is not None:
            stored["because"] = self.because.value
        if self.chosen is None:
            return stored
        stored["chosen"] = self.chosen
        stored["eligible_count"] = self.eligible_count
        if self.tier is not None:
            stored["tier"] = self.tier
        if self.relaxed:
            stored["relaxed"] = [reason.value for reason in self.relaxed]
        for name in ("share", "charged", "lag_before", "load_before"):
            stored[name] = getattr(self, name)
        return stored


def all_verdicts(roster: Mapping[str, Any], decision: Mapping[str, Any]) -> tuple[Verdict, ...]:
    """Return every candidate's verdict on a stored decision, by manager id (B2).

    `roster` is the stored roster's body, `decision` what `Decision.as_json` gave.
    """
    refusals = records.standing_refusals(roster)
    changed = {row["id"]: row for row in decision.get("verdicts", ()) if row["id"] in refusals}
    for manager_id, row in changed.items():
        refusals[manager_id] = tuple(map(records.refusal_from_json, row["refusals"]))
    return tuple(Verdict(manager_id, found) for manager_id, found in refusals.items())


def outside_verdict(roster: Mapping[str, Any], decision: Mapping[str, Any]) -> Verdict | None:
    """Return the verdict on the customer's owner, where he is none of the candidates."""
    inside = {row["id"] for row in roster["candidates"]}
    for row in decision.get("verdicts", ()):
        if row["id"] not in inside:
            return Verdict(row["id"], tuple(map(records.refusal_from_json, row["refusals"])))
    return None


def eligible_of(roster: Mapping[str, Any], decision: Mapping[str, Any]) -> tuple[int, ...]:
    """Return among whom a stored decision dealt its lead, by manager id; empty: among nobody."""
    if decision.get("chosen") is None or ("because" in decision and "tier" not in decision):
        return ()
    tier = decision.get("tier", 1)  # older decisions know no tiers
    relaxed = frozenset(map(Reason, decision.get("relaxed", ())))
    tiers = {row["id"]: row["tier"] for row in records.candidate_rows(roster)}
    return tuple(
        verdict.manager_id
        for verdict in all_verdicts(roster, decision)
        if tiers[verdict.manager_id] == tier and verdict.relaxes_to(relaxed)
    )
