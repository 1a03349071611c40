"""Frames of text for the tables of a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd


def written(path: Path) -> pd.DataFrame:
    """Return a CSV file as text: a language may be called "na"."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def framed(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> pd.DataFrame:
    """Return rows as a frame of text with these columns, also where there are no rows."""
    return pd.DataFrame([{name: str(row.get(name, "")) for name in columns} for row in rows], columns=list(columns))
