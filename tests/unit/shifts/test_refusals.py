"""Each error of the schedule's layers has its sentence, the same as its docstring."""

from __future__ import annotations

import importlib
import inspect

import pytest

from shifts.labels.refusals import TEXTS
from shifts.operations.period import ScheduleError

MODULES = ("period", "patterns", "holidays", "overrides", "swaps")


def errors():
    modules = [importlib.import_module(f"shifts.operations.{name}") for name in MODULES]
    found = {
        member
        for module in modules
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, ScheduleError) and member is not ScheduleError
    }
    return sorted(found, key=lambda one: one.__name__)


@pytest.mark.parametrize("error", errors())
def test_an_error_says_what_its_docstring_says(error):
    assert str(TEXTS[error]) == error.__doc__
