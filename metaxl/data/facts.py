"""What is counted of every data file and every encoded file, and written beside it for the tables and reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metaxl.data.encode import Encoded
from metaxl.data.formats.records import Record
from metaxl.tasks import entity_spans

Facts = dict[str, Any]


def facts_path(path: Path) -> Path:
    """Return where the facts of a data file lie."""
    return path.with_suffix(".facts.json")


def facts_of_records(records: Sequence[Record], notes: Sequence[str]) -> Facts:
    """Return the examples, labels and entities of a data file, counted, and what reading it told."""
    labels = Counter(label for record in records for label in record.get("tags", [record.get("label")]))
    entities = Counter(kind for record in records for kind, *_ in entity_spans(record.get("tags", []), strict=False))
    return {
        "examples": len(records),
        "labels": dict(sorted(labels.items())),
        "entities": dict(sorted(entities.items())),
        "notes": list(notes),
    }


def facts_of_encoded(encoded: Encoded, has_words: bool, notes: Sequence[str]) -> Facts:
    """Return the words and entities of an encoded file, and how many of them the length limit hides."""
    return {
        "words": len(encoded.gold),
        "words_lost": encoded.words_lost(),
        "entities": encoded.entities() if has_words else 0,
        "entities_lost": encoded.entities_lost() if has_words else 0,
        "notes": list(notes),
    }
