"""Whether an encoder folder can serve an experiment."""

from __future__ import annotations

from pathlib import Path


def faults_of_encoder(folder: Path, *, layers: int, longest: int) -> list[str]:
    """Return nothing."""
    return []
