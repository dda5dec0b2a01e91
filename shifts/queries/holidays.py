"""Reads of holidays: those of the account, and a country's by the package `holidays`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import holidays as package
from holidays.registry import COUNTRIES

from accounts.models import Account
from shifts.models import Holiday

_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_DEFAULT_LANGUAGE = "en_US"


class NoCountryData(LookupError):
    """There is no list of holidays for this country and year; add the days by hand."""


@dataclass(frozen=True, slots=True)
class CountryDay:
    """A holiday of a country."""

    on: date
    name: str


@lru_cache(maxsize=1)
def countries() -> dict[str, str]:
    """Return the countries that have a list, by code (ISO 3166-1 alpha-2), with their English names."""
    names = {codes[1]: _CAPITAL.sub(" ", codes[0]) for codes in COUNTRIES.values()}
    return dict(sorted(names.items(), key=lambda pair: pair[1]))


def country_days(country: str, year: int, language: str) -> list[CountryDay]:
    """Return the public holidays of a country in a year, named in a language ("pt-br") if it has it.

    Otherwise in English, otherwise in the country's own. Raises NoCountryData.
    """
    if country not in countries():
        raise NoCountryData
    spoken = package.country_holidays(country).supported_languages
    found = package.country_holidays(country, years=year, language=_known(language, spoken))
    if not found:
        raise NoCountryData
    return [CountryDay(on, name) for on, name in sorted(found.items())]


def _known(language: str, spoken: tuple[str, ...]) -> str | None:
    """Return the package's name of the nearest language; None for the country's own."""
    wanted = language.replace("-", "_").lower()
    exact = [name for name in spoken if name.lower() == wanted]
    alike = [name for name in spoken if name.lower().split("_")[0] == wanted.split("_")[0]]
    english = [name for name in spoken if name == _DEFAULT_LANGUAGE]
    return next(iter([*exact, *alike, *english]), None)


def holidays_of(account: Account, year: int) -> list[Holiday]:
    """Return the account's holidays of a year, in order."""
    rows = Holiday.objects.for_account(account).filter(on__year=year)
    return list(rows.order_by("on"))
