"""Chooses the folders of the embedded servers, and the user that they run as; never changes a parent's permissions."""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
LONGEST_SOCKET_PATH = 99  # sun_path holds 104 bytes on macOS and 108 on Linux
LONGEST_SOCKET_NAME = len("/.s.PGSQL.5432.lock")


class PlaceRefused(Exception):
    """A folder of the embedded servers belongs to somebody else or can be written by others; it is left alone."""


@dataclass(frozen=True)
class ServerUser:
    """The unprivileged user that the servers run as when root starts them."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Place:
    """The folder of one checkout's servers."""

    base: Path
    server_user: ServerUser | None  # None: the servers run as the user who starts them

    def make_private(self, folder: Path) -> Path:
        """Make `folder` (0700) for the servers alone; its parent must exist. Return it."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.server_user is not None:
            os.chown(folder, self.server_user.uid, self.server_user.gid)
        folder.chmod(0o700)
        return folder

    def hand_over(self, path: Path) -> None:
        """Give the file `path` to the servers' user."""
        if self.server_user is not None:
            os.chown(path, self.server_user.uid, self.server_user.gid)


def place_of_checkout(project: Path = PROJECT) -> Place:
    """Make the folder for the servers of the checkout `project` where it is missing; return it with their user."""
    base = base_of_checkout(project)
    if os.geteuid() != 0:
        return Place(_owned_folder(base, 0o700), None)
    nobody = pwd.getpwnam("nobody")
    return Place(_owned_folder(base, 0o711), ServerUser(nobody.pw_uid, nobody.pw_gid))


def base_of_checkout(project: Path = PROJECT) -> Path:
    """Return the folder in which the servers of the checkout `project` live.

    An ordinary user: `.data/` of the project. Root: PostgreSQL refuses to run as root, and `nobody` may not reach
    the project, so a folder under /var/tmp that is named after the project's path.
    """
    if os.geteuid() != 0:
        return project / ".data"
    return _reachable_temporary_folder() / f"peresmenka-{_short_hash(project)}"


def socket_folder(place: Place, instance: Path) -> Path:
    """Return the folder for the sockets of `instance`: inside it, or a short one where the path would be too long."""
    inside = instance / "run"
    if len(os.fsencode(inside)) + LONGEST_SOCKET_NAME <= LONGEST_SOCKET_PATH:
        return inside
    short = Path("/tmp") / f"peresmenka-{os.geteuid()}-{_short_hash(instance)}"
    return _owned_folder(short, 0o711 if place.server_user else 0o700) / "run"


def _reachable_temporary_folder() -> Path:
    """Return a folder for temporary files in which every user may reach their own files."""
    for folder in (Path("/var/tmp"), Path("/tmp")):
        if folder.is_dir() and all(
            parent.stat().st_mode & stat.S_IXOTH for parent in (folder, *folder.parents)
        ):
            return folder
    raise PlaceRefused("Neither /var/tmp nor /tmp can be reached by every user.")


def _owned_folder(folder: Path, mode: int) -> Path:
    """Make `folder` with `mode` or take the existing one; raise PlaceRefused when it is not safely ours."""
    try:
        folder.mkdir(mode=mode)
        folder.chmod(mode)  # the umask may have taken bits away
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise PlaceRefused(f"{folder} is not a folder. Remove it and start again.") from None
        if found.st_uid != os.geteuid():
            raise PlaceRefused(
                f"{folder} belongs to user {found.st_uid}. Remove it, or run as that user."
            ) from None
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PlaceRefused(
                f"{folder} can be written by other users. Remove it and start again."
            ) from None
    return folder


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:10]
