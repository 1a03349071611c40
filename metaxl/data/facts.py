"""What is counted of every data file and every encoded file, and written beside it for the tables and reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaxl.data.formats.records import Record
from metaxl.tasks import entity_spans

if TYPE_CHECKING:
    from metaxl.data.encode import Encoded

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


def facts_of_encoded(encoded: Encoded, has_words: bool, file: Path, limit: int) -> Facts:
    """Return the words and entities of an encoded file, and how many of them a limit in subwords hides.

    Args:
        encoded: what was made of the file.
        has_words: whether its words have labels.
        file: for the note.
        limit: subwords that are kept of an example.
    """
    facts: Facts = {
        "words": len(encoded.gold),
        "words_lost": encoded.words_lost(),
        "entities": encoded.entities() if has_words else 0,
        "entities_lost": encoded.entities_lost() if has_words else 0,
    }
    note = (
        f"{file}: {facts['words_lost']:,} of {facts['words']:,} words have no subword within {limit} and are predicted "
        f"O; {facts['entities_lost']:,} of {facts['entities']:,} entities begin with one of them."
    )
    return facts | {"notes": [note] if facts["words_lost"] else []}
