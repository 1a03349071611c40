"""A clock that does not fit the files: told before the first job, for Snakemake finds out after the last."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from metaxl.experiment.layout import STAGED
from metaxl.planning.pace import duration
from metaxl.planning.told import named

TOLERANCE = 60.0  # seconds
MOST = 3  # files that the message names


def ahead_of_clock(paths: Iterable[str | Path], now: float | None = None) -> str:
    """Return what to say of files that a run reads and that are newer than the clock; empty for none.

    Args:
        paths: what the jobs read; what is not there yet is passed over.
        now: seconds since 1970; None for what a file that is written now gets, on the disk of the results.
    """
    found = {str(path): changed for path in dict.fromkeys(paths) if (changed := _changed(Path(path))) is not None}
    now = _now() if now is None else now
    ahead = {path: changed - now for path, changed in found.items() if changed - now > TOLERANCE}
    if not ahead:
        return ""
    files = named(sorted(ahead, key=lambda path: -ahead[path]), MOST)
    many = f"{len(ahead)} files that are read are" if len(ahead) > 1 else "A file that is read is"
    clock = time.strftime("%Y-%m-%d %H:%M", time.localtime(now))
    return (
        f"note: {many} up to {duration(max(ahead.values()))} newer than this machine's clock ({clock}): {files}.\n"
        "Snakemake removes what is made from a file that is newer than it. If the clock is wrong, end this and set it "
        "right; else give the files the time of now: touch FILE, and for results --touch."
    )


def _now() -> float:
    """Return the time that the disk gives to a new file: a file server's clock may differ from this machine's."""
    STAGED.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=STAGED) as file:
        return Path(file.name).stat().st_mtime


def _changed(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None
