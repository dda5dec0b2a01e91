"""Mutants: the service with one of its safeguards taken out. The simulation must catch each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from unittest.mock import patch

from django.db import connection

from accounts.models import InboxEvent, Lane
from distribution.core.delivery import Outcome
from distribution.core.team import Team
from distribution.operations import lanes
from distribution.operations.deciding import (
    absorb,
    acceptance,
    agenda,
    asking,
    bulk,
    dealing,
    happenings,
    moves,
    turn,
)
from distribution.operations.deciding.work_state import TurnWork
from distribution.operations.delivering import deliver, effects, send_notes, send_stages
from distribution.queries import config, situation
from shifts.core import participation

Mutant = Callable[[ExitStack], None]


def _no_lock(stack: ExitStack) -> None:
    """The lane is not exclusive: whoever comes may work on the account, and nothing tells them apart."""
    for kind in Lane.Kind:
        sql = lanes._CLAIM_SQL[kind]
        open_to_all = sql.replace(
            "(l.lease_until IS NULL OR l.lease_until < clock_timestamp())", "true"
        ).replace("token = token + 1", "token = token")
        assert open_to_all != sql
        stack.enter_context(patch.dict(lanes._CLAIM_SQL, {kind: open_to_all}))


def _no_fencing(stack: ExitStack) -> None:
    """A lease that ran out still counts: in the turn, in the settlement and before a send."""

    def hold(lease: lanes.LaneLease) -> tuple[datetime, int]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT business_now(), nextval('distribution_block')"
                " FROM accounts_lane WHERE id = %s FOR UPDATE",
                [lease.lane_id],
            )
            now, block = cursor.fetchone()
        return now, block

    stack.enter_context(patch.object(lanes, "hold_lane", hold))
    for module in (deliver, send_notes):
        stack.enter_context(patch.object(module, "may_send", lambda lease: True))
    for name in ("_DONE", "_ENDED", "_AGAIN"):
        sql = getattr(effects, name)
        unfenced = sql.replace("e.token = %s AND e.state = 'sending'", "%s IS NOT NULL")
        unfenced = unfenced.replace("AND %s IS NOT NULL", "AND %s::bigint IS NOT NULL")
        assert unfenced != sql
        stack.enter_context(patch.object(effects, name, unfenced))


def _no_read_back(stack: ExitStack) -> None:
    """A change is sent, again and again, without looking at the lead."""
    stack.enter_context(patch.object(deliver, "needs_read_back", lambda effect, now: False))


def _no_note_read_back(stack: ExitStack) -> None:
    """A note whose answer was lost is written again unseen."""
    stack.enter_context(patch.object(send_notes, "_already_written", lambda client, notes: set()))


def _no_retry(stack: ExitStack) -> None:
    """What was sent once is believed to have arrived."""

    def again(self: Any, effect: Any, may_have_been_sent: bool, why: str = "") -> None:
        self.done(effect, 0, "believed")

    stack.enter_context(patch.object(effects.Settlement, "again", again))


def _ack_before_commit(stack: ExitStack) -> None:
    """Events are done as soon as they are claimed."""
    claim = agenda.claim_events

    def claim_and_settle(lease: lanes.LaneLease) -> Sequence[Any]:
        events = claim(lease)
        InboxEvent.objects.filter(pk__in=[event.id for event in events]).update(
            done_at=lease.business_now
        )
        return events

    stack.enter_context(patch.object(turn, "claim_events", claim_and_settle))


def _human_overruled(stack: ExitStack) -> None:
    """Whoever has the lead by now, our decision is sent."""
    judge = deliver.judge

    def stubborn(effect: Any, seen: Any) -> Outcome:
        outcome = judge(effect, seen)
        return Outcome.SEND if outcome in (Outcome.SUPERSEDED, Outcome.ASK_EVENTS) else outcome

    stack.enter_context(patch.object(deliver, "judge", stubborn))


def _echo_taken_for_human(stack: ExitStack) -> None:
    """Every owner that is not the last one that was seen was chosen by a person."""

    def absorb_owner(work: Any, row: Any, seen: int | None, observed_at: datetime) -> None:
        if seen != row.confirmed_owner_id:
            absorb.overrule(work, row, seen)

    stack.enter_context(patch.object(absorb, "_absorb_owner", absorb_owner))


def _dealt_at_every_look(stack: ExitStack) -> None:
    """A lead in a tracked stage is new whenever it has changed."""
    update = absorb._update

    def update_and_deal(work: Any, row: Any, *args: Any) -> None:
        update(work, row, *args)
        if row.trigger_id is not None and row not in work.to_deal and row.state == "dealt":
            row.stage_entry += 1
            work.to_deal.append(row)

    stack.enter_context(patch.object(absorb, "_update", update_and_deal))


def _loads_forgotten(stack: ExitStack) -> None:
    """What a turn changes in the loads is not written."""
    add = bulk._add_counters

    def without_loads(statement: Any, account_id: int, written: Any) -> None:
        written.loads = {}
        add(statement, account_id, written)

    stack.enter_context(patch.object(bulk, "_add_counters", without_loads))


def _schedule_ignored(stack: ExitStack) -> None:
    """Schedules count, but nobody looks at them."""
    ask = situation.availability_of

    def without_schedule(*args: Any, **kwargs: Any) -> Any:
        return ask(*args, **{**kwargs, "with_schedule": False})

    stack.enter_context(patch.object(situation, "availability_of", without_schedule))


def _availability_forgotten(stack: ExitStack) -> None:
    """A change of who can take leads lets nobody look at those that wait."""
    kind = InboxEvent.Kind.AVAILABILITY
    stack.enter_context(patch.dict(happenings._ABSORB, {kind: lambda work, payload: None}))


def _openings_forgotten(stack: ExitStack) -> None:
    """Nobody looks again when hours begin or an absence is over."""
    for module in (dealing, moves):
        stack.enter_context(patch.object(module, "set_drain", lambda work, due_at: None))


def _status_without_end(stack: ExitStack) -> None:
    """A status counts on although its end has passed."""

    def standing_at(now: datetime, status: Any, until: Any, after: Any, note: str = "") -> Any:
        return participation.Standing(status, until, note)

    stack.enter_context(patch.object(participation, "standing_at", standing_at))


def _limit_forgotten_in_a_burst(stack: ExitStack) -> None:
    """Within a turn nobody's limit is looked at again."""
    stack.enter_context(patch.object(Team, "_with_dealt", lambda self, facts, **changed: facts))


