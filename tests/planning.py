"""Schedules, statuses and limits as people set them: in the month grid, on the page Team, in the widget."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.test import Client

from accounts.identity import SESSION_KEY
from accounts.models import Account, Manager
from peresmenka.lib.zones import known_zone
from sandbox.model import User
from shifts.queries.schedule import settings_of
from tests.world import World

ADMIN = "Vera"


def person(account: Account, name: str) -> Manager:
    """Return somebody by name, read anew."""
    return Manager.objects.select_related("account").get(account=account, name=name)


def signed_in(manager: Manager) -> Client:
    """Return a browser in which this manager uses the console."""
    client = Client()
    session = client.session
    session[SESSION_KEY] = manager.pk
    session.save()
    return client


def today(world: World, account: Account) -> date:
    """Return the account's date."""
    return world.now.astimezone(known_zone(account.zone)).date()


def in_grid(world: World, account: Account, op: str, cells: Iterable[Any], **given: Any) -> Any:
    """Let the admin do something in the month grid; `cells` are (manager, day)."""
    named = [[manager.kommo_id, on.isoformat()] for manager, on in cells]
    body = {
        "base": settings_of(account).version,
        "month": f"{today(world, account):%Y-%m}",
        "operations": [{"op": op, "cells": named, **given}],
    }
    answer = signed_in(person(account, ADMIN)).post(
        "/schedule/operations", json.dumps(body), content_type="application/json"
    )
    assert answer.status_code == 200, answer.content
    return answer.json()


def set_hours(
    world: World,
    account: Account,
    managers: Collection[Manager],
    text: str,
    *,
    first: date | None = None,
    days: int = 7,
) -> None:
    """Give people these hours on some days from `first` (today) on; "" takes the hours away."""
    start = first or today(world, account)
    cells = [
        (manager, start + timedelta(days=number)) for manager in managers for number in range(days)
    ]
    if text:
        in_grid(world, account, "set_hours", cells, hours=text)
    else:
        in_grid(world, account, "clear", cells)


def mark_off(
    world: World, account: Account, managers: Collection[Manager], on: date, *, off: bool = True
) -> None:
    """Put the cup on people's day, or take it away."""
    in_grid(world, account, "day_off", [(manager, on) for manager in managers], off=off)


def set_status(
    world: World, manager: Manager, status: str, *, until: datetime | None = None
) -> dict[str, Any]:
    """Let the admin give a manager a status in the widget."""
    body = {"status": status, **({"until": until.isoformat()} if until else {})}
    admin = person(manager.account, ADMIN)
    path = f"managers/{manager.kommo_id}/participation"
    code, answer = world.ask_widget(admin, path, body)
    assert code == 200, answer
    return answer


def switch(world: World, manager: Manager, status: str) -> int:
    """Let a manager switch on or off by the own toggle; return the HTTP status."""
    return world.ask_widget(manager, "participation", {"status": status})[0]


def on_team_page(account: Account, what: str, managers: Collection[Manager], **form: Any) -> None:
    """Let the admin do something to people on the page Team."""
    ids = [manager.kommo_id for manager in managers]
    answer = signed_in(person(account, ADMIN)).post(f"/team/{what}", {"managers": ids, **form})
    assert answer.status_code in (200, 302), answer.content


def leave_alone(manager: Manager) -> None:
    """Let nobody but this manager take part."""
    others = Manager.objects.for_account(manager.account).exclude(pk=manager.pk)
    on_team_page(manager.account, "licence/off", list(others))


def set_limit(account: Account, managers: Collection[Manager], limit: int | None) -> None:
    """Let the admin give people a limit of open leads."""
    on_team_page(account, "limit", managers, limit="" if limit is None else limit)


def hire(world: World, name: str, *, beside: Manager) -> int:
    """Let an admin add a user to a colleague's group in Kommo; return the user's id."""
    crm = world.sandbox.crm
    users = crm.account_at(beside.account.host).users  # type: ignore[union-attr]
    colleague = users[beside.kommo_id]
    number = crm.next_id("user", max(users) + 1)
    email = f"{name.lower()}@example.com"
    users[number] = User(number, name, email, group_id=colleague.group_id, rights=colleague.rights)
    return number
