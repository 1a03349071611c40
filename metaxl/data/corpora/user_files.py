"""Your own data: a folder with train, dev and test as CoNLL (token TAB tag) or JSON lines, or a WikiANN archive."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metaxl.data.formats.archive import read_member
from metaxl.data.formats.lines import numbered_lines
from metaxl.data.formats.prefixed import parse_prefixed
from metaxl.data.formats.records import Record
from metaxl.errors import DataError, did_you_mean
from metaxl.tasks import NER, SENTIMENT, Task, find_task

CONLL = (".tsv", ".conll", ".txt")
SUFFIXES = (*CONLL, ".jsonl", "")  # without a suffix: unpacked from a WikiANN archive
ARCHIVE = ".tar.gz"


def find(folder: Path, split: str) -> Path:
    """Return the file of a split: a file of the folder, or the archive itself where `folder` is one.

    Raises:
        DataError: the folder has no such file, or more than one.
    """
    if folder.name.endswith(ARCHIVE) and folder.is_file():
        return folder
    found = [folder / f"{split}{suffix}" for suffix in SUFFIXES if (folder / f"{split}{suffix}").is_file()]
    if len(found) == 1:
        return found[0]
    if found:
        raise DataError(f"{folder}: {', '.join(path.name for path in found)} are all there; keep one {split} file.")
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    state = f"it holds {', '.join(names[:8]) or 'nothing'}" if folder.is_dir() else "the folder does not exist"
    forms = ", ".join(filter(None, SUFFIXES))
    raise DataError(f"{folder}: expected {split} with one of {forms}; {state}.")


def read(folder: Path, language: str, split: str, task: str) -> list[Record]:
    """Read one split of a user's language.

    Args:
        folder: the folder of the files, or a WikiANN archive.
        language: its code, the prefix of every token of an archive.
        split: "train", "dev" or "test".
        task: "ner" or "sentiment".

    Raises:
        DataError: the file is missing, empty, not UTF-8 or malformed; the message has file and line.
    """
    path = find(folder, split)
    if not find_task(task).has_words and path.suffix != ".jsonl":
        raise DataError(f"{path}: sentiment data are JSON lines with text and label; save it as {split}.jsonl.")
    if path.name.endswith(ARCHIVE):
        return parse_prefixed(f"{path}, {split}", read_member(path, split), language, split)
    if not path.suffix:
        return parse_prefixed(str(path), path.read_bytes(), language, split)
    parse = _conll if path.suffix in CONLL else _ner_json if find_task(task).has_words else _review_json
    records = list(parse(path, numbered_lines(str(path), path.read_bytes())))
    if not records:
        raise DataError(f"{path}: no {find_task(task).units.removesuffix('s')} in it.")
    return [{"id": f"{split}-{number}", **record} for number, record in enumerate(records)]


def _conll(path: Path, lines: Iterator[tuple[int, str]]) -> Iterator[Record]:
    tokens: list[str] = []
    tags: list[str] = []
    for number, line in lines:
        if not line.strip(" \t"):
            if tokens:
                yield {"tokens": tokens, "tags": tags}
            tokens, tags = [], []
            continue
        columns = line.split("\t")
        if len(columns) != 2 or not columns[0].strip():
            raise DataError(f"{path}:{number}: expected token TAB tag, found {len(columns)} column(s): {line!r}.")
        tokens.append(columns[0])
        tags.append(_known(NER, columns[1].strip(), path, number))
    if tokens:
        yield {"tokens": tokens, "tags": tags}


def _ner_json(path: Path, lines: Iterator[tuple[int, str]]) -> Iterator[Record]:
    for number, value in _objects(path, lines):
        tokens, tags = _field(value, "tokens", list, path, number), _field(value, "tags", list, path, number)
        if len(tokens) != len(tags):
            raise DataError(f"{path}:{number}: {len(tokens)} tokens but {len(tags)} tags; they must be as many.")
        if not tokens or not all(isinstance(token, str) and token.strip() for token in tokens):
            raise DataError(f"{path}:{number}: tokens must be a list of words, none of them empty.")
        yield {"tokens": tokens, "tags": [_known(NER, tag, path, number) for tag in tags]}


def _review_json(path: Path, lines: Iterator[tuple[int, str]]) -> Iterator[Record]:
    for number, value in _objects(path, lines):
        text = _field(value, "text", str, path, number)
        if not text.strip():
            raise DataError(f"{path}:{number}: the text is empty; remove the line.")
        label = _known(SENTIMENT, _field(value, "label", str, path, number), path, number)
        yield {"text": text, "label": label}


def _objects(path: Path, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, Record]]:
    for number, line in lines:
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise DataError(f"{path}:{number}: not a JSON object: {error}.") from error
        if not isinstance(value, dict):
            raise DataError(f"{path}:{number}: expected a JSON object, found {type(value).__name__}.")
        yield number, value


def _field(value: Record, name: str, kind: type, path: Path, number: int) -> Any:
    if name not in value:
        raise DataError(f"{path}:{number}: no {name!r}; found {', '.join(value)}.{did_you_mean(name, value)}")
    if not isinstance(value[name], kind):
        raise DataError(f"{path}:{number}: {name} must be a {kind.__name__}, found {value[name]!r}.")
    return value[name]


def _known(task: Task, label: Any, path: Path, number: int) -> str:
    if label in task.labels:
        return str(label)
    kinds = ", ".join(task.labels)
    hint = did_you_mean(str(label), task.labels)
    raise DataError(f"{path}:{number}: unknown label {label!r}; expected one of {kinds}.{hint}")