def _segments_alone(stack: ExitStack) -> None:
    """A dealing knows nothing of what others have dealt to the same people in the turn."""

    def changes(self: TurnWork) -> situation.Changes:
        return situation.Changes({}, self._entries, {})

    stack.enter_context(patch.object(TurnWork, "changes", changes))


def _registers_alone(stack: ExitStack) -> None:
    """A dealing begins from the register as it is stored, whatever others have done to it."""

    def changes(self: TurnWork) -> situation.Changes:
        return situation.Changes(self.loads, {}, self._recent)

    stack.enter_context(patch.object(TurnWork, "changes", changes))


def _stages_unseen(stack: ExitStack) -> None:
    """A lead is moved without looking where it stands."""
    stack.enter_context(
        patch.object(send_stages, "_read_back", lambda client, effects, settlement: list(effects))
    )


def _waiting_bots_forgotten(stack: ExitStack) -> None:
    """A bot whose lead waits is told to go on when somebody has it: never, by us."""
    answer = asking.answer_bots

    def answer_dealt(work: Any) -> None:
        rows = work.rows
        work.bots = [
            bot for bot in work.bots if bot.lead_id in rows and not rows[bot.lead_id].in_queue
        ]
        answer(work)

    stack.enter_context(patch.object(asking, "answer_bots", answer_dealt))


