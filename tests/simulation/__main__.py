"""`python -m tests.simulation --seeds 500`: more histories than CI runs; needs DATABASE_URL."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import pytest


def main() -> int:
    """Run the histories of some seeds and print what they held."""
    found = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    found.add_argument("--seeds", type=int, default=500, help="how many histories")
    found.add_argument("--first", type=int, default=1, help="the first seed")
    options, rest = found.parse_known_args()
    os.environ["SIMULATION_SEEDS"] = str(options.seeds)
    os.environ["SIMULATION_FIRST"] = str(options.first)
    where = str(Path(__file__).with_name("test_histories.py"))
    return int(
        pytest.main([where, "-q", "-rP", "-k", "no_history", "--show-capture=stdout", *rest])
    )


if __name__ == "__main__":
    sys.exit(main())
