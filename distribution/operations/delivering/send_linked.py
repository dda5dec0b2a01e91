"""Contacts, companies, customers and tasks that follow their lead's new owner (F131–F134).

Each is an effect of its own: one that fails leaves the lead and the others alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from accounts.kommo.client import KommoClient, OwnedKind, OwnerChange
from accounts.kommo.errors import (
    Forbidden,
    InvalidRequest,
    KommoError,
    NotFound,
    PaymentRequired,
)
from accounts.kommo.payloads import Linked, Task
from accounts.kommo.retry import MOST_ATTEMPTS
from distribution.core.delivery import needs_read_back
from distribution.models import Effect
from distribution.operations.delivering.effects import (
    ClaimedEffect,
    Settlement,
    claim_effects,
    parted,
)
from distribution.operations.lanes import may_send

LARGEST_BATCH = 250
KEEP_TRYING_FOR = timedelta(days=1)
_PLURAL: dict[str, OwnedKind] = {
    Effect.Kind.CONTACT: "contacts",
    Effect.Kind.COMPANY: "companies",
    Effect.Kind.CUSTOMER: "customers",
    Effect.Kind.TASK: "tasks",
}


def send_linked(client: KommoClient, settlement: Settlement, *, kind: str) -> bool:
    """Give linked entities of one kind their owner, at most one batch; False = there are none."""
    effects = claim_effects(settlement.lease, kind, LARGEST_BATCH)
    if effects:
        _Sending(client, settlement, kind, _PLURAL[kind]).run(effects)
    return bool(effects)


@dataclass(frozen=True, slots=True)
class _Sending:
    client: KommoClient
    settlement: Settlement
    kind: str
    plural: OwnedKind

    def run(self, effects: Sequence[ClaimedEffect]) -> None:
        """Read those that may have been sent or have grown old, and write what is still to be written."""
        now = self.settlement.lease.clock()
        effects = self._worth_it(effects)
        stale = [one for one in effects if needs_read_back(one.facts, now)]
        try:
            still = self._still_to_send(stale) if stale else []
        except KommoError as error:
            self._failed(stale, error, may_have_been_sent=False)
            still = []
        ready = {one.id for one in effects if one not in stale} | {one.id for one in still}
        self._write([one for one in effects if one.id in ready])

    def _worth_it(self, effects: Sequence[ClaimedEffect]) -> list[ClaimedEffect]:
        """Return the last effect of each entity: Kommo takes an entity once a call."""
        last = {one.entity_id: one for one in effects}
        kept = []
        for effect in effects:
            if last[effect.entity_id] is not effect:
                self.settlement.overtaken(effect, "a later lead of the same customer")
            else:
                kept.append(effect)
        return self.settlement.without_deadly(kept)

    def _still_to_send(self, effects: Sequence[ClaimedEffect]) -> list[ClaimedEffect]:
        """Settle what a read settles: whatever a person has changed since stands."""
        found = self._read([one.entity_id or 0 for one in effects])
        still = []
        for effect in effects:
            seen = found.get(effect.entity_id or 0)
            if seen is None or (isinstance(seen, Linked) and seen.is_deleted):
                self.settlement.drop(effect, "it is gone")
            elif seen.owner_id == effect.target:
                self.settlement.done(effect, seen.updated_at, "read back")
            elif (seen.owner_id or None) != effect.expected_from:
                self.settlement.overtaken(effect, "a person decided")
            elif isinstance(seen, Task) and seen.is_completed:
                self.settlement.drop(effect, "the task is done")
            else:
                still.append(effect)
        return still

    def _read(self, ids: list[int]) -> dict[int, Linked | Task]:
        if self.plural == "tasks":
            return {task.id: task for task in self.client.tasks_by_ids(ids)}
        return {card.id: card for card in self.client.linked_by_ids(self.plural, ids)}

    def _write(self, effects: Sequence[ClaimedEffect]) -> None:
        """Write in batches that are the smaller, the more often one of them has failed."""
        tries = max((one.attempts for one in effects), default=1)
        size = max(1, LARGEST_BATCH >> (tries - 1))
        for start in range(0, len(effects), size):
            if self.settlement.wait_seconds is not None or not may_send(self.settlement.lease):
                self.settlement.put_back(effects[start:])
                return
            self._patch(effects[start : start + size])

    def _patch(self, effects: Sequence[ClaimedEffect]) -> None:
        changes = [OwnerChange(one.entity_id or 0, one.facts.target) for one in effects]
        try:
            versions = self.client.patch_linked_owners(self.plural, changes)
        except InvalidRequest as error:
            self._refused(effects, error)
            return
        except KommoError as error:
            self._failed(effects, error, may_have_been_sent=error.is_ambiguous)
            return
        for effect in effects:
            if effect.entity_id in versions:
                self.settlement.done(effect, versions[effect.entity_id], "sent")
            else:
                self.settlement.again(effect, True, "the answer left it out")

    def _refused(self, effects: Sequence[ClaimedEffect], error: InvalidRequest) -> None:
        """Kommo refused the body and wrote nothing: find the bad items, send the others again."""
        bad, parts = parted(effects, error)
        if not bad and self.kind == Effect.Kind.CUSTOMER:
            bad, parts = list(effects), []
        for effect in bad:
            self.settlement.drop(effect, str(error))
        for part in parts:
            self._write(part)

    def _failed(
        self, effects: Sequence[ClaimedEffect], error: KommoError, *, may_have_been_sent: bool
    ) -> None:
        """Drop what Kommo will never allow, or what has failed too long; the rest is tried later."""
        is_for_good = isinstance(error, (Forbidden, NotFound, InvalidRequest)) or (
            self.kind == Effect.Kind.CUSTOMER and isinstance(error, PaymentRequired)
        )
        now = self.settlement.lease.clock()
        for effect in effects:
            is_too_long = (
                effect.attempts >= MOST_ATTEMPTS and now - effect.created_at > KEEP_TRYING_FOR
            )
            if is_for_good or is_too_long:
                self.settlement.drop(effect, str(error))
            else:
                self.settlement.again(effect, may_have_been_sent or effect.attempts > 1, str(error))
        if not is_for_good:
            self.settlement.wait_for(error)
