"""Which files an experiment's data lie in, and which encoders read each: what the data report is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metaxl.experiment.config import Config, TaskSettings
from metaxl.experiment.folds import split_code
from metaxl.experiment.layout import (
    DATA,
    DATA_FACTS,
    ENCODED_SOURCE,
    ENCODED_TARGET,
    SOURCE,
    SOURCE_FACTS,
    TARGET_FACTS,
    fill,
)
from metaxl.tasks import SPLITS


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of the data; its paths are relative to the folder of the experiment's results.

    Attributes:
        task: "ner" or "sentiment".
        language: its code.
        part: "train", "dev" or "test" of a target, or "source": a source language's drawn examples.
        drawn: how many were drawn; 0 of a target's split.
        corpus: its reader: "files", "synthetic" or a corpus of the registry.
        folder: of your own files; empty for every other corpus.
        limit: subwords that an encoder keeps of an example, special tokens included.
        encoders: that read it.
    """

    task: str
    language: str
    part: str
    drawn: int
    corpus: str
    folder: str
    limit: int
    encoders: tuple[str, ...]

    @property
    def label(self) -> str:
        """Return how a reader finds it again: "qu dev"."""
        return f"{self.language} {self.part}"

    @property
    def path(self) -> Path:
        """Return the path of its records."""
        return fill(SOURCE if self.drawn else DATA, **self._address)

    def encoded(self, encoder: str) -> Path:
        """Return the path of its subwords."""
        return fill(ENCODED_SOURCE if self.drawn else ENCODED_TARGET, encoder=encoder, **self._address)

    def all_facts(self) -> list[Path]:
        """Return the paths of what reading and encoding it told; of a draw, what reading all that it is from told."""
        read = fill(DATA_FACTS, **self._address | {"split": SPLITS[0] if self.drawn else self.part})
        pattern = SOURCE_FACTS if self.drawn else TARGET_FACTS
        return [read, *(fill(pattern, encoder=encoder, **self._address) for encoder in self.encoders)]

    @property
    def _address(self) -> dict[str, object]:
        return {"task": self.task, "language": self.language, "split": self.part, "size": self.drawn}


@dataclass(frozen=True, slots=True)
class ReportSpec:
    """All that the data report depends on, besides the data and the code.

    Attributes:
        files: each file of the data, once.
        encoders: what those that read them are made of, by name: {hub, revision}, {folder} or {pretrain}.
    """

    files: tuple[DataFile, ...]
    encoders: dict[str, dict[str, Any]]

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> ReportSpec:
        """Read back what the workflow wrote to a file."""
        files = (DataFile(**{**file, "encoders": tuple(file["encoders"])}) for file in value["files"])
        return cls(tuple(files), value["encoders"])


def report_spec(config: Config) -> ReportSpec:
    """Return what the data report of a configuration is about; settings of training are no part of it."""
    files = tuple(file for task in config.tasks for file in _files(config, task))
    used = dict.fromkeys(encoder for file in files for encoder in file.encoders)
    return ReportSpec(files, {encoder: config.encoders[encoder] for encoder in used})


def _files(config: Config, task: TaskSettings) -> Iterator[DataFile]:
    """Yield each target's splits and each source's drawn examples, those that Figure 1 shows among them.

    Of a cross-validated target the tests of its folds: together they are all its examples, each once.
    """
    encoders: dict[tuple[str, str], list[str]] = {}
    codes = [code for target in task.targets for code in config.codes(task.name, target.language)]
    parts = [(code, split) for code in codes for split in (SPLITS[2:] if split_code(code)[1] else SPLITS)]
    for place in [*parts, *((language, "source") for language in task.sources())]:
        encoders[place] = [task.encoder]
    if config.figure and config.figure.task == task.name:
        for place in [*((config.figure.target, split) for split in SPLITS), (config.figure.source, "source")]:
            encoders.setdefault(place, []).append(config.figure.encoder)
    for (language, part), readers in encoders.items():
        corpus, training = config.corpus(task.name, language), task.training
        own = config.own_data(task.name, language)
        yield DataFile(
            task=task.name,
            language=language,
            part=part,
            drawn=task.source_size if part == "source" else 0,
            corpus=corpus,
            folder=own.path if own else "",
            limit=training.max_length if part in ("source", "train") else training.eval_max_length,
            encoders=tuple(dict.fromkeys(readers)),
        )
