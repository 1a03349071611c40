"""Facts of a part of the data: its examples, words, labels and repeated texts, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import mean, median
from typing import Any

from metaxl.data.formats.records import Record, text_of, words_of


def describe(records: Sequence[Record]) -> dict[str, Any]:
    """Count what a part holds: examples, words an example, labels, repeated texts and badly formed tags."""
    words = [words_of(record) for record in records]
    labels = Counter(label for record in records for label in record.get("tags", [record.get("label")]))
    facts: dict[str, Any] = {
        "examples": len(records),
        "mean_words": round(mean(words), 2),
        "median_words": median(words),
        "most_words": max(words),
        "repeated": len(records) - len(different_texts(records)),
        "labels": dict(sorted(labels.items())),
    }
    if "tags" in records[0]:
        facts["entities"] = sum(tag.startswith("B-") for record in records for tag in record["tags"])
    return facts


def different_texts(records: Sequence[Record]) -> set[str]:
    """Return the texts of a part, each of them once."""
    return {text_of(record) for record in records}
