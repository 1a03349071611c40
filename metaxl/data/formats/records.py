"""Records, the form in which all data are written, made of the sentences and reviews that a corpus holds."""

from __future__ import annotations

import logging
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any

from metaxl.errors import DataError

Record = dict[str, Any]
logger = logging.getLogger(__name__)


def text_of(record: Record) -> str:
    """Return a record's text for comparison: NFC, one space between words."""
    text = " ".join(record["tokens"]) if "tokens" in record else record["text"]
    return unicodedata.normalize("NFC", " ".join(text.split()))


def words_of(record: Record) -> int:
    """Return how many words a record has: the tokens of a sentence; of a review, what stands between spaces."""
    return len(record["tokens"]) if "tokens" in record else len(record["text"].split())


Sentence = tuple[list[str], list[str]]


def number_sentences(place: str, sentences: Iterator[Sentence], split: str) -> list[dict[str, Any]]:
    """Return records {"id", "tokens", "tags"}; ids number the sentences from 0.

    Sentences without a token are left out, with a warning that counts them.

    Raises:
        DataError: none is left.
    """
    numbered = list(enumerate(sentences))
    records = [{"id": f"{split}-{n}", "tokens": tokens, "tags": tags} for n, (tokens, tags) in numbered if tokens]
    if not records:
        raise DataError(f"{place}: holds no sentence; get it again.")
    if len(records) < len(numbered):
        logger.warning("%s: %d sentences without a token left out", place, len(numbered) - len(records))
    return records


def not_empty(place: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the records with a text, and warn of those without.

    Raises:
        DataError: none is left.
    """
    kept = [record for record in records if record["text"]]
    if not kept:
        raise DataError(f"{place}: holds no review; download the files again.")
    if len(kept) < len(records):
        logger.warning("%s: %d empty reviews left out", place, len(records) - len(kept))
    counts = Counter(record["label"] for record in kept)
    logger.info("%s: %d negative, %d positive", place, counts["negative"], counts["positive"])
    return kept
