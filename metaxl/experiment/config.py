"""The effective configuration: preset, config.yaml and overlays merged, validated and typed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from metaxl.errors import ConfigError, did_you_mean
from metaxl.experiment.folds import fold_code, split_code
from metaxl.experiment.schema import defaults
from metaxl.experiment.settings import Placement, Switches, Training


@dataclass(frozen=True, slots=True)
class Target:
    """A target language and, where there is one, a source language related to it."""

    language: str
    related: str | None = None


@dataclass(frozen=True, slots=True)
class OwnData:
    """Where a language's own files lie, and how they are read.

    Attributes:
        path: a folder, a file or an archive.
        splits: the shares of dev and test that are split off; empty where each has a file.
        folds: the number of folds of a cross-validation; 0 for none.
        columns: the columns of words and tags (or texts and labels), by number from 1 or by name, where not usual.
        names: the names of integer tags.
    """

    path: str
    splits: dict[str, float] = field(default_factory=dict)
    folds: int = 0
    columns: dict[str, int | str] = field(default_factory=dict)
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskSettings:
    """One task's experiment: which languages, from which sources, at which layers."""

    name: str
    encoder: str
    corpus: str | dict[str, str]
    source: str
    source_size: int
    targets: tuple[Target, ...]
    placement: Placement
    placements: tuple[Placement, ...]
    training: Training
    labels: dict[str, str]
    positive: str = ""
    target_sizes: dict[str, int] = field(default_factory=dict)  # of its splits, where fewer are wanted than there are

    def sources(self) -> tuple[str, ...]:
        """Return the source languages in use, the common one first, each once."""
        related = [target.related for target in self.targets if target.related]
        return tuple(dict.fromkeys([self.source, *related])) if self.targets else ()


@dataclass(frozen=True, slots=True)
class Variant:
    """Settings that differ from the task's in further rows of its table.

    Attributes:
        label: what the rows are called, behind the method.
        methods: which methods have such a row.
        tasks: in the tables of which tasks.
        training: hyper-parameters that differ.
        method: switches that differ.
        encoder: another encoder; empty for the task's.
        source_size: another size of the source set; 0 for the task's.
    """

    label: str
    methods: tuple[str, ...]
    tasks: tuple[str, ...]
    training: dict[str, Any]
    method: dict[str, Any]
    encoder: str = ""
    source_size: int = 0

    def of(self, task: TaskSettings) -> TaskSettings:
        """Return a task's settings with what differs laid over them."""
        return replace(
            task,
            training=replace(task.training, **self.training),
            encoder=self.encoder or task.encoder,
            source_size=self.source_size or task.source_size,
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """The target, source and layers whose [CLS] vectors Figure 1 shows."""

    task: str
    encoder: str
    target: str
    source: str
    placement: Placement


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a run depends on; built by `load_config` only."""

    name: str
    label: str
    paper_numbers: Literal["beside", "absent"]
    seeds: tuple[int, ...]
    data_seed: int
    source_draw: Literal["hash", "official"]
    controls: tuple[str, ...]
    keep_models: Literal["best", "all", "none"]
    checkpoint_minutes: float
    other_records: Literal["refuse", "accept"]
    strict: bool
    encoders: dict[str, dict[str, Any]]
    files: dict[str, dict[str, OwnData]]
    synthetic: dict[str, int]
    sentipers: Literal["resolve", "drop", "refill"]
    tasks: tuple[TaskSettings, ...]
    method: Switches
    figure: Figure | None
    variants: dict[str, Variant] = field(default_factory=dict)
    device: Literal["auto", "cpu", "gpu"] = "auto"  # of a run, not of its results, whose config.json leaves it out

    def varied(self, name: str) -> Config:
        """Return the configuration of a variant's cells: its settings laid over these; "" for none.

        Raises:
            ConfigError: there is no such variant.
        """
        if not name:
            return self
        if name not in self.variants:
            known = ", ".join(self.variants) or "there are none"
            raise ConfigError(f"variants: {name!r} is none of them ({known}).{did_you_mean(name, self.variants)}")
        variant = self.variants[name]
        tasks = tuple(variant.of(task) if task.name in variant.tasks else task for task in self.tasks)
        return replace(self, tasks=tasks, method=replace(self.method, **variant.method), variants={})

    def variations(self) -> list[Config]:
        """Return this configuration and that of each variant."""
        return [self, *map(self.varied, self.variants)]

    def task(self, name: str) -> TaskSettings:
        """Return the task called `name`.

        Raises:
            ConfigError: the task has no targets in this configuration.
        """
        for task in self.tasks:
            if task.name == name:
                return task
        raise ConfigError(f"{name}: this configuration has no targets for it; list some under {name}.targets.")

    def own_data(self, task: str, code: str) -> OwnData | None:
        """Return what is said of a language's own files, or of those of one of its folds; None where it has none."""
        language, fold = split_code(code)
        own = self.files[task].get(language)
        return own if own and fold <= own.folds else None

    def folds(self, task: str, language: str) -> int:
        """Return how many folds a target's own data have; 0 where they are not cross-validated."""
        own = self.files[task].get(language)
        return own.folds if own else 0

    def codes(self, task: str, language: str) -> list[str]:
        """Return a target's code, or those of its folds."""
        folds = self.folds(task, language)
        return [fold_code(language, fold) for fold in range(1, folds + 1)] or [language]

    def corpus(self, task: str, language: str) -> str:
        """Return the reader of a language's data: "files" or a corpus name.

        Raises:
            ConfigError: neither files nor a corpus are given for the language.
        """
        own = self.files[task]
        if self.own_data(task, language):
            return "files"
        corpus = self.task(task).corpus
        named = corpus if isinstance(corpus, str) else corpus.get(language, "")
        if not named:
            known = [*own, *(corpus if isinstance(corpus, dict) else [])]
            raise ConfigError(
                f"{task}: no data for language {language!r}.{did_you_mean(language, known)} "
                f"Name its folder under files.{task}.{language} or its reader under {task}.corpus."
            )
        return named


def default_switches() -> Switches:
    """Return the schema's defaults of `method`."""
    return Switches(**defaults("method"))
