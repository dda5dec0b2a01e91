"""Who would get a lead now, and why: a turn's own dealing, of which nothing is written (B16).

The database itself sees to that: the dealing runs in a read-only transaction that is rolled back.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from accounts.models import Lane, Stage
from distribution.core import decide, decisions, records
from distribution.core.facts import CandidateFacts
from distribution.operations.deciding.bulk import DecisionRow, Written
from distribution.operations.deciding.dealing import deal_all, deal_new
from distribution.operations.deciding.ids import IdBlock
from distribution.operations.deciding.rows import LeadRow, rows_by_ids
from distribution.operations.deciding.work_state import TurnWork
from distribution.operations.lanes import LaneLease
from distribution.queries.config import AccountConfig, StageKey, TriggerConfig, config_of

NEW_LEAD = 0
"""Stands for a lead that does not exist yet."""


class NoAnswer(Exception):
    """Nobody can be named for the lead; `code` says why."""

    code = ""


class UnknownLead(NoAnswer):
    """The lead is not in the mirror: no template has ever cared for its stage, or it was deleted."""

    code = "unknown_lead"


class UnknownTrigger(NoAnswer):
    """The account has no such trigger whose template is on."""

    code = "unknown_trigger"


class NothingAsked(NoAnswer):
    """Neither a lead nor a trigger nor a stage was named."""

    code = "nothing_asked"


class NoTrigger(NoAnswer):
    """No template that is on takes leads of the stage by itself."""

    code = "no_trigger"


@dataclass(frozen=True, slots=True)
class Question:
    """Of which lead it is asked; of one that is there, only what it is to be asked otherwise."""

    lead_id: int | None = None  # None: a new lead
    trigger_id: int | None = None  # None: the one that a turn would choose
    stage: StageKey | None = None  # where the new lead arrives; None: where the trigger stands
    skills: tuple[str, ...] | None = None  # None: those that are remembered
    owner_id: int | None = None  # Kommo user id: who has it in Kommo
    customer_of: int | None = None  # Kommo user id: who has the lead's contact


@dataclass(frozen=True, slots=True)
class Chance:
    """A candidate as the lead finds them, and as it would leave them."""

    before: CandidateFacts
    after: CandidateFacts
    verdict: decisions.Verdict
    is_among: bool  # nothing that counts was objected: the strategy chose among these


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a turn at this moment would decide about the lead."""

    now: datetime
    lead_id: int  # NEW_LEAD for a new one
    lead_name: str
    trigger: TriggerConfig
    recorded: DecisionRow  # as it would be stored
    decided: decide.Decision  # as the engine gave it
    chances: tuple[Chance, ...]  # the chosen one first, then those who could, then the others
    outsider: decisions.Verdict | None  # on the customer's owner, who is none of the candidates
    policy: records.Json
    ahead: int  # leads that wait and would be dealt before it, by the same people
    is_enabled: bool  # off: a turn would leave the lead alone until distribution is on


class _Ids(IdBlock):
    """Hands out numbers that nothing is ever stored under."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def take(self) -> int:
        return next(self._numbers)


def would_get(account_id: int, question: Question, now: datetime) -> Rehearsal:
    """Return what a turn would decide at `now`; nothing is written and Kommo is not asked.

    A lead that waits is dealt in its place in the queue; every other one as if it had just come
    into its stage. Raises UnknownLead, UnknownTrigger, NoTrigger, NothingAsked.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL transaction_read_only = on")
        work = _work_of(config_of(account_id), now)
        found = _rehearse(work, question)
        transaction.set_rollback(True)  # also ends the ban on writing
    return found


def _work_of(config: AccountConfig, now: datetime) -> TurnWork:
    lease = LaneLease(0, config.account_id, Lane.Kind.DECIDE, 0, now, False, time.monotonic())
    work = TurnWork(lease=lease, config=config, now=now, block=0)
    work.ids = _Ids()
    return work


def _rehearse(work: TurnWork, question: Question) -> Rehearsal:
    row = _row(work, question)
    name = row.name
    if work.choose_trigger(row) is None:
        raise NoTrigger
    _deal(work, row)
    recorded = next(one for one in work.written.decisions if one.lead_id == row.lead_id)
    trigger = work.config.trigger(recorded.trigger_id)
    if trigger is None:
        raise NoTrigger
    return _answer(work.finish(), recorded, trigger, work, name)


