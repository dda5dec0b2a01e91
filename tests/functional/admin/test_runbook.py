"""The runbook's Python works as written, and its file names and checks exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.kommo.connection import tokens
from accounts.models import Account, Credential, InboxEvent
from accounts.operations.hooks import hook_digest
from peresmenka import checks
from peresmenka.lib.crypto import is_under_newest_key
from tests.functional.admin.conftest import tokens_of
from tests.world import World

ROOT = Path(__file__).parents[3]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/architecture.md",
    "docs/runbook.md",
    *(str(page.relative_to(ROOT)) for page in (ROOT / "docs" / "adr").glob("*.md")),
]
LATER = {"docs/demo.png", "docs/sandbox.md"}  # a picture; the sandbox's own page


def run(mark: str) -> None:
    """Run the one block of Python that contains `mark`."""
    (block,) = [text for text in re.findall(r"```python\n(.*?)```", RUNBOOK, re.S) if mark in text]
    exec(compile(block, mark, "exec"), {})  # noqa: S102 - our own page


def test_an_operator_gets_a_second_factor(db: None, capsys: Any) -> None:
    olga = User.objects.create_superuser("olga", password="x")
    run("config_url")
    assert TOTPDevice.objects.get(user=olga).confirmed
    assert capsys.readouterr().out.startswith("otpauth://totp/")


def test_tokens_are_sealed_under_a_new_key(account: Account, settings: Any) -> None:
    before = tokens_of(account)
    old = settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = ["new:" + "QUJD" * 10 + "QUI=", *old]
    row = Credential.objects.get(account=account)
    assert not is_under_newest_key(row.access_encrypted)
    run("all under the newest key")
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    tokens.forget_tokens()
    assert tokens_of(account) == before


def test_after_a_new_secret_key_webhooks_come_again(
    account: Account, world: World, settings: Any
) -> None:
    settings.SECRET_KEY = "another-secret-key-of-more-than-thirty-two-characters"
    run("for account in Account.objects.all()")
    world.advance(60)
    account.refresh_from_db()
    assert account.hook_checked_at is not None
    assert bytes(account.hook_digest) == hook_digest(account)
    (lead,) = world.leads(1)
    assert world.decisions(account, lead)


def test_a_leaked_webhook_address_is_left(account: Account, world: World) -> None:
    before = bytes(account.hook_digest)
    run("hook_version += 1")
    world.advance(60)
    account.refresh_from_db()
    assert bytes(account.hook_digest) not in (before, b"")
    assert account.hook_checked_at is not None
    (lead,) = world.leads(1)
    assert world.decisions(account, lead)


def test_old_events_are_purged_and_open_ones_stay(account: Account, world: World) -> None:
    world.leads(1, run=False)
    world.post_hooks()
    waiting = set(InboxEvent.objects.filter(done_at=None).values_list("pk", flat=True))
    assert waiting
    world.advance(91 * 86400, run=False)
    run("while purge(")
    assert set(InboxEvent.objects.values_list("pk", flat=True)) == waiting


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_only_files_that_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    named = re.findall(
        r"`((?:accounts|shifts|distribution|reports|peresmenka|tests|docs|deploy)/[\w./-]+)`", text
    )
    missing = [
        name
        for name in {*links, *named} - LATER
        if not ((ROOT / page).parent / name).exists() and not (ROOT / name).exists()
    ]
    assert missing == []


def test_the_changelog_counts_the_checks() -> None:
    source = Path(checks.__file__).read_text(encoding="utf-8")
    found = sorted(set(re.findall(r"peresmenka\.([EW]\d{3})\"", source)))
    assert found == [*(f"E00{n}" for n in range(1, 8)), *(f"W00{n}" for n in range(1, 6))]
