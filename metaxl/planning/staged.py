"""What a job is made of, as a file whose time tells Snakemake whether its output is of the same.

Times of files that were copied, moved or unpacked tell nothing, and Snakemake's own memory of parameters does not come
with a copied folder of results. The content of the output itself does.
"""

from __future__ import annotations

import os
from pathlib import Path

from metaxl.experiment.layout import STAGED
from metaxl.files import write_text

LONG_AGO = (1, 1)  # of access and of change, in seconds since 1970


def stage(path: Path, content: str, same: bool) -> Path:
    """Write what an output is to be made of, and return where: an input that is older than the output, or newer.

    Args:
        path: of the output, relative to the project's root.
        content: what it is to be made of.
        same: whether the output that is there is made of that.
    """
    staged = STAGED / path
    if not staged.is_file() or staged.read_text(encoding="utf-8") != content:
        _place(staged, content)
    os.utime(staged, LONG_AGO if same else None)
    return staged


def _place(staged: Path, content: str) -> None:
    """Write the file; an empty one, of which no half can be read, without waiting for the disk: each cell has one."""
    if content:
        write_text(staged, content)
    else:
        staged.parent.mkdir(parents=True, exist_ok=True)
        staged.write_bytes(b"")
