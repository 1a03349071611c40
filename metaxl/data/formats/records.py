"""Records: the form in which the sentences and reviews of every corpus are written."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metaxl.errors import DataError
from metaxl.files import read_jsonl

Record = dict[str, Any]
LONG_SENTENCE = 50  # words of a lone sentence that may be several
logger = logging.getLogger(__name__)


def read_records(path: Path) -> list[Record]:
    """Read the records of a file that the workflow wrote.

    Raises:
        DataError: it is missing, no plain file, which might never end, or damaged.
    """
    try:
        if not path.is_file():
            raise ValueError("missing, or no plain file")
        records = read_jsonl(path)
        if not all(isinstance(record, dict) and ("tokens" in record or "text" in record) for record in records):
            raise ValueError("a line is no sentence and no text")
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: damaged ({error}); remove it, and the same command makes it again.") from error
    return records


def text_of(record: Record) -> str:
    """Return a record's text for comparison alone: case, width, invisible characters and spaces make no difference."""
    text = " ".join(record["tokens"]) if "tokens" in record else record["text"]
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join("".join(letter for letter in folded if unicodedata.category(letter) != "Cf").split())


def words_of(record: Record) -> int:
    """Return how many words a record has: a sentence's tokens, or what stands between the spaces of a review."""
    return len(record["tokens"] if "tokens" in record else record["text"].split())


def drop_empty(place: str, unit: str, records: Sequence[Record]) -> list[Record]:
    """Return the records that have a word; a warning counts the others. `unit` is "sentence" or "review".

    Raises:
        DataError: none is left.
    """
    kept = [record for record in records if words_of(record)]
    if not kept:
        raise DataError(f"{place}: holds no {unit}; download it again.")
    if len(kept) < len(records):
        logger.warning("%s: %d empty %ss left out", place, len(records) - len(kept), unit)
    return kept
