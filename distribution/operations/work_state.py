"""What one turn holds in memory: the rows it looks at, the loads it changes, what it will write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, time
from functools import cached_property
from operator import itemgetter
from typing import Any

from accounts.models import Account
from distribution.core.decide import Turn
from distribution.core.facts import Situation
from distribution.operations.bulk import DecisionRow, EffectRow, TimerRow, TurnRow, Written
from distribution.operations.ids import IdBlock
from distribution.operations.lanes import LaneLease
from distribution.operations.notes import NoteNames, note_text
from distribution.operations.rows import LeadRow
from distribution.queries.config import AccountConfig
from distribution.queries.situation import situations_of
from peresmenka.lib.zones import known_zone
from shifts.core.windows import DailyWindow, opens_at

Json = dict[str, Any]
BY_LOAD = "least_loaded"


class TurnWork:
    """The state of one turn. Absorbing comes first, then moves, then dealing; see turn.py."""

    def __init__(
        self, *, lease: LaneLease, config: AccountConfig, now: datetime, block: int
    ) -> None:
        self.lease = lease
        self.config = config
        self.now = now
        self.ids = IdBlock(block)
        self._names = NoteNames(config.account_id)
        self.rows: dict[int, LeadRow] = {}
        self.written = Written(now)
        self.loads: dict[int, int] = defaultdict(int)
        self.to_deal: list[LeadRow] = []
        # Kommo user ids whose leads are to be moved or returned, with what the timer remembers.
        self.leaving: dict[int, Json] = {}
        self.returning: list[int] = []
        # Leads whose target Kommo refused, with all targets that it has refused lately.
        self.refused: dict[int, frozenset[int]] = {}
        # Something happened that may let a waiting lead go: B4.
        self.is_released = False
        self._dirty: dict[int, LeadRow] = {}
        self._timers: dict[tuple[str, int], TimerRow] = {}
        # By rule, and whether they move leads on: new leads are dealt before any is moved.
        self._turns: dict[tuple[int, bool], Turn] = {}
        self._situations: dict[int, Situation] | None = None

    @cached_property
    def account(self) -> Account:
        """Return the account's row, for the shifts of which it asks more than its id."""
        return Account.objects.get(pk=self.config.account_id)

    # -- rows and loads

    @contextmanager
    def changing(self, row: LeadRow) -> Iterator[None]:
        """Let the block change a row; its owner's load follows, and the row will be written."""
        if row.is_counted and row.owner_id is not None:
            self.loads[row.owner_id] -= 1
        yield
        if row.is_counted and row.owner_id is not None:
            self.loads[row.owner_id] += 1
        self._dirty[row.lead_id] = row

    @property
    def has_freed_capacity(self) -> bool:
        """Say whether somebody has fewer leads than before the turn: a limit may let one in (B4)."""
        return any(change < 0 for change in self.loads.values())

    def known(self, rows: list[LeadRow]) -> list[LeadRow]:
        """Return the turn's own copies of rows that were just read."""
        return [self.rows.setdefault(row.lead_id, row) for row in rows]

    # -- dealing

    def situations(self) -> dict[int, Situation]:
        """Return each rule's situation, read once, when everything is absorbed."""
        if self._situations is None:
            self._situations = situations_of(self.config, self.now, self.loads)
        return self._situations

    def presence(self, user_id: int) -> str | None:
        """Return a user's presence, None if they take part in no rule."""
        for situation in self.situations().values():
            for person in situation.candidates:
                if person.manager_id == user_id:
                    return person.presence
        return None

    def turn_of(self, rule_id: int) -> Turn | None:
        """Return the rule's dealing of new leads in this turn, begun when first asked for."""
        key = (rule_id, False)
        if key not in self._turns:
            situation = self.situations().get(rule_id)
            if situation is None:
                return None
            self._turns[key] = Turn(situation)
        return self._turns[key]

    def moving_turn_of(self, rule_id: int) -> Turn | None:
        """Return what moves leads on: by load whatever the strategy (F104), from where dealing ended."""
        dealing = self.turn_of(rule_id)
        if dealing is None or not self._moves_apart:
            return dealing
        key = (rule_id, True)
        if key not in self._turns:
            policy = replace(dealing.situation.policy, strategy=BY_LOAD)
            situation = replace(dealing.situation, policy=policy, candidates=dealing.candidates())
            self._turns[key] = Turn(situation)
        return self._turns[key]

    @property
    def _moves_apart(self) -> bool:
        return self.config.strategy != BY_LOAD

    def anyone_free(self) -> bool:
        """Say whether some rule has somebody who can take a lead now."""
        turns = [self.turn_of(rule.rule_id) for rule in self.config.rules]
        return any(verdict.eligible for turn in turns if turn for verdict in turn.verdicts())

    def turn_key(self, rule_id: int, *, moves: bool) -> str:
        """Return the name under which the rule's dealing of this turn is recorded."""
        apart = ":moves" if moves and self._moves_apart else ""
        return f"{self.lease.token}:{rule_id}{apart}"

    # -- time

    def opens(self, hours: tuple[time, time], at: datetime) -> datetime:
        """Return when a window of the account is next open: `at` itself if it is open then."""
        return opens_at(DailyWindow(*hours), known_zone(self.config.zone), at)

    def set_timer(self, timer: TimerRow) -> None:
        """Set a timer; of two drains the earlier one stands."""
        key = (timer.kind, timer.subject)
        pending = self._timers.get(key)
        if timer.earliest and pending is not None and pending.due_at <= timer.due_at:
            return
        self._timers[key] = timer

    def is_set_anew(self, kind: str, subject: int) -> bool:
        """Say whether this turn has set the timer."""
        return (kind, subject) in self._timers

    def clear_timer(self, kind: str, subject: int) -> None:
        """Take a timer that fires away, unless this turn sets it anew."""
        self.written.cleared_timers.append((kind, subject))

    def cancel_timer(self, kind: str, subject: int) -> None:
        """Call a timer off, also one that this turn has set."""
        self._timers.pop((kind, subject), None)
        self.clear_timer(kind, subject)

    # -- records

    def record(self, row: LeadRow, kind: str, **values: Any) -> DecisionRow:
        """Note what was decided about a lead."""
        decision = DecisionRow(self.ids.take(), row.lead_id, kind, row.stage_entry, **values)
        self.written.decisions.append(decision)
        return decision

    def give(self, row: LeadRow, target: int, decision: DecisionRow) -> None:
        """Make `target` the owner in the mirror, and let Kommo know unless it is so already."""
        expected = row.owner_id
        with self.changing(row):
            row.owner_id = target
            row.is_counted = True
        if expected == target:
            return
        note = note_text(self.config, decision, self._names) if self.config.notes_enabled else ""
        self.written.effects.append(
            EffectRow(
                row.lead_id, decision.id, expected, target, row.version, row.confirmed_at, note
            )
        )

    def finish(self) -> Written:
        """Return everything to be written."""
        written = self.written
        written.leads = list(self._dirty.values())
        written.loads = dict(self.loads)
        written.timers = list(self._timers.values())
        used = {decision.turn_key for decision in written.decisions}
        for (rule_id, moves), turn in sorted(self._turns.items(), key=itemgetter(0)):
            self._finish_turn(rule_id, self.turn_key(rule_id, moves=moves), turn, used)
        return written

    def _finish_turn(self, rule_id: int, key: str, turn: Turn, used: set[str]) -> None:
        if key not in used:
            return
        roster = turn.roster()
        digest = bytes.fromhex(roster.digest)
        self.written.turns.append(TurnRow(key, rule_id, digest, roster.body, turn.opening()))
        register = turn.situation.register_id
        if register:
            for user_id, entry in turn.entries().items():
                values = (entry.lag, entry.count, entry.last_lead_at)
                self.written.entries[register, user_id] = values
