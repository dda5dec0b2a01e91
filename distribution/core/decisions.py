"""What comes out of the engine: verdicts on candidates and the decision about a lead."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from distribution.core import records
from distribution.core.reasons import Refusal, WaitingReason
from distribution.core.records import Json


class Kind(StrEnum):
    """What became of a lead. Stored: never rename a value."""

    DEALT = "dealt"
    WAITING = "waiting"
    PARKED = "parked"
    LEFT_ALONE = "left_alone"


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


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about one lead; with the turn's roster and opening it can be replayed."""

    lead_id: int
    seq: int  # place in the turn, from 1
    kind: Kind
    chosen: int | None = None  # manager id
    waiting: WaitingReason | None = None  # set when waiting or parked
    refusal: Refusal | None = None  # the gate's objection to the lead itself
    verdicts: tuple[Verdict, ...] = ()  # those that differ from the roster's, by manager id
    eligible_count: int = 0  # among how many was it dealt
    eligible: tuple[int, ...] | None = None  # their ids; None: all of the roster's eligible ones
    relaxed: bool = False  # dealt to people off shift, since nobody else was left (R4)
    share: int = 0  # millionths credited to the chosen
    charged: int = 0  # millionths paid by the chosen: all shares together
    lag_before: int = 0  # of the chosen, before credit and charge
    load_before: int = 0  # of the chosen

    def as_json(self) -> Json:
        """Return the decision JSON-ready; what says nothing, or follows from the roster, is left out.

        The eligible ones are the roster's without those whom `verdicts` refuses.
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
        if self.chosen is None:
            return stored
        stored["chosen"] = self.chosen
        stored["eligible_count"] = self.eligible_count
        if self.relaxed:
            stored["relaxed"] = True
        for name in ("share", "charged", "lag_before", "load_before"):
            stored[name] = getattr(self, name)
        return stored


def all_verdicts(roster: Mapping[str, Any], decision: Mapping[str, Any]) -> tuple[Verdict, ...]:
    """Return every candidate's verdict on a stored decision, by manager id (B2).

    `roster` is the stored roster's body, `decision` what `Decision.as_json` gave.
    """
    refusals = records.standing_refusals(roster)
    for row in decision.get("verdicts", ()):
        refusals[row["id"]] = tuple(map(records.refusal_from_json, row["refusals"]))
    return tuple(Verdict(manager_id, found) for manager_id, found in refusals.items())
