"""A site served by threads over the test's database, and a browser that is signed in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accounts.identity import SESSION_KEY
from peresmenka.lib.clock import read_clock
from tests.functional.console import cast

# Playwright runs an event loop in this thread, which Django would take for an async view.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser(chromium: Path) -> Iterator[Browser]:
    """The system's Chromium, headless."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(chromium), args=list(FLAGS))
        yield found
        found.close()


@dataclass
class Site:
    """The served site with the account that it shows."""

    url: str
    world: cast.World

    def page(
        self,
        browser: Browser,
        user_id: int | None,
        *,
        language: str = "en",
        width: int = 1280,
        scheme: str = "light",
        touch: bool = False,
    ) -> Page:
        """Return a page of a browser of its own in which this manager is signed in."""
        context = browser.new_context(
            viewport={"width": width, "height": 900 if width > 600 else 844},
            color_scheme=scheme,
            locale=language,
            has_touch=touch,
        )
        context.set_default_timeout(15_000)
        session = SessionStore()
        session["language"] = language
        if user_id is not None:
            session[SESSION_KEY] = self.world[user_id].pk
        session.create()
        context.add_cookies(
            [
                {
                    "name": settings.SESSION_COOKIE_NAME,
                    "value": str(session.session_key),
                    "domain": str(urlsplit(self.url).hostname),
                    "path": "/",
                }
            ]
        )
        return context.new_page()


@pytest.fixture
def site(transactional_db: None, live_server: LiveServer) -> Site:
    """Acme in the middle of a working day."""
    now = read_clock()
    world = cast.build_acme(now)
    cast.switch_on(world, now)
    cast.fill(world, now)
    return Site(live_server.url, world)
