"""Records: the form in which the sentences and reviews of every corpus are written."""

from __future__ import annotations

import logging
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any

from metaxl.errors import DataError

Record = dict[str, Any]
Sentence = tuple[list[str], list[str]]  # tokens and their tags
logger = logging.getLogger(__name__)


def text_of(record: Record) -> str:
    """Return a record's text for comparison: NFC, one space between words."""
    text = " ".join(record["tokens"]) if "tokens" in record else record["text"]
    return unicodedata.normalize("NFC", " ".join(text.split()))


def words_of(record: Record) -> int:
    """Return how many words a record has: a sentence's tokens, or what stands between the spaces of a review."""
    return len(record["tokens"]) if "tokens" in record else len(record["text"].split())


def number_sentences(place: str, sentences: Iterator[Sentence], split: str) -> list[Record]:
    """Return sentences as records {"id", "tokens", "tags"}; the ids number them from 0.

    Sentences without a token are left out; a warning counts them.

    Raises:
        DataError: no sentence is left.
    """
    numbered = list(enumerate(sentences))
    records = [{"id": f"{split}-{n}", "tokens": tokens, "tags": tags} for n, (tokens, tags) in numbered if tokens]
    if not records:
        raise DataError(f"{place}: holds no sentence; get it again.")
    if len(records) < len(numbered):
        logger.warning("%s: %d sentences without a token left out", place, len(numbered) - len(records))
    return records


def drop_empty(place: str, records: list[Record]) -> list[Record]:
    """Return the reviews that have a text; a warning counts the others.

    Raises:
        DataError: no review is left.
    """
    kept = [record for record in records if record["text"]]
    if not kept:
        raise DataError(f"{place}: holds no review; download the files again.")
    if len(kept) < len(records):
        logger.warning("%s: %d empty reviews left out", place, len(records) - len(kept))
    counts = Counter(record["label"] for record in kept)
    logger.info("%s: %d negative, %d positive", place, counts["negative"], counts["positive"])
    return kept
