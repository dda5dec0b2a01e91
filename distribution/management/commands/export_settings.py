"""`manage.py export_settings HOST > file.json`: an account's settings as one file; see docs/settings.md."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Account
from distribution.queries.settings_file import document_of_account


class Command(BaseCommand):
    """Prints the file; no secrets are in it."""

    help = "Print an account's settings, registers, templates and triggers as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("account", help="the account's host, acme.kommo.com")

    def handle(self, *args: Any, **options: Any) -> None:
        account = Account.objects.filter(host=options["account"]).first()
        if account is None:
            raise CommandError(f"no account has the host {options['account']}")
        document = document_of_account(account)
        self.stdout.write(json.dumps(document, indent=2, ensure_ascii=False))
