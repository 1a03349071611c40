"""One split of one language from any corpus, and the draw of the source sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from metaxl.data.formats.records import Record
from metaxl.errors import DataError
from metaxl.files import sha256_text

# The corpora that have data of both tasks: their readers take the task. Every other corpus is a module of
# metaxl.data.corpora by its own name.
OF_BOTH_TASKS = {"files": "metaxl.data.corpora.user_files", "synthetic": "metaxl.demo.corpus"}


def reader_module(corpus: str) -> str:
    """Return the module whose `read` reads a corpus."""
    return OF_BOTH_TASKS.get(corpus, f"metaxl.data.corpora.{corpus}")


def read_split(corpus: str, task: str, language: str, split: str, folder: Path, **options: Any) -> list[Record]:
    """Read one split of one language.

    Args:
        corpus: "files", "synthetic" or a corpus of the registry.
        task: "ner" or "sentiment".
        language: the language's code.
        split: "train", "dev" or "test".
        folder: where the language's files lie, or its WikiANN archive.
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
    return read(folder, language, split, **({"task": task} if corpus in OF_BOTH_TASKS else {}), **options)


def subsample(records: Sequence[Record], size: int, seed: int, place: str) -> list[Record]:
    """Draw `size` records by the order of hash(seed, id): nested over sizes, independent of file order and platform.

    Raises:
        DataError: there are fewer records than asked for.
    """
    if size > len(records):
        raise DataError(f"{place}: {size} examples asked for, {len(records)} are there; lower source_size.")
    return sorted(records, key=lambda record: sha256_text(f"{seed}/{record['id']}"))[:size]
