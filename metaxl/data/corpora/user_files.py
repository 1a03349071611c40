"""Your own data, in whatever form they come: a folder with a file a split, one file, an archive, a saved data set."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from metaxl.data.checked import checked_reviews, checked_sentences, unmarked_sentences
from metaxl.data.formats.archive import read_member
from metaxl.data.formats.arrow import is_saved, parquet_rows, saved_rows, splits_of
from metaxl.data.formats.columns import read_columns
from metaxl.data.formats.examples import Example, named
from metaxl.data.formats.faults import Faults
from metaxl.data.formats.objects import REVIEW, SENTENCE, examples_of, json_file, json_lines
from metaxl.data.formats.records import Record
from metaxl.data.formats.sheet import delimiter_of, named_rows, read_word_rows, rows_of
from metaxl.data.formats.text import GZIP, decoded, read_text, refuse_long_name
from metaxl.data.splits import fold_parts, share_out
from metaxl.errors import DataError
from metaxl.tasks import SPLITS, find_task

logger = logging.getLogger(__name__)
COLUMNS = (".tsv", ".conll", ".txt", ".bio", ".iob", ".iob2")
SUFFIXES = (*COLUMNS, ".jsonl", ".json", ".csv", ".parquet")
ARCHIVE = ".tar.gz"
NAMES = {"train": ("train",), "dev": ("dev", "valid", "validation", "val"), "test": ("test",)}
SHARD = re.compile(r"-\d{5}-of-\d{5}")
Rows = Iterator[tuple[str, dict[str, Any]]]


def find(path: Path, split: str, *, splits: Mapping[str, float] | None = None, folds: int = 0) -> Path:
    """Return the file, folder or archive that a split is read from.

    Args:
        path: a folder with a file a split, one file, a WikiANN archive, or a saved data set.
        split: "train", "dev" or "test".
        splits: the shares that are split off train, of the parts that have no file.
        folds: the folds of a cross-validation, which are made of train; 0 for none.

    Raises:
        DataError: there is no such file, or more than one.
    """
    path = path.expanduser()
    refuse_long_name(path)
    if folds:
        return _of_folds(path, folds)
    if path.name.endswith(ARCHIVE) and path.is_file():
        if splits:
            raise DataError(f"{path}: has train, dev and test of its own; leave out splits.")
        return path
    if path.is_file():
        return _one_file(path, split, bool(splits and split in splits))
    if not path.is_dir():
        state = "is no plain file and no folder" if path.exists() else "does not exist"
        raise DataError(f"{path}: {state}; expected a folder with train, dev and test, or a file.")
    if is_saved(path):
        return _part_of_saved(path, split, bool(splits and split in splits))
    found = _files(path, split)
    if not found and splits and split in splits:
        found = _files(path, SPLITS[0])
    if len({SHARD.sub("", file.name) for file in found}) == 1:
        return found[0]
    if found:
        raise DataError(f"{path}: {', '.join(file.name for file in found)} are all there; keep one {split} file.")
    raise DataError(_lacking(path, split))


def _of_folds(path: Path, folds: int) -> Path:
    """Return the one file that is cross-validated; what has parts of its own is none."""
    parts = [name for name in SPLITS[1:] if path.is_dir() and not is_saved(path) and _files(path, name)]
    parts += [name for name in SPLITS[1:] if path.is_dir() and {*NAMES[name]} & {*splits_of(path)}]
    if parts or path.name.endswith(ARCHIVE):
        raise DataError(
            f"{path}: has {' and '.join(parts) or 'dev and test'} of its own, but folds cross-validate one file; leave "
            f"out `folds: {folds}`, or bring all examples in one file."
        )
    return find(path, SPLITS[0])


def _one_file(path: Path, split: str, is_split: bool) -> Path:
    suffix = _suffix(path)[1]
    if suffix not in SUFFIXES and suffix:
        hint = "; unpack it" if suffix in (".zip", ".7z", ".rar", ".tar", ".tgz") else ""
        raise DataError(f"{path}: expected one of {', '.join(SUFFIXES)}, plain or {GZIP}{hint}.")
    if split == SPLITS[0] or is_split:
        return path
    raise DataError(
        f"{path}: is one file, and {split} must come from somewhere: write {{path: {path}, splits: {{dev: 0.2, test: "
        f"0.2}}}} or {{path: {path}, folds: 5}} in its place under files, or bring a folder with train, dev and test."
    )


def _part_of_saved(path: Path, split: str, is_split: bool) -> Path:
    names = splits_of(path)
    if not names:
        return _one_file_of(path, split, is_split)
    wanted = [name for name in NAMES[split] if name in names]
    if not wanted and is_split:
        wanted = [name for name in NAMES[SPLITS[0]] if name in names]
    if not wanted:
        raise DataError(f"{path}: has no {split}, only {', '.join(names)}. {_advice(path, split)}")
    return path / wanted[0]


def _one_file_of(path: Path, split: str, is_split: bool) -> Path:
    if split == SPLITS[0] or is_split:
        return path
    raise DataError(f"{path}: is a data set without splits. {_advice(path, split)}")


def _files(folder: Path, split: str) -> list[Path]:
    """Return the files of a split: train.tsv, valid.jsonl.gz, or train-00000-of-00002.parquet, also below data/."""
    places = [folder, folder / "data"]
    found = [
        file
        for place in places
        if place.is_dir()
        for file in sorted(place.iterdir())
        if SHARD.sub("", _suffix(file)[0]) in NAMES[split] and _suffix(file)[1] in ("", *SUFFIXES)
    ]
    return [file for file in found if not file.is_dir()]


def _suffix(path: Path) -> tuple[str, str]:
    """Return a file's name without its suffix, and the suffix in lower case, that of compression left out."""
    name = path.name.removesuffix(GZIP)
    suffix = Path(name).suffix
    return (name, "") if suffix not in SUFFIXES and SHARD.search(name) else (name.removesuffix(suffix), suffix.lower())


