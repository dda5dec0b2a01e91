"""A believable account, written row by row: for the tests of the console and for its pictures."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from django.utils import timezone

from accounts.models import Account, Group, LeadField, Manager, Pipeline, Stage
from distribution.core.decide import Turn
from distribution.core.facts import LeadFacts
from distribution.core.records import lead_to_json
from distribution.models import (
    Decision,
    DistributionSettings,
    Effect,
    LeadMirror,
    ManagerLoad,
    Register,
    RegisterEntry,
    Roster,
    TurnRecord,
)
from distribution.queries.situation import situations_for
from shifts.models import Shift, ShiftPause, ShiftSettings
from tests import policies

VERA, SONIA, OLEG, ANA, LUCAS, MALLORY = 11, 12, 13, 14, 15, 66
SALES, SUPPORT = 100, 200
NEW, TALKS, OFFER = 1001, 1002, 1003
REQUEST, WORK = 2001, 2002
VIP_FIELD = 501
MINUTE = timedelta(minutes=1)
_PEOPLE = [
    (VERA, "Vera Lindqvist", None, {"is_admin": True}),
    (SONIA, "Sonia Marques", None, {"is_supervisor": True}),
    (OLEG, "Oleg Petrov", 0, {}),
    (ANA, "Ana Souza", 0, {}),
    (LUCAS, "Lucas Yılmaz", 0, {}),
    (16, "Dewi Kartika", 0, {}),
    (17, "Mehmet Kaya", 5, {}),
    (18, "Irina Belova", 5, {}),
]
_LEADS = (
    "Kitchen on Elm Street",
    "Northwind Traders",
    "Request from the site",
    "Café Aurora",
    "Second floor, 12 windows",
    "Call from Maria",
    "Riverside Clinic",
    "Wardrobe, oak",
    "Hotel Bellevue",
    "Order of 40 chairs",
)


@dataclass
class World:
    """An account and its people, by Kommo user id."""

    account: Account
    managers: dict[int, Manager] = field(default_factory=dict)

    def __getitem__(self, user_id: int) -> Manager:
        return self.managers[user_id]


def build_rival(now: datetime) -> World:
    """Write the account of Mallory, who must see nothing of acme's."""
    account = _account(2002, "rival", "Rival Ltd", now)
    mallory = Manager.objects.create(
        account=account, kommo_id=MALLORY, name="Mallory", is_admin=True
    )
    return World(account, {MALLORY: mallory})


def build_acme(now: datetime, *, name: str = "Acme Interiors") -> World:
    """Write acme: two groups, two pipelines, people in all three states; nothing dealt yet."""
    account = _account(1001, "acme", name, now)
    groups = {
        kommo_id: Group.objects.create(account=account, kommo_id=kommo_id, name=label)
        for kommo_id, label in ((0, "Sales department"), (5, "Service"))
    }
    world = World(account)
    for user_id, label, group, roles in _PEOPLE:
        world.managers[user_id] = Manager.objects.create(
            account=account,
            kommo_id=user_id,
            name=label,
            group=None if group is None else groups[group],
            **roles,
        )
    _pipeline(account, SALES, "Sales", {NEW: "New request", TALKS: "Talks", OFFER: "Offer sent"})
    _pipeline(account, SUPPORT, "Support", {REQUEST: "New request", WORK: "In work"})
    LeadField.objects.create(account=account, kommo_id=VIP_FIELD, name="VIP", type="checkbox")
    LeadField.objects.create(account=account, kommo_id=502, name="Budget owner", type="text")
    return world


def switch_on(world: World, now: datetime) -> None:
    """Let both groups take part, with hours that never close."""
    account = world.account
    DistributionSettings.objects.create(
        account=account,
        is_enabled=True,
        enabled_at=now - timedelta(days=3),
        redistribution_from=time(0),
        redistribution_to=time(0),
        redistribution_delay_minutes=10,
        notes_enabled=True,
        exclusion_field_id=VIP_FIELD,
    )
    ShiftSettings.objects.create(account=account, mode="hybrid")
    policies.simple(account, {0: [(SALES, NEW), (SALES, TALKS)], 5: [(SUPPORT, None)]})


def fill(world: World, now: datetime) -> None:
    """Write a day's work: shifts, loads, dealt and waiting leads, effects."""
    _shifts(world, now)
    _loads(world, now)
    for number, name in enumerate(_LEADS):
        deal(world, 34_500_100 + number, name, now - timedelta(minutes=4 * (len(_LEADS) - number)))
    for number, (name, reason) in enumerate(
        (("Villa Rosa, terrace", "nobody_on_shift"), ("Warranty, order 8841", "nobody_on_shift"))
    ):
        LeadMirror.objects.create(
            account=world.account,
            lead_id=34_500_900 + number,
            name=name,
            pipeline_id=SUPPORT,
            status_id=REQUEST,
            confirmed_at=now,
            state="waiting",
            waiting_since=now - timedelta(minutes=47 - 30 * number),
            waiting_reason=reason,
        )


def _account(kommo_id: int, host: str, name: str, now: datetime) -> Account:
    return Account.objects.create(
        kommo_id=kommo_id,
        host=f"{host}.kommo.com",
        name=name,
        zone="Europe/Madrid",
        hook_digest=hashlib.sha256(host.encode()).digest(),
        hook_checked_at=timezone.now(),
        sync_state="done",
        synced_at=now,
        installed_at=now - timedelta(days=30),
    )


