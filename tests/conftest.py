"""What every test shares: the browser, and a loud word where it is missing."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

from peresmenka.local.chromium import find_chromium

# A busy machine is no defect; under CI Hypothesis has no deadline anyway.
hypothesis.settings.register_profile("patient", deadline=None)
if os.environ.get("CI") != "true":
    hypothesis.settings.load_profile("patient")

BROWSER_TESTS_SKIPPED = (
    "no Chromium was found: set CHROMIUM, or install the distribution's package `chromium`"
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the browser tests where there is no browser; `pytest_terminal_summary` says so loudly."""
    browser_tests = [item for item in items if item.get_closest_marker("browser")]
    if find_chromium() is None:
        for item in browser_tests:
            item.add_marker(pytest.mark.skip(reason=BROWSER_TESTS_SKIPPED))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly that browser tests were skipped."""
    skipped = _skipped_browser_tests(terminalreporter)
    if skipped:
        terminalreporter.section("BROWSER TESTS SKIPPED", sep="!", red=True)
        terminalreporter.line(f"{skipped} browser tests did not run: {BROWSER_TESTS_SKIPPED}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Under CI a skipped browser test is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if (
        os.environ.get("CI") == "true"
        and exitstatus == 0
        and reporter
        and _skipped_browser_tests(reporter)
    ):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _skipped_browser_tests(reporter: pytest.TerminalReporter) -> int:
    return sum(
        BROWSER_TESTS_SKIPPED in str(report.longrepr)
        for report in reporter.stats.get("skipped", [])
    )


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser's program."""
    found = find_chromium()
    if found is None:
        pytest.skip(BROWSER_TESTS_SKIPPED)
    return found
