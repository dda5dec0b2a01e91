"""`manage.py explain_lead LEAD --account HOST`: why a lead went where it went, and whether it would again."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Account
from distribution.labels.reasons import code_text, receives, waiting_text
from distribution.models import Decision
from distribution.queries.board import manager_names
from distribution.queries.records import DecisionRecord, differences, records_of_lead
from peresmenka.lib.zones import known_zone


class Command(BaseCommand):
    """Prints a lead's decisions; exit status 1 where one, decided again, comes out otherwise."""

    help = "Explain the decisions about a lead and decide each again from its record."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("lead", type=int, help="Kommo's id of the lead")
        parser.add_argument("--account", required=True, help="the account's host, acme.kommo.com")

    def handle(self, *args: Any, **options: Any) -> None:
        account = Account.objects.filter(host=options["account"]).first()
        if account is None:
            raise CommandError(f"no account has the host {options['account']}")
        records = records_of_lead(account, options["lead"])
        if not records:
            raise CommandError(f"nothing was decided about lead {options['lead']}")
        names, is_same = manager_names(account), True
        for record in records:
            self.stdout.write("\n".join(_lines(record, account, names)))
            changed = differences(record)
            is_same = is_same and not changed
            self.stdout.write(_replayed(changed))
        if not is_same:
            raise CommandError("the replay is not identical")


def _lines(record: DecisionRecord, account: Account, names: dict[int, str]) -> list[str]:
    """Return the decision's line and one for each candidate."""
    row, zone = record.decision, known_zone(account.zone)
    head = f"{row.decided_at.astimezone(zone):%Y-%m-%d %H:%M:%S} {row.kind} {row.pk}: {_what(row, names)}"
    lines = [head]
    for verdict in record.verdicts:
        said = receives(verdict.refusals, zone, row.decided_at)
        mark = "*" if verdict.manager_id == row.chosen_id else " "
        why = "could take it" if said.yes else f"no: {said.because}"
        until = f", until {said.until}" if said.until else ""
        lines.append(f" {mark} {names.get(verdict.manager_id, verdict.manager_id)}: {why}{until}")
    return lines


def _what(row: Decision, names: dict[int, str]) -> str:
    if row.chosen_id is not None:
        before = f" from {names.get(row.previous_owner_id or 0, row.previous_owner_id)}"
        load = "" if row.load_before is None else f", who had {row.load_before}"
        return f"to {names.get(row.chosen_id, row.chosen_id)}{load},{before}"
    if row.kind == Decision.Kind.RETURN:
        return f"stays, {code_text(row.reason)}"
    return f"waits, {waiting_text(row.reason)}"


def _replayed(changed: list[str] | None) -> str:
    if changed is None:
        return "   nobody was weighed: nothing to decide again"
    if not changed:
        return "   decided again from its record: identical"
    return "\n".join(
        ["   decided again from its record: DIFFERENT", *(f"   {one}" for one in changed)]
    )