def _pipeline(account: Account, kommo_id: int, name: str, stages: dict[int, str]) -> None:
    pipeline = Pipeline.objects.create(account=account, kommo_id=kommo_id, name=name, sort=kommo_id)
    every = {kommo_id * 10: "Incoming leads", **stages, 142: "Won", 143: "Lost"}
    for place, (status, label) in enumerate(every.items()):
        Stage.objects.create(
            account=account,
            pipeline=pipeline,
            kommo_id=status,
            name=label,
            sort=place,
            type=Stage.UNSORTED_TYPE if place == 0 else 0,
        )


def start(world: World, user_id: int, at: datetime, cause: str = "button") -> Shift:
    """Write a running shift."""
    return Shift.objects.create(
        account=world.account, manager=world[user_id], started_at=at, start_cause=cause
    )


def _shifts(world: World, now: datetime) -> None:
    start(world, OLEG, now - 190 * MINUTE, "activity")
    start(world, ANA, now - 175 * MINUTE, "activity")
    start(world, 16, now - 62 * MINUTE)
    paused = start(world, LUCAS, now - 150 * MINUTE, "activity")
    ShiftPause.objects.create(
        account=world.account, shift=paused, started_at=now - 21 * MINUTE, cause="inactivity"
    )
    gone = start(world, 17, now - 300 * MINUTE)
    Shift.objects.filter(pk=gone.pk).update(ended_at=now - 4 * MINUTE, end_cause="button")


def _loads(world: World, now: datetime) -> None:
    account = world.account
    sales = Register.objects.for_account(account).order_by("pk").first()
    for user_id, load, lag in (
        (OLEG, 5, 300_000),
        (ANA, 3, -100_000),
        (16, 4, 50_000),
        (LUCAS, 7, 0),
    ):
        ManagerLoad.objects.create(account=account, user_id=user_id, number=load)
        RegisterEntry.objects.create(
            account=account,
            register=sales,
            user_id=user_id,
            lag=lag,
            count=load,
            last_lead_at=now - 90 * MINUTE,
        )
    ManagerLoad.objects.create(account=account, user_id=17, number=6)


def deal(world: World, lead_id: int, name: str, at: datetime) -> Decision:
    """Deal a lead of the sales pipeline by the engine and write what a turn would write."""
    account = world.account
    trigger_id, situation = next(iter(situations_for(account.pk, at).items()))
    turn = Turn(situation)
    roster, opening = turn.roster(), turn.opening()
    facts = LeadFacts(lead_id, SALES, NEW, VERA)
    decided = turn.deal(facts, at)
    digest = bytes.fromhex(roster.digest)
    Roster.objects.get_or_create(account=account, digest=digest, defaults={"body": roster.body})
    TurnRecord.objects.create(
        account=account,
        key=f"{lead_id}:{trigger_id}",
        trigger_id=trigger_id,
        decided_at=at,
        roster_digest=digest,
        opening=opening,
    )
    decision = Decision.objects.create(
        account=account,
        lead_id=lead_id,
        kind="distribution",
        decided_at=at,
        chosen_id=decided.chosen,
        previous_owner_id=VERA,
        reason=decided.waiting.code.value if decided.waiting else "",
        turn_key=f"{lead_id}:{trigger_id}",
        seq=decided.seq,
        lead_facts=lead_to_json(facts),
        verdicts=decided.as_json().get("verdicts", []),
        load_before=decided.load_before,
        lag_before=decided.lag_before,
        eligible=decided.eligible_count,
    )
    LeadMirror.objects.create(
        account=account,
        lead_id=lead_id,
        name=name,
        pipeline_id=SALES,
        status_id=NEW,
        owner_id=decided.chosen or VERA,
        confirmed_owner_id=decided.chosen,
        confirmed_at=at,
        trigger_id=trigger_id,
        is_counted=decided.chosen is not None,
        state="dealt" if decided.chosen else "waiting",
    )
    if decided.chosen:
        _settle(account, decision, situation.register_id, turn, at)
    return decision


def _settle(
    account: Account, decision: Decision, register_id: int, turn: Turn, at: datetime
) -> None:
    for user_id, entry in turn.entries().items():
        RegisterEntry.objects.update_or_create(
            account=account,
            register_id=register_id,
            user_id=user_id,
            defaults={
                "lag": entry.lag,
                "count": entry.count,
                "last_lead_at": entry.last_lead_at,
            },
        )
    load, _ = ManagerLoad.objects.get_or_create(account=account, user_id=decision.chosen_id)
    ManagerLoad.objects.filter(pk=load.pk).update(number=load.number + 1)
    for kind in ("owner", "note"):
        Effect.objects.create(
            account=account,
            lead_id=decision.lead_id,
            kind=kind,
            decision_id=decision.pk,
            expected_from=VERA,
            target=decision.chosen_id,
            read_at=at,
            state="done",
            created_at=at,
            attempts=1,
            sent_at=at + timedelta(milliseconds=200),
            settled_at=at + timedelta(milliseconds=400),
        )
