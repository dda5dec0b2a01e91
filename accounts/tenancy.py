"""One door to each row that belongs to an account: `Model.objects.for_account(account)`."""

from __future__ import annotations

from typing import Any, Self

from django.db import models


class AccountQuerySet(models.QuerySet[Any]):
    """A query set whose rows are reached through their account."""

    def for_account(self, account: Any) -> Self:
        """Return only the rows of `account` (an Account or its primary key)."""
        return self.filter(account_id=getattr(account, "pk", account))


class AccountOwned(models.Model):
    """A row that belongs to one Kommo account; its keys and indexes start with `account`."""

    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, related_name="+")

    objects = AccountQuerySet.as_manager()

    class Meta:
        abstract = True


class AccountOwnedHot(models.Model):
    """The same for tables written in bursts: the foreign key is not checked row by row.

    The lane or the ingest statement has just read the account, and accounts are never
    deleted while one of their lanes is leased. Every index of such a table starts with the
    account, so the key needs none of its own.
    """

    account = models.ForeignKey(
        "accounts.Account",
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )

    objects = AccountQuerySet.as_manager()

    class Meta:
        abstract = True
