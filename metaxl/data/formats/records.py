"""Records: the form in which the sentences and reviews of every corpus are written."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Sequence
from typing import Any

from metaxl.errors import DataError

Record = dict[str, Any]
LONG_SENTENCE = 50  # words of a lone sentence that may be several
logger = logging.getLogger(__name__)


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
