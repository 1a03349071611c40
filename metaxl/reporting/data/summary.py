"""The data report: what the data hold, what the encoders make of them, which texts recur, and whose work they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from itertools import combinations
from operator import itemgetter
from pathlib import Path
from typing import Any

from tabulate import tabulate

from metaxl.data.counts import describe, different_texts
from metaxl.data.encode import Encoded, load_tokenizer
from metaxl.data.formats.records import Record, read_records
from metaxl.experiment.folds import split_code
from metaxl.experiment.layout import ENCODER, fill
from metaxl.files import read_json, write_json, write_text
from metaxl.reporting.data.credits import Credit, credits_of
from metaxl.reporting.data.files import DataFile, ReportSpec
from metaxl.reporting.data.subwords import count_subwords
from metaxl.reporting.markup import code, markdown
from metaxl.tasks import LabelSet, type_of

Facts = dict[str, Any]
Columns = dict[str, Callable[[Facts], Any]]  # of a table: what each shows of a row's facts
ADDRESS = ("task", "language", "part")
DATA_NOTE = """\
*Words* of an example: the tokens of a sentence; of a review, what stands between spaces, which in some scripts is more
than a word. *Of each type or class*: entities of each type, or texts of each class. *Repeated*: examples whose text
stands earlier in the same part. *Source*: what was drawn of a source language. All of these are counted, none is
dropped. Of a target with folds each fold's test stands here; together they are all its examples, each once."""
ENCODED_NOTE = """\
*Subwords a word* and *unknown*, the share of the subwords that are the tokenizer's unknown token, are of whole examples
without special tokens; a tokenizer of bytes has no unknown token. *Limit*: subwords kept of an example, special tokens
included; *examples cut* are longer. *Words cut off* lie beyond the limit; of *words without subword* the tokenizer
leaves nothing. Both are predicted O, so the *entities lost*, which begin with one of them, count as missed."""


def _counts(part: Facts) -> str:
    """Return how many entities of each type, or texts of each class, a part has."""
    counts = part["labels"]
    if "entities" in part:
        counts = {type_of(tag): count for tag, count in counts.items() if tag.startswith("B-")}
    return ", ".join(f"{markdown(kind)} {count:,}" for kind, count in counts.items())


def _percent(count: int | None, total: int) -> str:
    """Return a share in percent, to a tenth: a part has some thousand subwords."""
    if count is None or not total:
        return ""
    return "<0.1" if 0 < count / total < 0.0005 else f"{100 * count / total:.1f}"


ADDRESS_COLUMNS: Columns = {key: itemgetter(key) for key in ADDRESS}
DATA_COLUMNS: Columns = ADDRESS_COLUMNS | {
    "examples": itemgetter("examples"),
    "mean words": lambda part: f"{part['mean_words']:.1f}",
    "median words": lambda part: f"{part['median_words']:g}",
    "most words": itemgetter("most_words"),
    "entities": lambda part: part.get("entities"),
    "of each type or class": lambda part: _counts(part),
    "repeated": itemgetter("repeated"),
}
ENCODED_COLUMNS: Columns = {
    "encoder": itemgetter("encoder"),
    **ADDRESS_COLUMNS,
    "subwords a word": lambda part: f"{part['subwords'] / part['words']:.2f}",
    "unknown, %": lambda part: _percent(part["unknown"], part["subwords"]),
    "limit": itemgetter("limit"),
    "examples cut": itemgetter("examples_cut"),
    "words cut off": lambda part: part.get("words_cut_off"),
    "words without subword": lambda part: part.get("words_without_subword"),
    "entities lost": lambda part: part.get("entities_lost"),
}


