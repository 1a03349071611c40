"""A file or folder that somebody brings for a language: its task, its splits and its examples."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metaxl.data.corpora import user_files
from metaxl.data.facts import Facts, facts_of_records
from metaxl.data.formats.records import LONG_SENTENCE, Record, words_of
from metaxl.data.formats.text import refuse_long_name
from metaxl.errors import DataError
from metaxl.planning.form import form_of
from metaxl.planning.inspection import lines_of, read_quietly
from metaxl.planning.told import named
from metaxl.tasks import SPLITS, TASKS, find_task

FEWEST = 10  # examples of which train, dev and test can be made
CROSSED, FOLDS = 300, 5  # below so many examples of one file, a cross-validation with so many folds
SHARE = 0.2  # of the examples for each split that is split off
URL = re.compile(r"[a-z][a-z0-9+]+:/")  # a path keeps but one of its slashes


@dataclass(frozen=True, slots=True)
class Brought:
    """What was found at a path.

    Attributes:
        path: as it was given.
        train: the file of its training examples.
        records: of each split that is there; of one file all of them, as "train".
    """

    language: str
    task: str
    path: str
    train: str
    records: dict[str, list[Record]]

    @property
    def examples(self) -> list[Record]:
        """Return all examples of all splits."""
        return [record for records in self.records.values() for record in records]

    def kinds(self) -> list[str]:
        """Return the types of its entities, or the classes of its texts."""
        return sorted(self.counts())

    def counts(self) -> Mapping[str, int]:
        """Return how often each type of entity, or each class, occurs."""
        facts: Facts = facts_of_records(self.examples, [])
        return Counter(facts["entities" if find_task(self.task).has_words else "labels"])

    def own_data(self) -> str | dict[str, Any]:
        """Return how a target's data are to be named under `files`: with what makes the splits that it lacks.

        Raises:
            DataError: there are too few examples to split.
        """
        lacking = [split for split in SPLITS[1:] if split not in self.records]
        if not lacking:
            return self.path
        count = len(self.examples)
        if count < FEWEST:
            words = max(map(words_of, self.examples))
            hint = f" One of them has {words:,} words: a blank line ends a sentence." if words > LONG_SENTENCE else ""
            raise DataError(
                f"{self.path}: {count} examples are too few to make train, dev and test of them; bring at least "
                f"{FEWEST}, better a hundred.{hint}"
            )
        whole = self.train if len(lacking) > 1 else self.path
        if len(lacking) > 1 and count < CROSSED:
            return {"path": whole, "folds": FOLDS}
        return {"path": whole, "splits": dict.fromkeys(lacking, SHARE)}

    def trained(self) -> int:
        """Return about how many examples a target is trained on."""
        own = self.own_data()
        if isinstance(own, str):
            return len(self.records[SPLITS[0]])
        kept: float = 1 - 2 / own["folds"] if "folds" in own else 1 - sum(own["splits"].values())
        return round(len(self.records[SPLITS[0]]) * kept)

    def described(self) -> str:
        """Return what was found in a sentence."""
        units = find_task(self.task).units
        sizes = ", ".join(f"{split} {len(records):,}" for split, records in self.records.items())
        held = f"{len(self.examples):,} {units}" + (f" ({sizes})" if len(self.records) > 1 else "")
        words = sum(map(words_of, self.examples))
        counts = named([f"{kind} {count:,}" for kind, count in sorted(self.counts().items())]) or "none"
        what = "entities" if find_task(self.task).has_words else "labels"
        return f"{self.path}: {self.language}, {held}, {words:,} words; {what}: {counts}."


def bring(path: Path, language: str, task: str | None) -> Brought:
    """Read what lies at a path; which task it is for is seen from what it holds, unless it is given.

    Raises:
        DataError: there is nothing, it cannot be read, or it holds neither tagged sentences nor texts with labels.
    """
    if URL.match(str(path)):
        raise DataError("The data are named by a url; download the file and name its path.")
    refuse_long_name(path)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder; name the file with your sentences, or the folder of them.")
    refused: dict[str, DataError] = {}
    for name in [task] if task else TASKS:
        try:
            return _bring(path, language, name)
        except DataError as error:
            refused[name] = error
    raise _refusal(path, refused)


def _refusal(path: Path, refused: dict[str, DataError]) -> DataError:
    """Return the one message that helps: of the reader whose columns or keys the file has, else of all."""
    meant = form_of(path)
    if len({str(error) for error in refused.values()}) == 1 or meant in refused:
        return refused.get(meant, next(iter(refused.values())))
    ner, sentiment = (lines_of(refused[name])[0].removesuffix(".") for name in TASKS)
    return DataError(
        f"{path}: holds neither sentences with a tag for each word ({ner}) nor texts with a label ({sentiment}). Name "
        "what it should be with --task."
    )


def _bring(path: Path, language: str, task: str) -> Brought:
    files = {SPLITS[0]: path} if path.is_file() and not _is_archive(path) else _split_files(path)
    records = {split: read_quietly("files", task, language, split, path)[0] for split in files}
    return Brought(language, task, str(path), str(files[SPLITS[0]]), records)


def _is_archive(path: Path) -> bool:
    return path.name.endswith(user_files.ARCHIVE)


def _split_files(folder: Path) -> dict[str, Path]:
    """Return the file of each split of a folder.

    Raises:
        DataError: it has none for train.
    """
    files = {SPLITS[0]: user_files.find(folder, SPLITS[0])}
    for split in SPLITS[1:]:
        try:
            files[split] = user_files.find(folder, split)
        except DataError:  # it is to be split off
            continue
    return files
