"""`make features`: the features of docs/features.md against the tests that carry their numbers; nothing is run."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[2] / "docs" / "features.md"
ROW = re.compile(r"^\| ([FRBN]\d+) \| (.+) \|$", re.MULTILINE)


class Collector:
    """A pytest plugin that notes which tests carry which feature's number."""

    def __init__(self) -> None:
        self.tests: dict[str, list[str]] = defaultdict(list)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            for mark in item.iter_markers("feature"):
                for number in mark.args:
                    self.tests[number].append(item.nodeid)


def known_features() -> dict[str, str]:
    """Return the line of each feature number, in the document's order."""
    return dict(ROW.findall(DOCUMENT.read_text()))


def collect() -> tuple[int, str, dict[str, list[str]]]:
    """Collect the tests; return pytest's exit status, what it said, and the names of the tests of each number."""
    collector, said = Collector(), io.StringIO()
    os.environ.setdefault(
        "DATABASE_URL", "postgres://nobody@localhost/none"
    )  # read by the settings, never opened
    with contextlib.redirect_stdout(said):
        arguments = [
            "--collect-only",
            "-q",
            "--no-header",
            "-p",
            "no:randomly",
            "-p",
            "no:cacheprovider",
        ]
        status = pytest.main(arguments, plugins=[collector])
    return int(status), said.getvalue(), collector.tests


def main() -> int:
    """Print the table; fail when the tests cannot be collected or carry an unknown number."""
    status, said, tests = collect()
    features = known_features()
    for number in features:
        print(f"{number:<5} {len(tests[number]):>3}  {tests[number][0] if tests[number] else '-'}")
    proven = sum(bool(tests[number]) for number in features)
    print(f"{proven} of {len(features)} features have a test")
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        print(said, file=sys.stderr)
        return status
    unknown = sorted(set(tests) - set(features))
    if unknown:
        print(f"not in {DOCUMENT.name}: {', '.join(unknown)}", file=sys.stderr)
    return int(bool(unknown))


if __name__ == "__main__":
    raise SystemExit(main())
