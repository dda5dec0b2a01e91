"""The shell: languages, appearance, banners, error pages, and nothing that its content policy forbids."""

from __future__ import annotations

import re

import pytest
from django.test import Client, RequestFactory

from accounts.models import Account
from distribution.models import Decision
from peresmenka import health
from tests.functional.console import cast
from tests.functional.console.conftest import ClientOf

pytestmark = pytest.mark.usefixtures("clock")
PAGES = ["/", "/board", "/me", "/settings", "/log", "/nothing-here"]


@pytest.mark.feature("F30")
@pytest.mark.parametrize(
    ("language", "heading"),
    [
        ("ru", "Распределение смен"),
        ("en", "Shift distribution"),
        ("es", "Distribución por turnos"),
        ("pt-br", "Distribuição por turnos"),
        ("tr", "Vardiyaya göre dağıtım"),
        ("id", "Distribusi shift"),
    ],
)
def test_the_console_speaks_the_accounts_language(
    acme: cast.World, client_of: ClientOf, language: str, heading: str
) -> None:
    Account.objects.filter(pk=acme.account.pk).update(language=language)
    page = client_of(acme[cast.VERA]).get("/settings").content.decode()
    assert f'<html lang="{language}"' in page
    assert f"<h1>{heading}</h1>" in page


def test_a_chosen_language_stays_with_the_manager(acme: cast.World, client_of: ClientOf) -> None:
    client = client_of(acme[cast.VERA])
    answer = client.post("/preferences", {"language": "tr", "next": "/log?kind=return"})
    assert answer.headers["Location"] == "/log?kind=return"
    assert '<html lang="tr"' in client.get("/log").content.decode()
    acme[cast.VERA].refresh_from_db()
    assert acme[cast.VERA].language == "tr"


@pytest.mark.parametrize(
    "target", ["abc", "https://evil.example/", "//evil.example", "javascript:1"]
)
def test_preferences_lead_nowhere_else(target: str, db: None) -> None:
    answer = Client().post("/preferences", {"theme": "dark", "next": target})
    assert answer.headers["Location"] == "/"


def test_a_chosen_appearance_is_in_the_page_itself(db: None) -> None:
    client = Client()
    client.post("/preferences", {"theme": "dark"})
    assert 'data-theme="dark"' in client.get("/").content.decode()
    client.post("/preferences", {"theme": "auto"})
    assert "data-theme" not in client.get("/").content.decode()


@pytest.mark.parametrize("path", [*PAGES, "decision"])
def test_no_page_has_a_script_or_a_style_inside(
    busy: cast.World, client_of: ClientOf, path: str
) -> None:
    if path == "decision":
        path = f"/log/{Decision.objects.first().pk}"
    answer = client_of(busy[cast.VERA]).get(path, follow=True)
    page = answer.content.decode()
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
    assert not re.search(r'(src|href)="(https?:)?//(?!acme\.kommo\.com)', page)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"health": "needs_reauth"}, "Kommo no longer accepts our authorisation"),
        ({"health": "payment_required"}, "The plan of this Kommo account has ended"),
        ({"hook_checked_at": None}, "Kommo’s webhook could not be checked for over an hour"),
        ({"sync_state": "failed"}, "Reading the account from Kommo has failed"),
        (
            {
                "sync_state": "running",
                "sync_progress": {"step": "leads", "done": 250, "total": 900},
            },
            "250 / 900",
        ),
    ],
)
def test_what_is_wrong_with_the_account_stands_on_every_page(
    acme: cast.World, client_of: ClientOf, fields: dict[str, object], text: str
) -> None:
    Account.objects.filter(pk=acme.account.pk).update(**fields)
    for path in ("/board", "/me", "/log", "/settings"):
        assert text in client_of(acme[cast.VERA]).get(path).content.decode()


def test_the_page_loads_anew_when_the_first_sync_is_done(
    acme: cast.World, client_of: ClientOf
) -> None:
    client = client_of(acme[cast.VERA])
    Account.objects.update(sync_state="running")
    assert "HX-Refresh" not in client.get("/sync").headers
    Account.objects.update(sync_state="done")
    assert client.get("/sync").headers["HX-Refresh"] == "true"


def test_names_are_text_and_never_markup(busy: cast.World, client_of: ClientOf) -> None:
    busy[cast.OLEG].name = "<img src=x onerror=alert(1)>"
    busy[cast.OLEG].save(update_fields=["name"])
    for path in ("/board", "/log", f"/board/managers/{cast.OLEG}/end"):
        page = client_of(busy[cast.SONIA]).get(path).content.decode()
        assert "<img" not in page
        assert "&lt;img src=x" in page


def test_a_stranger_is_told_how_to_sign_in(db: None) -> None:
    page = Client().get("/").content.decode()
    assert "Sign in with Kommo" in page
    assert 'href="/signin"' in page


def test_without_a_database_people_see_when_to_come_back(rf: RequestFactory) -> None:
    from django.db import OperationalError

    request = rf.get("/", headers={"Accept-Language": "es"})
    try:
        raise OperationalError("gone")
    except OperationalError:
        answer = health.server_error(request)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert '<html lang="es"' in answer.content.decode()


def test_an_error_of_ours_has_a_page(rf: RequestFactory) -> None:
    answer = health.server_error(rf.get("/"))
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.content.decode()
