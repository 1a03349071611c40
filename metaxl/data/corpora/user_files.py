"""Your own data: train, dev and test as CoNLL (token TAB tag), as JSON lines, or as WikiANN's archives have them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from metaxl.data.formats.archive import read_member
from metaxl.data.formats.records import Record
from metaxl.errors import DataError, did_you_mean
from metaxl.tasks import NER, SENTIMENT, Task, find_task

CONLL = (".tsv", ".conll", ".txt")
SUFFIXES = (*CONLL, ".jsonl", "")  # without a suffix: unpacked from a WikiANN archive
ARCHIVE = ".tar.gz"
Lines = Iterable[tuple[str, str]]  # the place of each line, "file:number", and its text


def find(folder: Path, split: str, *, splits: object = None, folds: int = 0) -> Path:
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
    """Read one split of a user's language from a folder or an archive, in which `language` precedes every token."""
    path, kind = find(folder, split), find_task(task)
    if not kind.has_words and path.suffix != ".jsonl":
        raise DataError(f"{path}: sentiment data are JSON lines with text and label; save it as {split}.jsonl.")
    archived = path.name.endswith(ARCHIVE)
    file = f"{path}, {split}" if archived else str(path)
    lines = _lines(file, read_member(path, split) if archived else path.read_bytes())
    if path.suffix == ".jsonl":
        parse = _sentence if kind.has_words else _review
        records = [parse(place, _object(place, line)) for place, line in lines if line.strip()]
    else:
        records = list(_sentences(lines, _conll if path.suffix in CONLL else partial(_wikiann, language)))
    if not records:
        raise DataError(f"{file}: no {kind.units.removesuffix('s')} in it.")
    return [{"id": f"{split}-{number}", **record} for number, record in enumerate(records)]


def _lines(file: str, content: bytes) -> Iterator[tuple[str, str]]:
    """Yield the place and the text of each line; LF or CRLF ends it, and a leading byte order mark is removed."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{file}:{line}: byte {error.start} is not UTF-8; convert the file to UTF-8.") from error
    # Not splitlines(): it would also cut at U+0085 and U+2028, which may stand inside a token.
    for number, line_with_return in enumerate(text.split("\n"), 1):
        yield f"{file}:{number}", line_with_return.removesuffix("\r")


def _sentences(lines: Lines, parse: Callable[[str, str], tuple[str, str]]) -> Iterator[Record]:
    """Yield the sentences of lines with a token and its tag each; blank lines stand between sentences."""
    for blank, group in groupby(lines, key=lambda line: not line[1].strip(" \t")):
        if not blank:
            tokens, tags = zip(*(parse(place, line) for place, line in group), strict=True)
            yield {"tokens": list(tokens), "tags": list(tags)}


def _conll(place: str, line: str) -> tuple[str, str]:
    columns = line.split("\t")
    if len(columns) != 2 or not columns[0].strip():
        raise DataError(f"{place}: expected token TAB tag, found {len(columns)} column(s): {line!r}.")
    return columns[0], _known(NER, columns[1].strip(), place)


def _wikiann(language: str, place: str, line: str) -> tuple[str, str]:
    """Split a line of WikiANN's original form at its tab and its first colon: tokens may hold further colons."""
    columns = line.split("\t")
    prefix, colon, token = columns[0].partition(":")
    if len(columns) != 2 or not colon:
        raise DataError(f"{place}: expected '{language}:token<TAB>tag', found {line!r}.")
    if prefix != language:
        raise DataError(f"{place}: a token of {prefix!r} in the data of {language!r}; is it another language's file?")
    return token, _known(NER, columns[1], place)


def _object(place: str, line: str) -> Record:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise DataError(f"{place}: not a JSON object: {error}.") from error
    if not isinstance(value, dict):
        raise DataError(f"{place}: expected a JSON object, found {type(value).__name__}.")
    return value


def _sentence(place: str, value: Record) -> Record:
    tokens, tags = _field(place, value, "tokens", list), _field(place, value, "tags", list)
    if len(tokens) != len(tags):
        raise DataError(f"{place}: {len(tokens)} tokens but {len(tags)} tags; they must be as many.")
    if not tokens or not all(isinstance(token, str) and token.strip() for token in tokens):
        raise DataError(f"{place}: tokens must be a list of words, none of them empty.")
    return {"tokens": tokens, "tags": [_known(NER, tag, place) for tag in tags]}


def _review(place: str, value: Record) -> Record:
    text = _field(place, value, "text", str)
    if not text.strip():
        raise DataError(f"{place}: the text is empty; remove the line.")
    return {"text": text, "label": _known(SENTIMENT, _field(place, value, "label", str), place)}


def _field(place: str, value: Record, name: str, kind: type) -> Any:
    if name not in value:
        raise DataError(f"{place}: no {name!r}; found {', '.join(value)}.{did_you_mean(name, value)}")
    if not isinstance(value[name], kind):
        raise DataError(f"{place}: {name} must be a {kind.__name__}, found {value[name]!r}.")
    return value[name]


def _known(task: Task, label: Any, place: str) -> str:
    if label in task.usual:
        return str(label)
    kinds, hint = ", ".join(task.usual), did_you_mean(str(label), task.usual)
    raise DataError(f"{place}: unknown label {label!r}; expected one of {kinds}.{hint}")