def _cap_ignored(stack: ExitStack) -> None:
    """Leads that nobody accepts go round for ever."""
    judge = acceptance.next_step

    def endless(policy: Any, *args: Any) -> Any:
        return judge(replace(policy, cap=100), *args)

    stack.enter_context(patch.object(acceptance, "next_step", endless))


def _tried_forgotten(stack: ExitStack) -> None:
    """Only whoever has let a lead pass last does not get it again."""
    judge = acceptance.next_step

    def forgetful(policy: Any, held: Any, *args: Any) -> Any:
        return replace(judge(policy, held, *args), tried=frozenset({held.owner}))

    stack.enter_context(patch.object(acceptance, "next_step", forgetful))


def _shadow_writes(stack: ExitStack) -> None:
    """A template in shadow deals like any other."""
    read = config._trigger

    def lit(row: Any) -> Any:
        found = read(row)
        return replace(found, template=replace(found.template, is_shadow=False))

    stack.enter_context(patch.object(config, "_trigger", lit))


def _nobody_for_ever(stack: ExitStack) -> None:
    """What is to happen after so long a wait is not looked at when the time has come."""
    stack.enter_context(patch.object(dealing, "set_drain", lambda work, due_at: None))


OF_TEMPLATES: dict[str, tuple[Mutant, dict[str, Any]]] = {
    "dealings do not know of each other": (
        _segments_alone,
        {"body": {"limits": {"leads": 2, "counts": "tracked"}, "sticky": {"by": "off"}}},
    ),
    "registers are not carried on": (
        _registers_alone,
        {"body": {"strategy": "even", "sticky": {"by": "off"}, "keep_owner": False}},
    ),
    "stages are written unseen": (
        _stages_unseen,
        {
            "body": {
                "nobody": {"then": "move_stage", "after_minutes": 0},
                "gates": {"shift": "require", "presence": "require"},
            },
            "senders": ("watch",),
            "eager": ("stage",),
        },
    ),
    "bots of waiting leads are forgotten": (
        _waiting_bots_forgotten,
        {"body": {"limits": {"leads": 1, "counts": "all"}}, "senders": ("salesbot",)},
    ),
    "the cap is ignored": (_cap_ignored, {"body": {"acceptance": {"minutes": 3, "cap": 1}}}),
    "who was tried is forgotten": (
        _tried_forgotten,
        {"body": {"acceptance": {"minutes": 3, "cap": 5}}},
    ),
    "shadow writes": (_shadow_writes, {"eager": ("shadow",)}),
    "the last resort is forgotten": (
        _nobody_for_ever,
        {
            "body": {
                "nobody": {"then": "duty", "after_minutes": 3},
                "gates": {"shift": "require"},
            }
        },
    ),
}
"""With the plan of the histories that are to notice."""

OF_AVAILABILITY: dict[str, Mutant] = {
    "the schedule is ignored": _schedule_ignored,
    "no release on a change of availability": _availability_forgotten,
    "no release when hours begin": _openings_forgotten,
    "a status does not end": _status_without_end,
    "a burst forgets the limit": _limit_forgotten_in_a_burst,
}
MUTANTS: dict[str, Mutant] = {
    "no lock": _no_lock,
    "no fencing": _no_fencing,
    "no read-back": _no_read_back,
    "no read-back of notes": _no_note_read_back,
    "no retry": _no_retry,
    "ack before commit": _ack_before_commit,
    "a human is overruled": _human_overruled,
    "an echo is taken for a human": _echo_taken_for_human,
    "dealt at every look": _dealt_at_every_look,
    "loads are forgotten": _loads_forgotten,
    **OF_AVAILABILITY,
    **{name: break_it for name, (break_it, _) in OF_TEMPLATES.items()},
}


@contextmanager
def mutant(name: str) -> Iterator[None]:
    """Let the block run with one safeguard less."""
    with ExitStack() as stack:
        MUTANTS[name](stack)
        yield
