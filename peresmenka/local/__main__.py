"""`python -m peresmenka.local run|serve|clean|chromium|translations`: the command line of the embedded servers."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path

from peresmenka.local.binaries import BinariesMissing
from peresmenka.local.chromium import find_chromium, install_chromium
from peresmenka.local.places import PROJECT, PlaceRefused
from peresmenka.local.postgres import ServerFailed
from peresmenka.local.relay import SignalRelay
from peresmenka.local.servers import remove_everything, running_servers
from peresmenka.local.translations import compile_translations

VARIABLES = ("DATABASE_URL", "VALKEY_URL")


def main(words: list[str]) -> int:
    """Carry out one command; return its exit status."""
    given = _parser().parse_args(words)
    try:
        return int(given.action(given))
    except (BinariesMissing, PlaceRefused, ServerFailed) as error:
        print(f"peresmenka.local: {error}", file=sys.stderr)
        return 1


def run(given: argparse.Namespace) -> int:
    """Run a command with servers: those of the environment if both are named there, else embedded ones."""
    argv = given.command[1:] if given.command[:1] == ["--"] else given.command
    relay = SignalRelay()
    if all(os.environ.get(name) for name in VARIABLES):
        return relay.run(argv, dict(os.environ))
    with running_servers(
        fresh=given.fresh, durable=given.durable or not given.fresh, project=given.project
    ) as servers:
        found = {
            name: value
            for name, value in os.environ.items()
            if value or name not in servers.variables
        }
        found.pop("PGPORT", None)
        return relay.run(argv, servers.variables | found)


def serve(given: argparse.Namespace) -> int:
    """Keep the servers up until a signal comes; print the variables as shell exports, or write them to a file."""
    relay = SignalRelay()
    with running_servers(fresh=given.fresh, project=given.project) as servers:
        lines = "".join(
            f"export {name}={shlex.quote(value)}\n" for name, value in servers.variables.items()
        )
        if given.env_file is None:
            print(lines, end="", flush=True)
        else:
            _write_private(given.env_file, lines)
        try:
            relay.wait()
        finally:
            if given.env_file is not None:
                given.env_file.unlink(missing_ok=True)
    return 0


def clean(given: argparse.Namespace) -> int:
    """Remove the servers' data of this checkout, but for those of a run that is still going on."""
    for instance in remove_everything(given.project):
        print(f"{instance} is in use by another run and stays", file=sys.stderr)
    return 0


def chromium(given: argparse.Namespace) -> int:
    """Print the path of Chromium; with --install, root on Debian installs it where it is missing."""
    found = install_chromium() if given.install else find_chromium()
    print(found or "no Chromium: set CHROMIUM, or install your distribution's package `chromium`")
    return 0 if found or given.install else 1


def translations(_given: argparse.Namespace) -> int:
    """Compile the message catalogues that have changed."""
    print(f"{compile_translations()} catalogues compiled")
    return 0


def _write_private(path: Path, text: str) -> None:
    """Write `text` to `path` at once and readable by its owner alone."""
    half_made = path.with_name(f"{path.name}.half-made")
    half_made.touch(mode=0o600)
    half_made.write_text(text)
    half_made.replace(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m peresmenka.local", description=__doc__)
    parser.add_argument(
        "--project", type=Path, default=PROJECT, help="the checkout whose servers are meant"
    )
    commands = parser.add_subparsers(required=True)
    fresh = {
        "action": "store_true",
        "help": "throw-away servers of this run alone, empty and not durable",
    }
    running = commands.add_parser("run", help=run.__doc__)
    running.add_argument("--fresh", **fresh)  # type: ignore[arg-type]
    running.add_argument(
        "--durable", action="store_true", help="with --fresh: keep fsync on, as benchmarks need"
    )
    running.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND …")
    running.set_defaults(action=run)
    serving = commands.add_parser("serve", help=serve.__doc__)
    serving.add_argument("--fresh", **fresh)  # type: ignore[arg-type]
    serving.add_argument(
        "--env-file", type=Path, help="write the exports there; removed at the end"
    )
    serving.set_defaults(action=serve)
    finding = commands.add_parser("chromium", help=chromium.__doc__)
    finding.add_argument("--install", action="store_true")
    finding.set_defaults(action=chromium)
    for name, action in {"clean": clean, "translations": translations}.items():
        commands.add_parser(name, help=action.__doc__).set_defaults(action=action)
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
