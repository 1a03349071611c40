"""One split of one language from any corpus, and the draw of the source sets."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from metaxl.data.draw import draw_target
from metaxl.data.formats.records import Record
from metaxl.data.tags import map_types, to_iob2
from metaxl.errors import DataError
from metaxl.tasks import find_task

DROP = "drop"
logger = logging.getLogger(__name__)

# The corpora that have data of both tasks: their readers take the task. Every other corpus is a module of
# metaxl.data.corpora by its own name.
OF_BOTH_TASKS = {"files": "metaxl.data.corpora.user_files", "synthetic": "metaxl.demo.corpus"}


def reader_module(corpus: str) -> str:
    """Return the module whose `read` reads a corpus."""
    return OF_BOTH_TASKS.get(corpus, f"metaxl.data.corpora.{corpus}")


def read_split(
    corpus: str,
    task: str,
    language: str,
    split: str,
    folder: Path,
    *,
    labels: Mapping[str, str] | None = None,
    drawn: Mapping[str, int] | None = None,
    **options: Any,
) -> list[Record]:
    """Read one split of one language; tags are in IOB2, and labels are mapped.

    Args:
        corpus: "files", "synthetic" or a corpus of the registry.
        task: "ner" or "sentiment".
        language: the language's code.
        split: "train", "dev" or "test".
        folder: where the language's files lie.
        labels: what types of entities, or labels of texts, become; "O" is no entity, and "drop" leaves the text out.
        drawn: the "size" of a target's split and the "seed" of its draw, where it has more examples than are wanted.
        options: what the corpus's own reader takes besides.

    Returns:
        Records {"id", "tokens", "tags"} or {"id", "text", "label"}. The ids number the examples of the file from 0;
        empty ones of a corpus are left out, and a warning counts them.

    Raises:
        DataError: the data are missing or malformed; the message has the file, and the line, row or entry.
    """
    # The reader is imported by its name, so that reading one corpus loads no library of another and depends on no
    # other reader's code.
    read: Callable[..., list[Record]] = import_module(reader_module(corpus)).read
    if corpus in OF_BOTH_TASKS:
        options["task"] = task
    if corpus == "files":
        options["labels"] = labels
    records = read(folder, language, split, **options)
    place = f"{folder}, {language} {split}"
    mapped = (_with_tags if find_task(task).has_words else _with_labels)(place, records, labels or {})
    return draw_target(mapped, split, drawn["size"], drawn["seed"], place) if drawn else mapped


def _with_tags(place: str, records: Sequence[Record], types: Mapping[str, str]) -> list[Record]:
    converted: Counter[str] = Counter()
    mapped: Counter[str] = Counter()
    for record in records:
        record["tags"] = map_types(to_iob2(record["tags"], converted), types, mapped)
    _tell(place, "tags were brought to IOB2, the same entities", converted)
    _tell(place, "entities were mapped", mapped)
    return list(records)


def _with_labels(place: str, records: Sequence[Record], labels: Mapping[str, str]) -> list[Record]:
    mapped: Counter[str] = Counter()
    # A class that the data call "drop" stays: only the mapping drops.
    kept = [record for record in records if labels.get(record["label"]) != DROP]
    mapped.update(f"{record['label']} to {DROP}" for record in records if labels.get(record["label"]) == DROP)
    for record in kept:
        old = record["label"]
        record["label"] = labels.get(old, old)
        if record["label"] != old:
            mapped[f"{old} to {record['label']}"] += 1
    _tell(place, "labels were mapped", mapped)
    if not kept:
        raise DataError(f"{place}: the mapping of labels drops every example; change labels.")
    return kept


def _tell(place: str, what: str, changed: Counter[str]) -> None:
    if changed:
        listed = ", ".join(f"{name} ({count:,})" for name, count in sorted(changed.items()))
        logger.warning("%s: %s %s: %s.", place, f"{changed.total():,}", what, listed)
