"""Compiles the message catalogues in pure Python: GNU gettext's tools may be missing."""

from __future__ import annotations

from pathlib import Path

import polib

from peresmenka.local.places import PROJECT


def compile_translations(folder: Path = PROJECT / "locale") -> int:
    """Compile each .po below `folder` that is newer than its .mo; return how many were compiled."""
    stale = [path for path in sorted(folder.glob("*/LC_MESSAGES/*.po")) if _is_stale(path)]
    for path in stale:
        polib.pofile(str(path), check_for_duplicates=True).save_as_mofile(
            str(path.with_suffix(".mo"))
        )
    return len(stale)


def _is_stale(path: Path) -> bool:
    compiled = path.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime < path.stat().st_mtime