def _lacking(folder: Path, split: str) -> str:
    names = sorted(path.name for path in folder.iterdir())
    held = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    advice = _advice(folder, split) if split != SPLITS[0] else ""
    return (
        f"{folder}: expected {split} with one of {', '.join(SUFFIXES)}; it holds {held or 'nothing'}. {advice}".rstrip()
    )


def _advice(path: Path, split: str) -> str:
    return (
        f"Bring it, or split it off train: write {{path: {path}, splits: {{{split}: 0.2}}}} in its place under files."
    )


def read(
    folder: Path,
    language: str,
    split: str,
    task: str,
    *,
    splits: Mapping[str, float] | None = None,
    folds: int = 0,
    fold: int = 0,
    columns: Mapping[str, int | str] | None = None,
    names: Sequence[str] | None = None,
    seed: int = 0,
    labels: Mapping[str, str] | None = None,
) -> list[Record]:
    """Read one split of a user's language.

    Args:
        folder: see `find`.
        language: its code, which precedes every word in WikiANN's own form.
        split: "train", "dev" or "test".
        task: "ner" or "sentiment".
        splits: see `find`; likewise folds.
        folds: their number.
        fold: which of them, from 1; 0 for the whole file, as a source language's train.
        columns: the columns of "word" and "tag", or of "text" and "label", by number from 1 or by name.
        names: the names of integer labels.
        seed: of the order by which the file is split.
        labels: what types or labels become later; parts are made so that each has its share of the mapped ones.

    Raises:
        DataError: a file is missing or malformed; every kind of fault is told.
    """
    path = find(folder, split, splits=splits, folds=folds)
    whole = bool(splits) and path == find(folder, SPLITS[0])  # the file that dev or test are split off
    member = "all" if whole or folds else split
    records = _records(path, language, split, task, dict(columns or {}), list(names or []))
    numbered = [{"id": f"{member}-{number}", **record} for number, record in enumerate(records)]
    if fold:
        return fold_parts(numbered, folds, fold, seed, str(path), labels)[split]
    if folds and split != SPLITS[0]:
        raise DataError(f"{path}: is cross-validated, so {language} has no {split} of its own; name one of its folds.")
    if whole and splits:
        off = {name: share for name, share in splits.items() if find(folder, name, splits=splits) == path}
        return share_out(numbered, off, seed, str(path), labels)[split]
    return numbered


def _records(
    path: Path, language: str, split: str, task: str, columns: dict[str, int | str], names: list[str]
) -> list[Record]:
    faults, kind = Faults(), find_task(task)
    file = f"{path}, {split}" if path.name.endswith(ARCHIVE) else str(path)
    examples = list(_examples(path, file, split, kind.has_words, columns, names, faults))
    wikiann = path.name.endswith(ARCHIVE) or (path.is_file() and not _suffix(path)[1])
    if not kind.has_words:
        records = checked_reviews(file, examples, faults)
    elif wikiann:
        records = unmarked_sentences(examples, language, faults)
    else:
        records = checked_sentences(file, examples, language, faults)
    faults.refuse()
    if not records:
        raise DataError(f"{file}: no {kind.units.removesuffix('s')} in it.")
    return records


def _examples(
    path: Path,
    file: str,
    split: str,
    has_words: bool,
    columns: dict[str, int | str],
    names: list[str],
    faults: Faults,
) -> Iterator[Example]:
    """Yield the examples of a file, a folder or an archive by the form that its name tells."""
    keys, suffix = SENTENCE if has_words else REVIEW, _suffix(path)[1]
    if path.name.endswith(ARCHIVE) and has_words:
        yield from read_columns(file, decoded(file, read_member(path, split)), columns, faults)
    elif path.is_dir() or suffix == ".parquet":
        rows, own = saved_rows(path) if path.is_dir() else parquet_rows(shards(path))
        yield from named(examples_of(file, rows, keys, columns, faults, {} if names else own), names)
    elif suffix in (".jsonl", ".json"):
        parse = json_lines if suffix == ".jsonl" else json_file
        yield from named(examples_of(file, parse(file, read_text(path), faults), keys, columns, faults), names)
    elif has_words and suffix == ".csv":
        text = read_text(path)
        yield from named(read_word_rows(file, rows_of(file, text, delimiter_of(text), faults), columns, faults), names)
    elif has_words:
        yield from named(read_columns(file, read_text(path), columns, faults), names)
    elif suffix in (".csv", ".tsv"):
        text = read_text(path)
        cells = rows_of(file, text, "\t" if suffix == ".tsv" else delimiter_of(text), faults)
        yield from named(examples_of(file, named_rows(file, cells, columns, faults), keys, columns, faults), names)
    else:
        raise DataError(f"{path}: texts with a label come as .jsonl, .json, .csv, .tsv or .parquet; save them as one.")


def shards(path: Path) -> list[Path]:
    """Return all parts of a file of a split: the shards where it is the first of several, else itself."""
    pattern = SHARD.sub("-?????-of-?????", path.name)
    return sorted(path.parent.glob(pattern)) if SHARD.search(path.name) else [path]
