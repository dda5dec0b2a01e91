"""Only Kommo's hosts pass, whatever comes from outside."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.kommo.errors import ForeignHost
from accounts.kommo.hosts import account_host, kommo_host, origin_host, require_kommo_host
from tests.unit.kommo.hostile_hosts import HOSTILE_HOSTS

ENDINGS = ("kommo.com", "amocrm.com", "amocrm.ru")


def test_the_list_of_hostile_hosts_is_long_enough() -> None:
    assert len(set(HOSTILE_HOSTS)) >= 200


@pytest.mark.parametrize("value", HOSTILE_HOSTS)
def test_a_hostile_value_is_no_account_host(value: str) -> None:
    assert account_host(value) is None
    assert origin_host(f"https://{value}") is None


@pytest.mark.parametrize("value", [None, 5, b"acme.kommo.com", ["acme.kommo.com"], {}, True, 1.5])
def test_what_is_no_string_is_no_host(value: Any) -> None:
    assert account_host(value) is None
    with pytest.raises(ForeignHost):
        require_kommo_host(value)


@pytest.mark.parametrize("ending", ENDINGS)
def test_kommos_own_hosts_pass_in_lower_case(ending: str) -> None:
    assert account_host(f"Acme-1.{ending}".upper()) == f"acme-1.{ending}"
    assert kommo_host(f"www.{ending}") == f"www.{ending}"
    assert origin_host(f"https://acme.{ending}") == f"acme.{ending}"


@given(st.text())
def test_whatever_passes_is_letters_digits_and_dashes_before_a_known_ending(value: str) -> None:
    for candidate in (value, *(f"{value}.{ending}" for ending in ENDINGS)):
        host = kommo_host(candidate)
        assert host is None or re.fullmatch(r"[a-z0-9-]{1,63}\.(kommo\.com|amocrm\.(ru|com))", host)
