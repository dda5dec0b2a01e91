"""What one turn holds in memory: the rows it looks at, the loads it changes, what it will write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time
from functools import cached_property
from typing import Any

from accounts.models import Account
from distribution.core.decide import Turn
from distribution.core.facts import LEAST_LOADED
from distribution.core.ledger import Entry
from distribution.models import Decision, ManagerLoad
from distribution.operations.deciding.bulk import DecisionRow, EffectRow, TimerRow, TurnRow, Written
from distribution.operations.deciding.ids import IdBlock
from distribution.operations.deciding.notes import NoteNames, note_text
from distribution.operations.deciding.rows import LeadRow
from distribution.operations.lanes import LaneLease
from distribution.queries.config import AccountConfig, TriggerConfig, window_of
from distribution.queries.situation import Changes, Crowd
from peresmenka.lib.zones import known_zone
from shifts.core.windows import DailyWindow, opens_at

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WaitingBot:
    """A Salesbot that waits at our step until it is told to go on."""

    lead_id: int  # 0: it runs on something else
    bot_id: int
    continue_id: int
    trigger_id: int | None  # None: its step names no trigger of ours
    is_again: bool  # it has sent the lead in this stage entry before (R23)
    entry: int  # of the stage in which the lead stood as we knew it


@dataclass(slots=True)
class _Dealing:
    """A trigger's dealing that goes on; no other that shares people or register is open meanwhile."""

    turn: Turn
    trigger: TriggerConfig
    key: str  # under which it is recorded
    users: frozenset[int]


