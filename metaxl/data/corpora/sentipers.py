"""SentiPers: Persian product reviews, in the split that the paper's authors published.

Their data_index.txt names rows of sentipers.xlsx, counted from 0 beneath the heading (not the sheet's own index
column). Two kinds of entry cannot be used as they stand. None marks a text that the authors did not find again (1 of
train, 16 of dev, 8 of test). A few rows are neutral (3 of dev, 5 of test), and a task of two classes has no label for
them; each has a later duplicate with a polar label, which the authors must have meant.
"""

from __future__ import annotations

import logging
import unicodedata
import zipfile
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from metaxl.data.formats.data_index import official_index
from metaxl.data.formats.records import Record, drop_empty
from metaxl.errors import DataError
from metaxl.files import sha256_text
from metaxl.tasks import SPLITS

HEADING = ("index", "sid", "text", "polarity", "file")
POLARITIES = {"-2": "negative", "-1": "negative", "0": None, "+1": "positive", "+2": "positive"}
Unlabelled = Literal["resolve", "drop", "refill"]
Row = tuple[str, str | None]  # text and label; a neutral row has no label

logger = logging.getLogger(__name__)


def read(folder: Path, language: str, split: str, unlabelled: Unlabelled = "resolve", seed: int = 0) -> list[Record]:
    """Read one official split, in its order, from sentipers.xlsx and data_index.txt of a folder.

    Args:
        folder: of the two files.
        language: "fa".
        split: "train", "dev" or "test".
        unlabelled: what becomes of the entries that are None or neutral. "resolve" gives a neutral row the label of the
            first later row with the same text and a polar label, and leaves out None; "drop" leaves out both; "refill"
            replaces both by polar rows whose text no split has, so that the splits have 100, 1,000 and 1,000 rows. A
            warning counts them.
        seed: of the draw of those rows.
    """
    if language != "fa":
        raise DataError(f"sentipers: is in Persian ('fa'), not in {language!r}; name another reader for it.")
    index, sheet = folder / "data_index.txt", folder / "sentipers.xlsx"
    rows = _rows(sheet)
    official = {name: _entries(index, name, rows) for name in SPLITS}
    chosen = [_polar(rows, entry) for entry in official[split]]
    gaps = [position for position, row in enumerate(chosen) if row is None]
    if unlabelled == "resolve":
        for position in gaps:
            chosen[position] = _labelled_duplicate(rows, official[split][position])
    elif unlabelled == "refill":
        for position, row in zip(gaps, _draw_unused(rows, official, seed)[split], strict=True):
            chosen[position] = row
    records = [
        {"id": f"{split}-{position}", "text": row[0].strip(), "label": row[1]}
        for position, row in enumerate(chosen)
        if row is not None
    ]
    if gaps:
        lost, left_out = official[split].count(None), len(chosen) - len(records)
        message = "%s, fa %s: %d entries without a row and %d neutral ones; %s: %d left out"
        logger.warning(message, index, split, lost, len(gaps) - lost, unlabelled, left_out)
    return drop_empty(f"{sheet}, fa {split}", "review", records)


def _entries(index: Path, split: str, rows: Sequence[Row]) -> list[int | None]:
    """Return the row numbers of an official split, and None where the authors did not find the text again."""
    (entries,) = official_index(index, "fa", split)
    for position, entry in enumerate(entries):
        if entry is not None and not (isinstance(entry, int) and 0 <= entry < len(rows)):
            raise DataError(f"{index}, fa {split}, entry {position}: sentipers.xlsx has no row {entry!r}.")
    return entries


def _polar(rows: Sequence[Row], entry: int | None) -> Row | None:
    """Return the row of an entry if it has one with a polar label."""
    return None if entry is None or rows[entry][1] is None else rows[entry]


def _labelled_duplicate(rows: Sequence[Row], entry: int | None) -> Row | None:
    """Return the first row after a neutral one with the same text and a polar label."""
    if entry is None:
        return None
    text = rows[entry][0]
    return next((row for row in rows[entry + 1 :] if row[0] == text and row[1] is not None), None)


def _draw_unused(rows: Sequence[Row], official: Mapping[str, Sequence[int | None]], seed: int) -> dict[str, list[Row]]:
    """Draw a polar row for every entry without a label; its text is in no split and is drawn once."""
    texts = [unicodedata.normalize("NFC", " ".join(text.split())) for text, _ in rows]
    used = {"", *(texts[entry] for entries in official.values() for entry in entries if entry is not None)}
    unused: dict[str, int] = {}
    for number, text in enumerate(texts):
        if text not in used and _polar(rows, number):
            unused.setdefault(text, number)
    order = iter(sorted(unused.values(), key=lambda number: sha256_text(f"{seed}/{number}")))
    drawn: dict[str, list[Row]] = {}
    for split, entries in official.items():
        needed = sum(_polar(rows, entry) is None for entry in entries)
        drawn[split] = [rows[number] for number in islice(order, needed)]
        if len(drawn[split]) < needed:
            raise DataError(f"sentipers, fa {split}: {needed} entries to refill, {len(drawn[split])} unused rows left.")
    return drawn


def _rows(path: Path) -> list[Row]:
    """Read text and label of every row; a neutral row has the label None."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        workbook = load_workbook(path, read_only=True)
        cells = list(workbook.worksheets[0].iter_rows(values_only=True))
        workbook.close()
    except (OSError, zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError) as error:
        raise DataError(f"{path}: cannot be read as a workbook ({error}); download it again.") from error
    if not cells or cells[0] != HEADING:
        raise DataError(f"{path}: expected the columns {', '.join(HEADING)} in row 1; is it another file?")
    return [_row(f"{path}, row {number}", row) for number, row in enumerate(cells[1:], 2)]


def _row(place: str, row: tuple[Any, ...]) -> Row:
    text, polarity = row[2], str(row[3])
    if not isinstance(text, str) or polarity not in POLARITIES:
        raise DataError(f"{place}: expected a text and one of {', '.join(POLARITIES)}, found polarity {polarity!r}.")
    return text, POLARITIES[polarity]
