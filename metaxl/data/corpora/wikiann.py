"""WikiANN as the hub has it: parquet files with the columns tokens and ner_tags."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from metaxl.data.formats.parquet import read_parquet
from metaxl.data.formats.records import Record, drop_empty
from metaxl.errors import DataError
from metaxl.tasks import NER

if TYPE_CHECKING:
    from datasets import Features


def read(folder: Path, language: str, split: str) -> list[Record]:
    """Read one split of the language whose train.parquet, validation.parquet and test.parquet are in a folder."""
    path, rows, features = read_parquet(folder, split, ("tokens", "ner_tags"))
    names = _tag_names(path, features)
    records = []
    for number, (tokens, tags) in enumerate(rows):
        place = f"{path}, row {number}"
        if not isinstance(tokens, list) or not isinstance(tags, list) or not all(isinstance(t, str) for t in tokens):
            raise DataError(f"{place}: expected a list of tokens and a list of tags.")
        if len(tokens) != len(tags):
            raise DataError(f"{place}: {len(tokens)} tokens but {len(tags)} tags.")
        named = [_name(place, tag, names) for tag in tags]
        records.append({"id": f"{split}-{number}", "tokens": tokens, "tags": named})
    return drop_empty(str(path), "sentence", records)


def _tag_names(path: Path, features: Features) -> Sequence[str]:
    """Return the names of the integer tags: those that the file itself states, or else WikiANN's."""
    kind = getattr(features["ner_tags"], "feature", None)
    names: Sequence[str] = getattr(kind, "names", NER.usual)  # `kind` is a ClassLabel
    unknown = [name for name in names if name not in NER.usual]
    if unknown:
        raise DataError(f"{path}: unknown tag {unknown[0]!r} in its description; allowed are {', '.join(NER.usual)}.")
    return names


def _name(place: str, tag: object, names: Sequence[str]) -> str:
    """Return the name of a tag, which may be given by name or by number."""
    if isinstance(tag, int) and 0 <= tag < len(names):
        return names[tag]
    if tag in NER.usual:
        return str(tag)
    raise DataError(f"{place}: unknown tag {tag!r}; allowed are 0 to {len(names) - 1} or {', '.join(NER.usual)}.")
