"""Which files an experiment's data lie in, and which encoders read each: what the data report is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from metaxl.experiment.config import Config, Figure, TaskSettings
from metaxl.experiment.layout import DATA, ENCODED_SOURCE, ENCODED_TARGET, SOURCE, fill
from metaxl.tasks import SPLITS


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the data; its paths are relative to the folder of the experiment's results.

    Attributes:
        task: "ner" or "sentiment".
        language: its code.
        name: "train", "dev" or "test" of a target, or "source": a source language's drawn examples.
        drawn: how many were drawn; 0 of a target's split.
        corpus: its reader: "files", "synthetic" or a corpus of the registry.
        folder: of your own files; empty for every other corpus.
        limit: subwords that an encoder keeps of an example, special tokens included.
        encoders: that read it.
    """

    task: str
    language: str
    name: str
    drawn: int
    corpus: str
    folder: str
    limit: int
    encoders: tuple[str, ...]

    @property
    def label(self) -> str:
        """Return how a reader finds it again: "qu dev"."""
        return f"{self.language} {self.name}"

    @property
    def data(self) -> Path:
        """Return the path of its records."""
        return fill(SOURCE if self.drawn else DATA, **self._address)

    def encoded(self, encoder: str) -> Path:
        """Return the path of its subwords."""
        return fill(ENCODED_SOURCE if self.drawn else ENCODED_TARGET, encoder=encoder, **self._address)

    @property
    def _address(self) -> dict[str, object]:
        return {"task": self.task, "language": self.language, "split": self.name, "size": self.drawn}


@dataclass(frozen=True, slots=True)
class ReportSpec:
    """All that the data report depends on, besides the files and the code.

    Attributes:
        parts: each file of the data, once.
        encoders: what those that read them are made of, by name: {hub, revision}, {folder} or {pretrain}.
    """

    parts: tuple[Part, ...]
    encoders: dict[str, dict[str, Any]]

    def files(self) -> list[Path]:
        """Return the files of the data, plain and encoded, relative to the folder of the experiment's results."""
        encoded = [part.encoded(encoder) for part in self.parts for encoder in part.encoders]
        return [*(part.data for part in self.parts), *encoded]

    def to_dict(self) -> dict[str, Any]:
        """Return what the workflow writes to a file for the report."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> ReportSpec:
        """Read a parsed `to_dict` back."""
        parts = [Part(**{**part, "encoders": tuple(part["encoders"])}) for part in value["parts"]]
        return cls(tuple(parts), value["encoders"])


def report_spec(config: Config) -> ReportSpec:
    """Return what the data report of a configuration is about; settings of training are no part of it."""
    parts = tuple(part for task in config.tasks for part in _parts(config, task))
    used = dict.fromkeys(encoder for part in parts for encoder in part.encoders)
    return ReportSpec(parts, {encoder: config.encoders[encoder] for encoder in used})


def _parts(config: Config, task: TaskSettings) -> Iterator[Part]:
    """Yield each target's splits and each source's drawn examples, Figure 1's among them."""
    figure = config.figure if config.figure and config.figure.task == task.name else None
    for target in task.targets:
        encoders = _encoders(task.encoder, figure, figure is not None and figure.target == target.language)
        for split in SPLITS:
            yield _part(config, task, target.language, split, encoders)
    for language in task.sources():
        encoders = _encoders(task.encoder, figure, figure is not None and figure.source == language)
        yield _part(config, task, language, "source", encoders)
    if figure and figure.source not in task.sources():
        yield _part(config, task, figure.source, "source", (figure.encoder,))


def _encoders(own: str, figure: Figure | None, shown: bool) -> tuple[str, ...]:
    """Return the task's encoder and, for what Figure 1 shows, the figure's."""
    return tuple(dict.fromkeys([own, figure.encoder])) if figure and shown else (own,)


def _part(config: Config, task: TaskSettings, language: str, name: str, encoders: tuple[str, ...]) -> Part:
    corpus = config.corpus(task.name, language)
    training = task.training
    return Part(
        task=task.name,
        language=language,
        name=name,
        drawn=task.source_size if name == "source" else 0,
        corpus=corpus,
        folder=config.files[task.name][language] if corpus == "files" else "",
        limit=training.max_length if name in ("source", "train") else training.eval_max_length,
        encoders=encoders,
    )
