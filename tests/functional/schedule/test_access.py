"""Every address of the schedule's pages: strangers are sent away, plain managers kept out of what is not theirs."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import URLPattern

from shifts import urls
from tests.functional.schedule.cast import MALLORY, OLEG, SONIA, World
from tests.functional.schedule.conftest import ClientOf

FOR_MANAGERS = ("me/",)  # each manager's own
WITHOUT_SESSION = ("widget/", "calendar/")  # tokens: their own tests


def path_of(pattern: URLPattern) -> str:
    """Return an address with the number 1 (or a word) in each of its places."""
    return "/" + re.sub(r"<int:\w+>", "1", re.sub(r"<(?!int:)[^>]+>", "x", str(pattern.pattern)))


PATHS = [
    path_of(pattern)
    for pattern in urls.urlpatterns
    if not str(pattern.pattern).lstrip("^").startswith(WITHOUT_SESSION)
]
SUPERVISED = [path for path in PATHS if not path[1:].startswith(FOR_MANAGERS)]


def answers(client: Client, path: str) -> set[int]:
    """Return what both methods answer; the wrong one of them is 405."""
    return {client.get(path).status_code, client.post(path).status_code}


def test_the_list_is_not_empty() -> None:
    assert {"/schedule", "/schedule/operations", "/coverage"} <= set(SUPERVISED)
    assert len(SUPERVISED) > 20


@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_gets_nothing(acme: World, client_of: ClientOf, path: str) -> None:
    assert answers(client_of(None), path) <= {302, 401, 405}
    assert client_of(None).get(path).headers.get("Location", "/signin").startswith("/signin")


@pytest.mark.feature("F18", "F19", "R33")
@pytest.mark.parametrize("path", SUPERVISED)
def test_a_plain_manager_is_kept_out(acme: World, client_of: ClientOf, path: str) -> None:
    found = answers(client_of(acme[OLEG]), path)
    assert 403 in found
    assert found <= {403, 405}


@pytest.mark.parametrize("path", PATHS)
def test_what_does_not_exist_or_belongs_to_others_is_404_and_never_an_error(
    acme: World, rival: World, client_of: ClientOf, path: str
) -> None:
    for client in (client_of(acme[SONIA]), client_of(rival[MALLORY])):
        assert max(answers(client, path)) < 500
