"""What every benchmark of the service needs: accounts in the sandbox and in our tables, leads, hooks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.db import connection

from accounts.kommo.oauth import TokenPair
from accounts.models import Account
from bench.accounts import digest, hook_body, make_account
from bench.kommo import Kommo


@dataclass
class Place:
    """An account on both sides."""

    account: Account
    card: dict[str, Any]
    pipeline: int
    stage: int

    @property
    def host(self) -> str:
        """Return the account's host."""
        return str(self.card["host"])

    def arrive(self, kommo: Kommo, count: int) -> list[int]:
        """Create leads in Kommo; nobody is told."""
        made = kommo.tell(
            "leads",
            host=self.host,
            count=count,
            pipeline_id=self.pipeline,
            status_id=self.stage,
        )
        ids: list[int] = made["lead_ids"]
        return ids

    def body(self, lead_id: int) -> bytes:
        """Return the webhook of a new lead."""
        return hook_body(self.account, lead_id, self.pipeline, self.stage, int(time.time()))


def make_place(kommo: Kommo, number: int, *, managers: int, limit: int, **options: Any) -> Place:
    """Create account `number` in the sandbox and install it in our tables."""
    card = kommo.open(f"bench{number}.kommo.com", managers, limit)
    answer = kommo.grant(card)
    pipeline = card["pipelines"][0]
    stages = [stage["id"] for stage in pipeline["stages"] if stage["type"] == 0]
    tokens = TokenPair(answer["access_token"], answer["refresh_token"], answer["expires_in"])
    users = [user["id"] for user in card["users"] if user["title"] == "manager"]
    account = make_account(
        kommo_id=card["id"],
        host=card["host"],
        users=users,
        pipeline=pipeline["id"],
        stages=stages,
        tokens=tokens,
        **options,
    )
    return Place(account, card, pipeline["id"], stages[0])


def fill_inbox(place: Place, lead_ids: list[int]) -> None:
    """Put the webhooks of new leads into the inbox, as ingest would have."""
    bodies = [place.body(lead_id) for lead_id in lead_ids]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_inboxevent (account_id, kind, body, digest, received_at, crashes,"
            " error) SELECT %s, 'webhook', u.body, u.digest, clock_timestamp(), 0, ''"
            " FROM unnest(%s::bytea[], %s::bytea[]) AS u(body, digest)",
            [place.account.pk, bodies, [digest(body) for body in bodies]],
        )