def write_report(spec: ReportSpec, labels: dict[str, LabelSet], root: Path, out: Path) -> None:
    """Write report.json and report.md on the data beneath `root`, results/<name>, into `out`.

    Raises:
        EncoderError: an encoder has no tokenizer.
        ConfigError: the registry does not have a corpus.
    """
    records = {file: read_records(root / file.path) for file in spec.files}
    report = {
        "parts": [_address(file) | describe(examples) for file, examples in records.items()],
        "encoded": list(_encoded(records, labels, root)),
        "shared": _shared(records),
        "notes": _notes(spec, root),
        "sources": credits_of(spec),
    }
    write_json(out / "report.json", report)
    write_text(out / "report.md", _markdown(report))


def _address(file: DataFile) -> Facts:
    return {key: getattr(file, key) for key in ADDRESS}


def _encoded(records: dict[DataFile, list[Record]], labels: dict[str, LabelSet], root: Path) -> Iterable[Facts]:
    """Yield what each encoder makes of each file that it reads."""
    load = cache(
        lambda encoder, task: load_tokenizer(root / fill(ENCODER, encoder=encoder, file="tokenizer.json").parent, task)
    )
    for file, examples in records.items():
        for encoder in file.encoders:
            kept = Encoded.load(root / file.encoded(encoder))
            counts = count_subwords(load(encoder, file.task), file.task, examples, kept, labels[file.task].classes)
            yield {"encoder": encoder, **_address(file), "limit": file.limit, **counts}


def _shared(records: dict[DataFile, list[Record]]) -> dict[str, dict[str, int]]:
    """Count the different texts that stand in two files which ought to have none in common, by task and pair."""
    texts = {file: different_texts(examples) for file, examples in records.items()}
    shared: dict[str, dict[str, int]] = {file.task: {} for file in records}
    for one, other in combinations(records, 2):
        if one.task == other.task and _apart(one, other):
            shared[one.task][f"{one.label} & {other.label}"] = len(texts[one] & texts[other])
    return shared


def _apart(one: DataFile, other: DataFile) -> bool:
    """Return whether two files should share no text: a target's splits, or folds; a source set and any dev or test."""
    parts = {one.part, other.part}
    if "source" in parts:
        return bool(parts & {"dev", "test"})
    return split_code(one.language)[0] == split_code(other.language)[0]


def _notes(spec: ReportSpec, root: Path) -> list[str]:
    """Return what reading and encoding the files told, each once."""
    paths = [path for file in spec.files for path in file.all_facts()]
    return list(dict.fromkeys(note for path in paths for note in read_json(root / path)["notes"]))


def _markdown(report: dict[str, Any]) -> str:
    notes = [
        f"- {task}: {pair} share {count}"
        for task, pairs in report["shared"].items()
        for pair, count in pairs.items()
        if count
    ]
    sections = [
        "# Data",
        _table(report["parts"], DATA_COLUMNS),
        DATA_NOTE,
        "## Texts shared between parts",
        "\n".join(notes) or "- none",
        "## What reading the data told",
        "\n".join(f"- {markdown(' '.join(note.split()))}" for note in report["notes"]) or "- nothing",
        "## Subwords",
        _table(report["encoded"], ENCODED_COLUMNS),
        ENCODED_NOTE,
        "## Sources",
        "\n".join(map(_credit, report["sources"])),
    ]
    return "\n\n".join(sections) + "\n"


def _table(rows: list[Facts], columns: Columns) -> str:
    texts = [[show(row) for show in columns.values()] for row in rows]
    align = ["left" if name in ("encoder", *ADDRESS) else "right" for name in columns]
    return tabulate(texts, list(columns), tablefmt="github", disable_numparse=True, colalign=align)


def _credit(credit: Credit) -> str:
    """Return a source as a list item, with a line for each thing that is known of it."""
    where = code(credit["where"]) if "where" in credit else ""
    revision = f"revision {code(credit['revision'])}" if "revision" in credit else ""
    place = ", ".join(filter(None, (where, revision)))
    lines = [f"- {markdown(credit['used_for'])}: **{markdown(credit['title'])}**" + (f", {place}" if place else "")]
    lines += [
        f"  - {key}: {markdown(credit[key])}" for key in ("licence", "citation", "notes", "caveat") if key in credit
    ]
    return "\n".join(lines)
