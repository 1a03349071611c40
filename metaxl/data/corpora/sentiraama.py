"""Sentiraama: Telugu product reviews, in the split that the paper's authors published.

Their data_index.txt names lines of product_pos.txt and product_neg.txt, counted from 0, under the name "tir".
"""

from __future__ import annotations

from pathlib import Path

from metaxl.data.formats.data_index import official_index, read_text
from metaxl.data.formats.records import Record, drop_empty
from metaxl.errors import DataError

LABELS = {"product_pos.txt": "positive", "product_neg.txt": "negative"}


def read(folder: Path, language: str, split: str) -> list[Record]:
    """Read one official split, in its order, from product_pos.txt, product_neg.txt and data_index.txt of a folder."""
    if language != "te":
        raise DataError(f"sentiraama: is in Telugu ('te'), not in {language!r}; name another reader for it.")
    index = folder / "data_index.txt"
    numbers, names = official_index(index, "tir", split)
    if len(numbers) != len(names):
        raise DataError(f"{index}, tir {split}: {len(numbers)} lines but {len(names)} file names.")
    lines = {name: read_text(folder / name).split("\n") for name in LABELS}
    records = []
    for position, (number, name) in enumerate(zip(numbers, names, strict=True)):
        if name not in lines or not isinstance(number, int) or not 0 <= number < len(lines[name]):
            raise DataError(f"{index}, tir {split}, entry {position}: there is no line {number!r} in {name!r}.")
        text = lines[name][number].strip()
        records.append({"id": f"{split}-{position}", "text": text, "label": LABELS[name]})
    return drop_empty(f"{folder}, tir {split}", "review", records)
