"""The operator at the admin, and a service that has worked: rows in every table, secrets among them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group as StaffGroup
from django.contrib.auth.models import User
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.kommo.connection import tokens
from accounts.models import (
    Account,
    AuditEntry,
    Authorization,
    CallBudget,
    Credential,
    InboxEvent,
    Manager,
    WidgetNonce,
)
from accounts.operations.hooks import hook_digest, hook_key
from distribution.models import (
    Alert,
    DeadLetter,
    Effect,
    FirstTouch,
    ManagerProfile,
    Register,
    RegisterCredit,
    RegisterEpoch,
    TaskMirror,
    Template,
    TemplateVersion,
    Timer,
    Wave,
)
from peresmenka.lib.crypto import Secret, seal, unseal
from shifts.models import (
    CalendarFeed,
    CoverageWarning,
    Holiday,
    Override,
    Participation,
    Presence,
    SchedulePattern,
    StandingPattern,
    Swap,
    WorkSpan,
)
from shifts.operations.grid import Step, edit_month
from tests.world import World

PASSWORD = "correct horse battery staple"
LEAD_NAME_OF_A_PERSON = "canary-name-of-a-person"
PHONE = "79161234567"


@pytest.fixture
def world(db: None, settings: Any) -> World:
    """A sandbox and the service in virtual time."""
    settings.KOMMO_SESSION_SETUP = "tests.world.plug_in"
    settings.KOMMO_CALLS_PER_SECOND = 0
    settings.KOMMO_IP_CALLS_PER_SECOND = 0
    settings.VALKEY_URL = ""
    return World()


@pytest.fixture
def account(world: World) -> Account:
    """Acme, at work: leads dealt, moved and returned, one manager on pause."""
    account = world.open(managers=3)
    world.configure(account, notes_enabled=True, shift_mode="hybrid")
    oleg, ana, max_ = world.managers(account)
    world.start_shifts([oleg, ana])
    world.leads(4)
    world.shift(max_, "start")
    world.shift(max_, "pause")
    world.shift(oleg, "end")
    world.run()
    world.start_shifts([oleg])
    return account


@pytest.fixture
def secrets(account: Account) -> dict[str, str]:
    """What must stand in no page, by what it is."""
    credential = Credential.objects.get(account=account)
    return {
        "hook key": hook_key(account),
        "hook digest": hook_digest(account).hex(),
        "sealed access token": bytes(credential.access_encrypted).hex(),
        "client secret": "test-secret",
        "encryption key": "dGVzdC1rZXktb2YtMzItYnl0ZXMtZm9yLXRlc3RzISE=",
        "authorisation code": "canary-code-0123456789",
        "client key": "canary-client-key",
        "name in a hook": LEAD_NAME_OF_A_PERSON,
        "phone in a hook": PHONE,
        "access token": tokens_of(account)[0],
        "refresh token": tokens_of(account)[1],
        "second factor": TOTPDevice.objects.get(confirmed=True).key,
    }


def tokens_of(account: Account) -> tuple[str, str]:
    """The account's tokens in the clear."""
    row = Credential.objects.get(account=account)
    opened = []
    for column in ("access", "refresh"):
        stored = getattr(row, f"{column}_encrypted")
        opened.append(unseal(stored, tokens.context(row.account, column)).reveal())
    return opened[0], opened[1]


@dataclass
class Filled:
    """Rows that the work above leaves out."""

    letter_of_event: DeadLetter
    letter_of_effect: DeadLetter
    rows: dict[type, Any] = field(default_factory=dict)


