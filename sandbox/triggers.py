"""The digital pipeline: which trigger fires for a lead that enters or leaves a stage, when, and how it travels."""

import json
from functools import partial

from sandbox import bots
from sandbox.account import Account
from sandbox.crm import Crm
from sandbox.hook_items import form_pairs, trigger_value
from sandbox.hooks import is_delivered
from sandbox.model import Conditions, Fired, Lead, Move, Trigger

# Up to four repetitions within an hour (KOMMO.md §5.2); the waits themselves are our guess.
RETRY_SECONDS = {1: 60.0, 2: 300.0, 3: 900.0, 4: 1_800.0}
EVENT_TYPES = {"created": 1, "moved": 14, "both": 15}
TYPE_CODES = {1: "lead_added", 14: "lead_status_changed", 15: "lead_appeared_in_status"}
ENTERING, LEAVING = ("went_to_trigger", "went_in_trigger"), "went_from_trigger"


def react(crm: Crm, account: Account, move: Move) -> None:
    """Fire what a lead's move fires: triggers of the stage left, then of the stage entered."""
    here = (move.lead.pipeline_id, move.lead.status_id)
    for trigger in list(account.triggers.values()):
        place = (trigger.pipeline_id, trigger.status_id)
        if trigger.is_on and trigger.tells_leaving and place == move.before:
            _send(crm, account, trigger, _fired(trigger, move.lead, move.at, LEAVING))
    for trigger in list(account.triggers.values()):
        is_new = move.before is None
        is_meant = trigger.execution in ("both", "created" if is_new else "moved")
        if trigger.is_on and is_meant and (trigger.pipeline_id, trigger.status_id) == here:
            plan(crm, account, trigger, move.lead, move.at)


def plan(crm: Crm, account: Account, trigger: Trigger, lead: Lead, at: float) -> None:
    """Fire a trigger for a lead, after its delay; conditions are looked at when it fires."""
    fired = _fired(trigger, lead, at, trigger.direction)
    if trigger.delay_seconds > 0:
        fired.due_at = at + trigger.delay_seconds
        entry = lead.entries
        crm.agenda.put(fired.due_at, lambda _: _fire(crm, account, trigger, lead, fired, entry))
    else:
        _fire(crm, account, trigger, lead, fired, lead.entries)


def apply_now(crm: Crm, account: Account, trigger: Trigger) -> list[int]:
    """Fire a trigger for the leads already in its stage; return their ids."""
    ids = list(account.by_stage.get((trigger.pipeline_id, trigger.status_id), ()))
    for number in ids:
        plan(crm, account, trigger, account.leads[number], crm.now())
    return ids


def _fired(trigger: Trigger, lead: Lead, at: float, direction: str) -> Fired:
    found = Fired(lead.id, at, at, EVENT_TYPES[trigger.execution], direction)
    trigger.fired.append(found)
    return found


def _fire(
    crm: Crm, account: Account, trigger: Trigger, lead: Lead, fired: Fired, entry: int
) -> None:
    is_here = lead.entries == entry or trigger.fires_after_leaving
    fired.skipped = (
        "deleted" if lead.is_deleted
        else "off" if not trigger.is_on or trigger.id not in account.triggers
        else "left" if not is_here
        else "" if meets(trigger.conditions, lead)
        else "condition"
    )  # fmt: skip
    if fired.skipped:
        return
    program = account.programs.get(trigger.bot_id)
    if program is not None:
        bots.start(crm, account, program, lead)
    else:
        _send(crm, account, trigger, fired)


def meets(asked: Conditions, lead: Lead) -> bool:
    """Say whether a lead meets a trigger's conditions."""
    low, high = asked.price_from, asked.price_to
    return (
        (not asked.responsible_user_ids or lead.responsible_user_id in asked.responsible_user_ids)
        and (low is None or lead.price >= low)
        and (high is None or lead.price <= high)
        and (not asked.tag or any(tag["name"] == asked.tag for tag in lead.tags))
        and (not asked.source_ids or lead.source_id in asked.source_ids)
        and all(_is_filled(lead, number, value) for number, value in asked.fields.items())
    )


def _is_filled(lead: Lead, field_id: int, wanted: object) -> bool:
    values = [value.get("value") for value in lead.fields.get(field_id, ())]
    return bool(values) if wanted is None else wanted in values


def _send(crm: Crm, account: Account, trigger: Trigger, fired: Fired) -> None:
    value = trigger_value(account, trigger, fired, TYPE_CODES[fired.type])
    raw = json.dumps(value, ensure_ascii=False).encode() if trigger.encoding == "json" else None
    heard = partial(_settled, account, trigger, fired)
    pairs = form_pairs(value)
    crm.post.put(account, 0, trigger.url, pairs, crm.now(), json_body=raw, settled=heard)


def _settled(
    account: Account, trigger: Trigger, fired: Fired, attempt: int, status: int | None
) -> float | None:
    """Note an answer; return the wait before the next attempt, None when there is none."""
    fired.statuses.append(status)
    if is_delivered(status) or attempt > trigger.retries or attempt not in RETRY_SECONDS:
        return None
    return RETRY_SECONDS[attempt]
