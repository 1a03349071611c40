"""Amazon reviews of the Multilingual Amazon Reviews Corpus, as parquet files with columns text and label.

Labels count stars from 0: 0 and 1 are negative, 3 and 4 positive. Three stars (2) are left out here, before any
subset is drawn, as the paper's authors do.
"""

from __future__ import annotations

from pathlib import Path

from metaxl.data.formats.parquet import read_parquet
from metaxl.data.formats.records import Record, drop_empty
from metaxl.errors import DataError

LABELS = ("negative", "negative", None, "positive", "positive")


def read(folder: Path, language: str, split: str) -> list[Record]:
    """Read one split of the language whose train.parquet, validation.parquet and test.parquet are in a folder."""
    path, rows, _ = read_parquet(folder, split, ("text", "label"))
    records = []
    for number, (text, stars) in enumerate(rows):
        if not isinstance(stars, int) or not 0 <= stars < len(LABELS):
            raise DataError(f"{path}, row {number}: label {stars!r} is not one of 0 to {len(LABELS) - 1} (stars - 1).")
        if text is not None and not isinstance(text, str):
            raise DataError(f"{path}, row {number}: expected a text, found {type(text).__name__}.")
        label = LABELS[stars]
        if label is not None:
            records.append({"id": f"{split}-{number}", "text": (text or "").strip(), "label": label})
    return drop_empty(str(path), "review", records)