class TurnWork:
    """The state of one turn. Absorbing comes first, then moves, then dealing; see turn.py."""

    def __init__(
        self, *, lease: LaneLease, config: AccountConfig, now: datetime, block: int
    ) -> None:
        self.lease = lease
        self.config = config
        self.now = now
        self.ids = IdBlock(block)
        self.names = NoteNames(config.account_id)
        self.rows: dict[int, LeadRow] = {}
        self.written = Written(now)
        # (Kommo user id, scope of ManagerLoad) -> change
        self.loads: dict[tuple[int, int], int] = defaultdict(int)
        self.to_deal: list[LeadRow] = []
        # Kommo user ids whose leads are to be moved or returned, with what the timer remembers.
        self.leaving: dict[int, Json] = {}
        self.returning: list[int] = []
        # Leads whose target Kommo refused, with all targets that it has refused lately.
        self.refused: dict[int, frozenset[int]] = {}
        # Triggers that have sent leads in this turn, by lead, and from where; None: wherever it is.
        self.asked: dict[int, dict[int, set[tuple[int, int] | None]]] = {}
        self.bots: list[WaitingBot] = []
        # Settings versions that triggers' cards have echoed in this turn (F111).
        self.cards: dict[int, int] = {}
        # Leads that follow another of their customer: met wherever they stand.
        self.linked: set[int] = set()
        # Leads whose acceptance or first touch is due, by kind of timer, with what it remembers.
        self.overdue: dict[tuple[str, int], Json] = {}
        # Who has accepted a lead, and who has let one pass with how many misses in a row pause him.
        self.accepted: set[int] = set()
        self.missed: list[tuple[int, int | None]] = []
        # Triggers whose long queue goes on where an earlier turn has stopped, with what was noted.
        self.going_on: dict[int, Json] = {}
        # Something happened that may let a waiting lead go: B4.
        self.is_released = False
        self._dirty: dict[int, LeadRow] = {}
        self._timers: dict[tuple[str, int], TimerRow] = {}
        # By trigger, and whether they move leads on by load (F104).
        self._dealings: dict[tuple[int, bool], _Dealing] = {}
        self._segments = 0
        self._openings: dict[int, datetime] = {}  # when each trigger is next open
        self._entries: dict[tuple[int, int], Entry] = {}
        self._recent: dict[int, list[datetime]] = defaultdict(list)

    @cached_property
    def account(self) -> Account:
        """Return the account's row, for the shifts of which it asks more than its id."""
        return Account.objects.get(pk=self.config.account_id)

    @cached_property
    def crowd(self) -> Crowd:
        """Return everybody of the account, read once, when everything is absorbed."""
        return Crowd(self.config, self.now)

    # -- rows and loads

    @contextmanager
    def changing(self, row: LeadRow) -> Iterator[None]:
        """Let the block change a row; its owner's loads follow, and the row will be written."""
        self._count(row, -1)
        yield
        self._count(row, 1)
        self._dirty[row.lead_id] = row

    def _count(self, row: LeadRow, by: int) -> None:
        if row.is_counted and row.owner_id is not None:
            for scope in self.config.scopes_of(*row.place):
                self.loads[row.owner_id, scope] += by

    def freed(self) -> set[tuple[int, int]]:
        """Return who has fewer leads or tasks than before the turn: a limit may let one in (B4)."""
        changes = self.loads.items()
        return {key for key, change in changes if change < 0 and key[1] != ManagerLoad.MISSES}

    def known(self, rows: list[LeadRow]) -> list[LeadRow]:
        """Return the turn's own copies of rows that were just read."""
        return [self.rows.setdefault(row.lead_id, row) for row in rows]

    # -- dealing

    def presence(self, user_id: int) -> str | None:
        """Return a user's presence, None of somebody whom the account does not have."""
        return self.crowd.presence(user_id)

    def changes(self) -> Changes:
        """Return what a new dealing must know of this turn's earlier ones."""
        return Changes(self.loads, self._entries, self._recent)

    def turn_of(self, trigger_id: int | None, *, by_load: bool = False) -> Turn | None:
        """Return the trigger's dealing in this turn, begun (again) when first asked for.

        What other dealings have done to the same people or register in between counts: such
        dealings are over when this one begins. With `by_load`: by load whatever the strategy.
        """
        trigger = self.config.trigger(trigger_id)
        if trigger is None:
            return None
        key = self._key(trigger, by_load=by_load)
        if key not in self._dealings:
            self._begin(key, trigger)
        return self._dealings[key].turn

    def _key(self, trigger: TriggerConfig, *, by_load: bool) -> tuple[int, bool]:
        return trigger.trigger_id, by_load and trigger.template.body.strategy != LEAST_LOADED

    def _begin(self, key: tuple[int, bool], trigger: TriggerConfig) -> None:
        users = frozenset(self.crowd.parts_of(trigger))
        register = trigger.register.register_id
        for other, dealing in list(self._dealings.items()):
            is_shared = dealing.trigger.register.register_id == register
            if is_shared or not users.isdisjoint(dealing.users):
                self._close(other)
        situation = self.crowd.situation(trigger, self.changes())
        if key[1]:
            policy = replace(situation.policy, strategy=LEAST_LOADED)
            situation = replace(situation, policy=policy)
        self._segments += 1
        name = f"{self.lease.token}:{trigger.trigger_id}:{self._segments}"
        self._dealings[key] = _Dealing(Turn(situation), trigger, name, users)

    def _close(self, key: tuple[int, bool]) -> None:
        """Take over what a dealing has done to its register, and record it if it decided anything."""
        dealing = self._dealings.pop(key)
        register, template = dealing.trigger.register, dealing.trigger.template
        # What is dealt on paper is nobody else's debt.
        if register.is_own or not template.is_shadow:
            for user_id, entry in dealing.turn.entries().items():
                self._entries[register.register_id, user_id] = entry
        if any(decision.turn_key == dealing.key for decision in self.written.decisions):
            roster = dealing.turn.roster()
            self.written.turns.append(
                TurnRow(
                    dealing.key,
                    dealing.trigger.trigger_id,
                    bytes.fromhex(roster.digest),
                    roster.body,
                    dealing.turn.opening(),
                )
            )

    def _close_others(self, user_id: int, trigger_id: int | None) -> None:
        """End other triggers' dealings that do not know of what somebody has just been given.

        By his customers, as the duty person or by a moved lead he gets what is not his template's.
        """
        for key, dealing in list(self._dealings.items()):
            if key[0] != trigger_id and user_id in dealing.users:
                self._close(key)

    def change_entry(self, register_id: int, user_id: int, entry: Entry) -> None:
        """Change a place in a register by hand: before anything of it is dealt."""
        self._entries[register_id, user_id] = entry

    def note_pace(self, user_id: int) -> None:
        """Count a lead that was dealt, for the paces of dealings to come."""
        self._recent[user_id].append(self.now)

    def anyone_free(self) -> bool:
        """Say whether somebody could take one of the new leads now."""
        ids = dict.fromkeys(row.trigger_id for row in self.to_deal)
        turns = [self.turn_of(trigger_id) for trigger_id in ids]
        return any(turn.anyone_free() for turn in turns if turn)

    def turn_key(self, trigger_id: int | None, *, by_load: bool) -> str:
        """Return the name under which the trigger's present dealing is recorded."""
        trigger = self.config.trigger(trigger_id)
        if trigger is None:
            return ""
        return self._dealings[self._key(trigger, by_load=by_load)].key

    def choose_trigger(self, row: LeadRow) -> TriggerConfig | None:
        """Return which of the triggers that want a lead has it: the first that is open now (R37).

        None is open: the first of all, in which it waits.
        """
        wanted = self._wanting(row)
        return next(filter(self.is_open, wanted), wanted[0] if wanted else None)

    def next_opening(self, row: LeadRow) -> datetime | None:
        """Return when the next of several triggers that want a lead opens, whoever has it now (R37)."""
        wanted = self._wanting(row)
        opens = map(self._opens, wanted) if len(wanted) > 1 else ()
        return min((at for at in opens if at > self.now), default=None)

    def _wanting(self, row: LeadRow) -> list[TriggerConfig]:
        """Return the triggers that have sent a lead, else the watches of its stage, by priority."""
        wanted = [one for one in map(self.config.trigger, row.cycle.asked) if one is not None]
        if not wanted:
            return list(self.config.watches_of(*row.place))
        return sorted(wanted, key=self.config.triggers.index)

    def is_open(self, trigger: TriggerConfig) -> bool:
        """Say whether a trigger's template runs now (F79)."""
        return self._opens(trigger) == self.now

    def _opens(self, trigger: TriggerConfig) -> datetime:
        known = self._openings.get(trigger.trigger_id)
        if known is None:
            window = window_of(trigger.template.body.hours)
            known = opens_at(window, known_zone(self.config.zone), self.now)
            self._openings[trigger.trigger_id] = known
        return known

    def senders(self, lead_id: int, place: tuple[int, int]) -> list[int]:
        """Return the triggers that have sent a lead in this turn from where it stands."""
        sent = self.asked.get(lead_id, {}).items()
        return [one for one, at in sent if at & {None, place} and self.config.trigger(one)]

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
        trigger = self.config.trigger(row.trigger_id)
        if trigger is not None:
            template = trigger.template
            decision.trigger_id = trigger.trigger_id
            decision.template_id, decision.template_version = (
                template.template_id,
                template.version,
            )
        self.written.decisions.append(decision)
        return decision

    def give(self, row: LeadRow, target: int, decision: DecisionRow) -> None:
        """Make `target` the owner in the mirror, and let Kommo know unless it is so already."""
        expected = row.owner_id
        with self.changing(row):
            row.owner_id = target
            row.is_counted = True
        self._close_others(target, row.trigger_id)
        if expected == target:
            return
        note = note_text(self.config, decision, self.names) if self.config.notes_enabled else ""
        self.send(row, decision, expected_from=expected, target=target, note=note)

    def send(
        self,
        row: LeadRow,
        decision: DecisionRow,
        *,
        kind: str = "owner",
        expected_from: int | None = None,
        target: int | None = None,
        note: str = "",
        payload: Json | None = None,
    ) -> None:
        """Have something of a lead written to Kommo."""
        trigger = self.config.trigger(row.trigger_id)
        values = dict(payload or {})
        follows = decision.kind == Decision.Kind.LINKED  # and nobody follows it
        if kind == "owner" and trigger is not None and trigger.template.body.linked and not follows:
            values["links"] = list(trigger.template.body.linked)
        if kind == "owner" and (follows or (trigger is not None and not trigger.is_watch)):
            values["at"] = list(row.place)  # left since: nothing is written any more
        self.written.effects.append(
            EffectRow(
                row.lead_id,
                decision.id,
                expected_from,
                target,
                row.version,
                row.confirmed_at,
                note,
                kind,
                values,
            )
        )

    def finish(self) -> Written:
        """Return everything to be written."""
        written = self.written
        for key in sorted(self._dealings):
            self._close(key)
        written.leads = list(self._dirty.values())
        written.loads = dict(self.loads)
        written.timers = list(self._timers.values())
        written.entries = {
            key: (entry.lag, entry.count, entry.last_lead_at)
            for key, entry in self._entries.items()
            if key[0]
        }
        return written
