"""Finds a Chromium for the browser tests, or installs the distribution's package where that is allowed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_PATHS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def find_chromium() -> Path | None:
    """Return the browser's program: $CHROMIUM, else one on the path; None when there is none."""
    for name in (os.environ.get("CHROMIUM"), *NAMES, *MAC_PATHS):
        found = shutil.which(name) if name else None
        if found:
            return Path(found)
    return None


def install_chromium() -> Path | None:
    """Return the browser's program; where it is missing, root on Debian or Ubuntu installs the package first."""
    found = find_chromium()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (
            ["update", "-q"],
            ["install", "-qy", "--no-install-recommends", "chromium"],
        ):
            subprocess.run(
                ["apt-get", *arguments], env=environment, stdin=subprocess.DEVNULL, check=False
            )
        found = find_chromium()
    return found
