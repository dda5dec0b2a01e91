"""`python -m bench`: every figure in one run on one machine. Needs DATABASE_URL; see `make bench`.

Absolute figures depend on the machine and on what else it does; ratios are what is compared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from bench.database import make_database
from bench.kommo import CLIENT_ID, SECRET, running_kommo
from peresmenka.local.supervisor import free_port

SECTIONS = ("core", "burst", "drain", "single", "workers", "ingest", "schedules", "engine")


def main() -> int:
    """Run the chosen sections and print one JSON object a line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("sections", nargs="*", default=SECTIONS, help=", ".join(SECTIONS))
    parser.add_argument("--small", action="store_true", help="a tenth of the size: does it run?")
    options = parser.parse_args()
    port = free_port()
    os.environ.update(_settings(port))
    make_database()
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    print(json.dumps(_machine()), flush=True)
    with running_kommo(port) as kommo:
        for name in options.sections:
            figures = _section(name)(kommo, 10 if options.small else 1)
            print(json.dumps({name: figures}), flush=True)
    return 0


def _settings(port: int) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "peresmenka.settings",
        "KOMMO_CLIENT_ID": CLIENT_ID,
        "KOMMO_CLIENT_SECRET": SECRET,
        "KOMMO_URL_TEMPLATE": f"http://127.0.0.1:{port}/{{host}}",
        "KOMMO_CALLS_PER_SECOND": "0",
        "KOMMO_IP_CALLS_PER_SECOND": "0",
        "PUBLIC_URL": "http://127.0.0.1:9",
        "ALLOWED_HOSTS": "127.0.0.1",
        "VALKEY_URL": "",
        "LOG_LEVEL": "ERROR",
    }


def _machine() -> dict[str, Any]:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "commit": commit,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def _section(name: str) -> Callable[[Any, int], Any]:
    from bench import sections

    return getattr(sections, name)  # type: ignore[no-any-return]


if __name__ == "__main__":
    sys.exit(main())
