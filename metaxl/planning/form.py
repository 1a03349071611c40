"""Which task a file is meant for, as its columns or keys tell, whether or not its labels are what they should be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from metaxl.data.corpora import user_files
from metaxl.data.formats.faults import Faults
from metaxl.data.formats.objects import REVIEW, SENTENCE, json_file, json_lines
from metaxl.data.formats.sheet import delimiter_of
from metaxl.data.formats.table_columns import TAGS, WORDS
from metaxl.data.formats.text import GZIP, lines_of, read_text
from metaxl.data.tags import is_tag
from metaxl.errors import DataError
from metaxl.tasks import NER, SENTIMENT, SPLITS

HALF = 0.5  # the share of the lines that end in what is like a tag, of a file of tagged words
OBJECTS, SHEETS = (".json", ".jsonl"), (".csv", ".tsv")


def form_of(path: Path) -> str:
    """Return the task that a file, or the training file of a folder, is meant for; empty where it cannot be seen."""
    try:
        file = path if path.is_file() else user_files.find(path, SPLITS[0])
        name = file.name.removesuffix(GZIP)
        if not file.is_file() or not name.endswith(user_files.SUFFIXES) or name.endswith(".parquet"):
            return ""
        return _of_text(file, Path(name).suffix, read_text(file))
    except DataError:
        return ""  # whoever asks has the reader's own message


def _of_text(file: Path, suffix: str, text: str) -> str:
    if suffix in OBJECTS:
        rows = (json_lines if suffix == ".jsonl" else json_file)(str(file), text, Faults())
        _, first = next(rows, ("", {}))
        return _of_names(list(first), SENTENCE["tokens"], REVIEW["text"])
    lines = lines_of(text)
    if suffix in SHEETS:
        divider = "\t" if suffix == ".tsv" else delimiter_of(text)
        header = [name.strip(' "').lower() for name in lines[0].split(divider)]
        words = WORDS if set(TAGS) & set(header) else ()
        if found := _of_names(header, words, REVIEW["text"] if len(header) > 1 else ()):
            return found
    return NER.name if suffix not in SHEETS or _is_tagged(lines) else ""


def _of_names(names: Sequence[str], words: Sequence[str], texts: Sequence[str]) -> str:
    if set(words) & set(names):
        return NER.name
    return SENTIMENT.name if set(texts) & set(names) else ""


def _is_tagged(lines: Sequence[str]) -> bool:
    """Tell whether most lines end in a tag, in whatever case, or, where blank lines divide sentences, in a number."""
    blank = any(not line.strip() for line in lines[:-1])
    last = [cells[-1] for line in lines if len(cells := line.split()) > 1]
    like = sum(is_tag(cell.upper()) or (blank and cell.isdigit()) for cell in last)
    return bool(last) and like >= HALF * len(last)
