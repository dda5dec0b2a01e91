"""`manage.py import_settings HOST file.json [--dry-run]`: makes an account's settings those of a file."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext, override

from accounts.models import Account
from distribution.operations.policies.settings_file import BadFile, import_file
from peresmenka.lib.clock import read_clock

LARGEST = 8 * 1024 * 1024


class Command(BaseCommand):
    """Prints what changes, a line a value; nothing is changed where something in the file is wrong."""

    help = "Take an account's settings over from a file that export_settings has printed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("account", help="the account's host, acme.kommo.com")
        parser.add_argument("file", help="the file; - reads standard input")
        parser.add_argument("--dry-run", action="store_true", help="only print what would change")

    def handle(self, *args: Any, **options: Any) -> None:
        account = Account.objects.filter(host=options["account"]).first()
        if account is None:
            raise CommandError(f"no account has the host {options['account']}")
        with override(account.language):
            reason = gettext("The template now deals in earnest.")
        try:
            changes = import_file(
                account,
                _read(options["file"]),
                actor=None,
                now=read_clock(),
                reason=reason,
                dry_run=options["dry_run"],
            )
        except BadFile as error:
            lines = [f"  {one.path}: {one.code}{_asks(one.asks)}" for one in error.problems]
            raise CommandError("\n".join([str(error), *lines])) from error
        for path, before, after in changes:
            self.stdout.write(f"{path}: {_shown(before)} -> {_shown(after)}")
        done = "would change" if options["dry_run"] else "changed"
        self.stdout.write(f"{len(changes)} {'value' if len(changes) == 1 else 'values'} {done}")


def _read(name: str) -> Any:
    try:
        text = sys.stdin.read(LARGEST + 1) if name == "-" else Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name} cannot be read: {error}") from error
    if len(text) > LARGEST:
        raise CommandError(f"{name} is larger than 8 MiB: that is no settings file")
    try:
        return json.loads(text)
    except ValueError as error:
        raise CommandError(f"{name} is no JSON: {error}") from error


def _asks(asks: str) -> str:
    return f" (expected: {asks})" if asks else ""


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)
