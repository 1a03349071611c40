"""A copy of what a clone holds, after its first start."""

from __future__ import annotations

import compileall
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def copy_checkout(folder: Path) -> Path:
    """Copy what runs to a folder, with what Python and Snakemake keep beside the sources, and return the folder.

    To compile the package and to work out the digests of its code takes the first start of each copy five seconds.
    """
    _started()
    # What another process is writing beside the sources is hidden, or ends in a number, until it is moved into place.
    unfinished = shutil.ignore_patterns(".*", "*.pyc.*")
    for name in ("metaxl", "workflow", "envs"):
        shutil.copytree(ROOT / name, folder / name, ignore=unfinished)
    for name in ("Snakefile", "config.yaml"):
        shutil.copy(ROOT / name, folder / name)
    return folder


@cache
def _started() -> None:
    compileall.compile_dir(ROOT / "metaxl", quiet=1)
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "all", "--", "results/demo/config.json"]
    subprocess.run(command, cwd=ROOT, check=True, timeout=120, stdin=subprocess.DEVNULL)