@pytest.fixture
def filled(account: Account, world: World, operator: User) -> Filled:
    """A row in every table of ours."""
    now = world.now
    body = (
        f"leads[add][0][id]=17&leads[add][0][name]={LEAD_NAME_OF_A_PERSON}"
        f"&leads[add][0][custom_fields][0][values][0][value]={PHONE}"
        f"&account[subdomain]={LEAD_NAME_OF_A_PERSON}&{LEAD_NAME_OF_A_PERSON}=1"
    ).encode()
    event = InboxEvent.objects.create(
        account=account,
        kind="webhook",
        body=body,
        digest=hashlib.sha256(body).digest(),
        client_key="canary-client-key",
        received_at=now,
        claimed_at=now,
        done_at=now,
        crashes=4,
        error="given up after 3 tries",
    )
    effect = Effect.objects.order_by("id").first()
    assert effect is not None
    Effect.objects.filter(pk=effect.pk).update(state="dead", crashes=4, attempts=0, settled_at=now)
    letters = [
        DeadLetter.objects.create(
            account=account, source=source, row_id=row.pk, reason="3 tries", first_seen_at=now
        )
        for source, row in (("event", event), ("effect", effect))
    ]
    code = b"canary-code-0123456789"
    digest = hashlib.sha256(code).digest()
    Authorization.objects.get_or_create(
        code_digest=digest,
        defaults={
            "code_encrypted": seal(Secret(code.decode()), f"authorization:{digest.hex()}"),
            "host": account.host,
            "received_at": now,
        },
    )
    WidgetNonce.objects.get_or_create(digest=digest, defaults={"expires_at": now})
    CallBudget.objects.get_or_create(key=f"account:{account.pk}", defaults={"slots": [now]})
    Timer.objects.get_or_create(
        account=account, kind="drain", defaults={"due_at": now + timedelta(days=1)}
    )
    if not Wave.objects.exists():
        Wave.objects.create(id=1, account=account, kind="return", user_id=1, started_at=now)
    manager = world.managers(account)[0]
    Presence.objects.get_or_create(
        manager=manager, defaults={"account": account, "last_seen_at": now, "source": "widget"}
    )
    AuditEntry.objects.create(
        account=account, at=now, action="settings_saved", after={"version": 2}
    )
    _fill_schedules(*world.managers(account)[:2], now)
    StaffGroup.objects.create(name="operators")
    _fill_axes()
    return Filled(*letters)


def _fill_schedules(oleg: Manager, ana: Manager, now: datetime) -> None:
    """Write a row into each table of participation and schedules."""
    account, today = oleg.account, now.date()
    hours = [[540, 1080]]
    own: dict[str, Any] = {"account": account, "manager": oleg}
    ManagerProfile.objects.create(**own, leads=20, skills=["spanish"])
    _engine(account, now)
    Participation.objects.create(**own, status="forced_off", changed_at=now)
    pattern = SchedulePattern.objects.create(
        account=account, name="5/2", cycle=[hours], anchor_on=today
    )
    StandingPattern.objects.create(**own, pattern=pattern, starts_on=today, anchor_on=today)
    Override.objects.create(**own, starts_on=today, ends_on=today, kind="absence", created_at=now)
    Holiday.objects.create(account=account, on=today, name="Founders’ day")
    Swap.objects.create(account=account, asker=oleg, asker_on=today, colleague=ana, asked_at=now)
    CalendarFeed.objects.create(**own, token_digest=b"canary-feed-0123", created_at=now)
    CoverageWarning.objects.create(account=account, on=today, sent_at=now)
    day = (oleg.kommo_id, today)
    steps = [Step("set_hours", (day,), hours=((540, 1080),)), Step("day_off", (day,), off=False)]
    edit_month(account, actor=None, base=0, steps=steps, now=now)
    WorkSpan.objects.create(
        **own, on=today, starts_at=now + timedelta(days=90), ends_at=now + timedelta(days=91)
    )


def _fill_axes() -> None:
    who = {"username": "mallory", "ip_address": "192.0.2.1"}
    apps.get_model("axes", "AccessAttempt").objects.create(**who, failures_since_start=1)
    apps.get_model("axes", "AccessFailureLog").objects.create(**who)
    apps.get_model("axes", "AccessLog").objects.create(**who)


@pytest.fixture
def operator(db: None) -> User:
    """Olga, who operates the service, with a confirmed second factor."""
    user = User.objects.create_superuser("olga", password=PASSWORD)
    TOTPDevice.objects.create(user=user, name="phone", confirmed=True)
    return user


@pytest.fixture
def admin(operator: User, settings: Any) -> Client:
    """Olga's browser, without a second factor."""
    settings.OPERATOR_SECOND_FACTOR = False
    client = Client()
    client.force_login(operator, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _engine(account: Account, now: datetime) -> None:
    """Write one row of each table that templates and registers need."""
    register = Register.objects.for_account(account).earliest("pk")
    by_hand = {"account": account, "register": register, "epoch": 1, "reason": "asked by Vera"}
    RegisterEpoch.objects.create(**by_hand, ended_at=now)
    RegisterCredit.objects.create(**by_hand, user_id=11, leads=2, at=now)
    template = Template.objects.for_account(account).earliest("pk")
    TemplateVersion.objects.create(
        account=account, template=template, version=1, at=now, document={"body": template.body}
    )
    TaskMirror.objects.create(account=account, task_id=1, owner_id=11, seen_at=now)
    Alert.objects.create(account=account, kind="touch", at=now, user_id=11, lead_id=1)
    FirstTouch.objects.create(
        account=account,
        lead_id=1,
        user_id=11,
        template_id=template.pk,
        decision_id=1,
        started_at=now,
        due_at=now,
        allowed_minutes=10,
    )
