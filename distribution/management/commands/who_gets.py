"""`manage.py who_gets LEAD --account HOST`: who would get a lead now, and why; nothing is written."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Account
from distribution.labels.rehearsal import (
    answer_text,
    chance_lines,
    error_text,
    policy_text,
    relaxed_texts,
    subject,
    why_text,
)
from distribution.operations.rehearsal import NoAnswer, Question, Rehearsal, would_get
from distribution.queries.board import manager_names
from peresmenka.lib.clock import read_clock
from peresmenka.lib.zones import known_zone


class Command(BaseCommand):
    """Prints what a turn at this moment would decide, with everybody's verdict."""

    help = "Say who would get a lead now, and why. Nothing is written, Kommo is not asked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "lead", type=int, nargs="?", help="Kommo's id of the lead; left out: a new lead"
        )
        parser.add_argument("--account", required=True, help="the account's host, acme.kommo.com")
        parser.add_argument("--trigger", type=int, help="the id of the trigger that sends it")
        parser.add_argument("--skill", action="append", help="what its manager should know")

    def handle(self, *args: Any, **options: Any) -> None:
        account = Account.objects.filter(host=options["account"]).first()
        if account is None:
            raise CommandError(f"no account has the host {options['account']}")
        skills = tuple(options["skill"]) if options["skill"] else None
        question = Question(options["lead"], options["trigger"], skills=skills)
        try:
            found = would_get(account.pk, question, read_clock())
        except NoAnswer as error:
            raise CommandError(error_text(error)) from error
        self.stdout.write("\n".join(_lines(found, account)))


def _lines(found: Rehearsal, account: Account) -> list[str]:
    """Return the answer and one line for each candidate, the chosen one first."""
    names, zone = manager_names(account), known_zone(account.zone)
    template = found.trigger.template
    lines = [
        f"{subject(found)}: {answer_text(found, names)}, {why_text(found)}",
        f"  template {template.name} (version {template.version}), trigger {found.trigger.trigger_id}",
    ]
    if not found.is_enabled:
        lines.append("  distribution is off: nothing is dealt until it is on")
    if policy_text(found):
        lines.append(f"  {policy_text(found)}")
    lines += [f"  did not count, since nobody else was left: {one}" for one in relaxed_texts(found)]
    for line in chance_lines(found, names, zone, found.now):
        mark = "*" if line.is_chosen else " "
        why = "yes: " if line.could else "no: "
        rest = "".join(f"; {other}" for other in line.others)
        lines.append(
            f" {mark} {line.name}: {why}{line.verdict}{rest}"
            f" (open {line.load_before} to {line.load_after},"
            f" owed {line.lag_before} to {line.lag_after})"
        )
    return lines
