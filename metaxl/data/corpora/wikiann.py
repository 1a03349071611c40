"""WikiANN as the hub has it: parquet files with the columns tokens and ner_tags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from metaxl.data.formats.parquet import read_parquet
from metaxl.data.formats.records import Record, Sentence, number_sentences
from metaxl.errors import DataError
from metaxl.tasks import NER

if TYPE_CHECKING:
    from datasets import Dataset


def read(folder: Path, language: str, split: str) -> list[Record]:
    """Read one split of the language whose train.parquet, validation.parquet and test.parquet are in a folder.

    Returns:
        Records as `number_sentences` makes them.

    Raises:
        DataError: the file is missing, or a row is malformed; the message names the row.
    """
    path, rows = read_parquet(folder, split, ["tokens", "ner_tags"])
    return number_sentences(str(path), _sentences(path, rows), split)


def _sentences(path: Path, rows: Dataset) -> Iterator[Sentence]:
    names = _tag_names(path, rows)
    for number, (tokens, tags) in enumerate(zip(rows["tokens"], rows["ner_tags"], strict=True)):
        place = f"{path}, row {number}"
        if not isinstance(tokens, list) or not isinstance(tags, list) or not all(isinstance(t, str) for t in tokens):
            raise DataError(f"{place}: expected a list of tokens and a list of tags.")
        if len(tokens) != len(tags):
            raise DataError(f"{place}: {len(tokens)} tokens but {len(tags)} tags.")
        yield tokens, [_name(place, tag, names) for tag in tags]


def _tag_names(path: Path, rows: Dataset) -> Sequence[str]:
    """Return the names of the integer tags: those that the file itself states, or else WikiANN's.

    Raises:
        DataError: the file states a name that is no tag here.
    """
    kind = getattr(rows.features["ner_tags"], "feature", None)
    names: Sequence[str] = getattr(kind, "names", NER.labels)  # `kind` is a ClassLabel
    unknown = [name for name in names if name not in NER.labels]
    if unknown:
        raise DataError(f"{path}: unknown tag {unknown[0]!r} in its description; allowed are {', '.join(NER.labels)}.")
    return names


def _name(place: str, tag: object, names: Sequence[str]) -> str:
    """Return the name of a tag, which may be given by name or by number; the library checks neither."""
    if isinstance(tag, int) and 0 <= tag < len(names):
        return names[tag]
    if tag in NER.labels:
        return str(tag)
    raise DataError(f"{place}: unknown tag {tag!r}; allowed are 0 to {len(names) - 1} or {', '.join(NER.labels)}.")