def _row(work: TurnWork, question: Question) -> LeadRow:
    """Return the lead as the turn would meet it."""
    trigger = work.config.trigger(question.trigger_id)
    if question.trigger_id is not None and trigger is None:
        raise UnknownTrigger
    if question.lead_id is not None:
        row = next(iter(rows_by_ids(work.config.account_id, [question.lead_id])), None)
        if row is None or row.is_deleted:
            raise UnknownLead
    else:
        row = _new_row(work, question, trigger)
    if trigger is not None:
        row.cycle.asked = [trigger.trigger_id]
    if question.skills is not None:
        row.cycle.skills = [word.casefold() for word in question.skills]
    if question.customer_of is not None:
        row.cycle.customer = [question.customer_of, "contact", 0]
    if question.lead_id is not None and question.owner_id is not None:
        with work.changing(row):
            row.owner_id = question.owner_id
    work.rows[row.lead_id] = row
    return row


def _new_row(work: TurnWork, question: Question, trigger: TriggerConfig | None) -> LeadRow:
    stage = question.stage
    if stage is None and trigger is not None:
        stage = _stage_of(work.config.account_id, trigger)
    if stage is None:
        raise NothingAsked
    row = LeadRow(NEW_LEAD, "", *stage, question.owner_id, question.owner_id, 0, work.now)
    row.created_in_kommo_at = int(work.now.timestamp())
    return row


def _stage_of(account_id: int, trigger: TriggerConfig) -> StageKey:
    """Return a stage in which the trigger takes leads; (0, 0) where it takes them anywhere."""
    if trigger.stages:
        return min(trigger.stages)
    pipeline = min(trigger.whole_pipelines, default=0)
    stages = Stage.objects.for_account(account_id).filter(pipeline__kommo_id=pipeline, type=0)
    return pipeline, stages.order_by("sort").values_list("kommo_id", flat=True).first() or 0


def _deal(work: TurnWork, row: LeadRow) -> None:
    """Let the turn deal the lead in its place, and see to it that it says what comes of it."""
    row.waiting_reason = ""  # else the same reason as before is not told again
    if row.in_queue:
        work.is_released = True
    else:
        with work.changing(row):
            row.stage_entry += 1
            row.is_counted = False
        work.to_deal.append(row)
    if work.config.is_enabled or not row.in_queue:
        deal_all(work)
    if not any(one.lead_id == row.lead_id for one in work.written.decisions):
        deal_new(work, row)  # others wait before it for what it waits for


def _answer(
    written: Written, recorded: DecisionRow, trigger: TriggerConfig, work: TurnWork, name: str
) -> Rehearsal:
    """Decide the lead's dealing again from its record, for all that the record leaves out."""
    record = next(one for one in written.turns if one.key == recorded.turn_key)
    turn = decide.rebuild(record.roster, record.opening)
    leads = [
        records.lead_from_json(one.lead_facts)
        for one in written.decisions
        if one.turn_key == recorded.turn_key and one.seq <= recorded.seq
    ]
    for lead in leads[:-1]:
        turn.deal(lead, work.now)
    before = {facts.manager_id: facts for facts in turn.candidates()}
    decided = turn.deal(leads[-1], work.now)
    after = {facts.manager_id: facts for facts in turn.candidates()}
    stored = decided.as_json()
    among = set(decisions.eligible_of(record.roster, stored))
    chances = [
        Chance(before[one.manager_id], after[one.manager_id], one, one.manager_id in among)
        for one in decisions.all_verdicts(record.roster, stored)
    ]
    chances.sort(key=lambda one: _rank(one, decided.chosen))
    return Rehearsal(
        work.now,
        recorded.lead_id,
        name,
        trigger,
        recorded,
        decided,
        tuple(chances),
        decisions.outside_verdict(record.roster, stored),
        record.roster["policy"],
        len(leads) - 1,
        work.config.is_enabled,
    )


def _rank(chance: Chance, chosen: int | None) -> tuple[bool, bool, int, int, int]:
    facts = chance.before
    is_chosen = facts.manager_id == chosen
    return not is_chosen, not chance.is_among, facts.load, -facts.lag, facts.manager_id
