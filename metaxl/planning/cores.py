"""A run that starts more at once than the machine has cores: told before the first job."""

from __future__ import annotations

import os


def too_many_cores(asked: int | None) -> str:
    """Return what to say of so many cores for the jobs of this machine; empty where it has them.

    Args:
        asked: Snakemake's --cores; None where jobs go elsewhere.
    """
    there = os.cpu_count() or 1
    if asked is None or asked <= there:
        return ""
    return (
        f"note: {asked} cores were asked for, and this machine has {there}: so many trainings share them, each takes "
        f"longer and all of them more memory. --cores {there} is as fast."
    )
