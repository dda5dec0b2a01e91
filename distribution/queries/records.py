"""A decision with all that its turn knew, and the same turn decided again from what is stored (B2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accounts.models import Account
from distribution.core.decide import Decision as Decided
from distribution.core.decide import Kind, replay
from distribution.core.decisions import Verdict, all_verdicts
from distribution.core.records import lead_from_json
from distribution.models import Decision, Roster, TurnRecord

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One decision, the roster and opening of its turn, and the turn's decisions up to it.

    Without a turn (a return, a person's change) roster and opening are empty: nobody was weighed.
    """

    decision: Decision
    roster: Json
    opening: Json
    turn: tuple[Decision, ...]  # in the order in which they were decided, the asked one last

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Every candidate's verdict, by manager id."""
        if not self.roster:
            return ()
        return all_verdicts(self.roster, {"verdicts": self.decision.verdicts})


def records_of_lead(account: Account, lead_id: int) -> list[DecisionRecord]:
    """Return the records of all decisions about a lead, oldest first."""
    rows = Decision.objects.for_account(account).filter(lead_id=lead_id).order_by("pk")
    return [record_of(account, row) for row in rows]


def record_of(account: Account, decision: Decision) -> DecisionRecord:
    """Return the record of a decision of the account."""
    key = decision.turn_key
    turn = TurnRecord.objects.for_account(account).filter(key=key).first() if key else None
    if turn is None:
        return DecisionRecord(decision, {}, {}, (decision,))
    digest = bytes(turn.roster_digest)
    roster = Roster.objects.for_account(account).filter(digest=digest).first()
    if roster is None:
        return DecisionRecord(decision, {}, {}, (decision,))
    before = Decision.objects.for_account(account).filter(turn_key=key, seq__lte=decision.seq)
    return DecisionRecord(decision, roster.body, turn.opening, tuple(before.order_by("seq")))


def differences(record: DecisionRecord) -> list[str] | None:
    """Decide the record's turn again and return what comes out otherwise: empty is identical.

    None: there is nothing to decide again, since nobody was weighed against anybody.
    """
    if not record.roster:
        return None
    leads = [lead_from_json(row.lead_facts) for row in record.turn]
    again = replay(record.roster, record.opening, leads)[-1]
    stored, found = _stored(record.decision), _found(again)
    return [
        f"{name}: {stored[name]!r}, now {found[name]!r}"
        for name in stored
        if stored[name] != found[name]
    ]


def _stored(row: Decision) -> Json:
    return {
        "chosen": row.chosen_id,
        "verdicts": row.verdicts,
        "eligible": row.eligible,
        "load_before": row.load_before,
        "lag_before": row.lag_before,
    }


def _found(again: Decided) -> Json:
    is_dealt = again.kind is Kind.DEALT
    return {
        "chosen": again.chosen,
        "verdicts": again.as_json().get("verdicts", []),
        "eligible": again.eligible_count,
        "load_before": again.load_before if is_dealt else None,
        "lag_before": again.lag_before if is_dealt else None,
    }
