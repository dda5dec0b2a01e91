"""The embedded servers of a checkout as one unit that several runs may share; the last one to leave stops them.

Every user of an instance holds a shared lock on its file `users.lock`, which the kernel drops when the user dies, so
a crash can neither keep servers up for ever nor take them away from others.
"""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from peresmenka.local.binaries import copy_binaries, find_binaries
from peresmenka.local.places import (
    PROJECT,
    Place,
    base_of_checkout,
    place_of_checkout,
    socket_folder,
)
from peresmenka.local.postgres import Postgres, kept_secret, remove
from peresmenka.local.valkey import Valkey

THROW_AWAY_PREFIX = "fresh-"


@dataclass(frozen=True)
class Servers:
    """One PostgreSQL and one Valkey with a folder of their own."""

    postgres: Postgres
    valkey: Valkey
    instance: Path
    sockets: Path

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that lead to the servers, and keys that live as long as the data."""
        return {
            "DATABASE_URL": self.postgres.url,
            "VALKEY_URL": self.valkey.url,
            "SECRET_KEY": kept_secret(
                self.instance / "secret.key", lambda: secrets.token_urlsafe(50)
            ),
            "ENCRYPTION_KEYS": kept_secret(self.instance / "encryption.keys", _make_encryption_key),
        }

    def start(self) -> None:
        """Start what does not run yet; on failure nothing is left running."""
        try:
            self.valkey.start()
            self.postgres.start()
        except BaseException:
            self.stop(orderly=True)
            raise

    def stop(self, *, orderly: bool = False) -> None:
        """Stop both, in an orderly way where their data are to last, and remove their socket folder."""
        self.postgres.stop(orderly=orderly)
        self.valkey.stop()
        remove(self.sockets)
        if self.sockets.parent != self.instance:
            remove(self.sockets.parent)


@contextmanager
def running_servers(
    *, fresh: bool = False, durable: bool | None = None, project: Path = PROJECT
) -> Iterator[Servers]:
    """Yield the running servers of the checkout; stop them afterwards if nobody else uses them.

    `fresh` gives throw-away servers of this run alone: empty, removed at the end, and not durable (fsync off) unless
    `durable` says otherwise.
    """
    place = place_of_checkout(project)
    with _locked(place.base / "start.lock"):
        _sweep_throw_aways(place)
        instance = _make_instance(place, fresh=fresh)
        users = _share(instance)
        servers = _servers(place, instance, durable=not fresh if durable is None else durable)
        try:
            servers.start()
        except BaseException:
            _leave(servers, users, fresh=fresh)
            raise
    try:
        yield servers
    finally:
        with _locked(place.base / "start.lock"):
            _leave(servers, users, fresh=fresh)


def remove_everything(project: Path = PROJECT) -> list[Path]:
    """Remove the checkout's servers and data, but for instances in use, which are returned."""
    if not base_of_checkout(project).exists():
        return []
    place = place_of_checkout(project)
    with _locked(place.base / "start.lock"):
        used = []
        for instance in _instances(place):
            if not _is_unused(instance):
                used.append(instance)
                continue
            _servers(place, instance).stop()
            remove(instance)
        if not used:
            for path in place.base.iterdir():
                remove(path)
            place.base.rmdir()
    return used


def _make_encryption_key() -> str:
    return "local:" + base64.b64encode(secrets.token_bytes(32)).decode()


def _make_instance(place: Place, *, fresh: bool) -> Path:
    """Return the folder of the lasting instance, or a new one for a throw-away."""
    if fresh:
        instance = Path(tempfile.mkdtemp(prefix=THROW_AWAY_PREFIX, dir=place.base))
    else:
        instance = place.base / "servers"
        instance.mkdir(exist_ok=True)
    instance.chmod(0o711 if place.server_user else 0o700)
    return instance


def _servers(place: Place, instance: Path, *, durable: bool = False) -> Servers:
    found = find_binaries()
    if place.server_user is not None:
        found = copy_binaries(found, place.base)
    sockets = place.make_private(socket_folder(place, instance))
    return Servers(
        Postgres(found.postgres_bin, place, instance, sockets, durable),
        Valkey(found.valkey_server, place, instance, sockets, durable),
        instance,
        sockets,
    )


def _instances(place: Place) -> list[Path]:
    return [path for path in place.base.iterdir() if (path / "users.lock").exists()]


def _sweep_throw_aways(place: Place) -> None:
    """Stop and remove the throw-away instances whose run has died."""
    for instance in _instances(place):
        if instance.name.startswith(THROW_AWAY_PREFIX) and _is_unused(instance):
            _servers(place, instance).stop()
            remove(instance)


def _share(instance: Path) -> int:
    """Enter the users of `instance`; return the descriptor whose lock says so."""
    descriptor = os.open(instance / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def _leave(servers: Servers, users: int, *, fresh: bool) -> None:
    """Leave the users; the last one stops the servers, and removes those of a throw-away."""
    os.close(users)
    if _is_unused(servers.instance):
        servers.stop(orderly=not fresh)
        if fresh:
            remove(servers.instance)


def _is_unused(instance: Path) -> bool:
    """Tell whether no living run holds the lock of `instance`; ask only under start.lock."""
    descriptor = os.open(instance / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path` alone; the kernel frees it if we die."""
    descriptor = _take_lock(path)
    try:
        yield
    finally:
        os.close(descriptor)


def _take_lock(path: Path) -> int:
    """Return the descriptor of the locked file; a file that `clean` removed while we waited does not count."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
        os.close(descriptor)
