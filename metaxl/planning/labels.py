"""The classes of a task: those that its corpora are known to have, and those that the user's own files hold."""

from __future__ import annotations

from collections.abc import Iterator

from metaxl.downloads.registry import find_corpus
from metaxl.errors import ConfigError, DataError
from metaxl.experiment.config import Config, TaskSettings
from metaxl.planning.data import DataPlan
from metaxl.planning.inspection import SYNTHETIC, inspect
from metaxl.tasks import LabelSet, find_task

DROP = "drop"  # what a label is mapped to whose examples are left out


def label_set(config: Config, task: str) -> LabelSet:
    """Return the classes of a task: the union over its languages, after the mapping.

    Raises:
        ConfigError: fewer than two classes are left, or the named positive class is none of them.
        DataError: a file of the user cannot be read.
    """
    settings, kind = config.task(task), find_task(task)
    found = kind.label_set(_labels(config, settings), settings.positive)
    if len(found.classes) < 2:
        raise ConfigError(
            f"{task}: the data have the label {', '.join(found.classes) or 'none'} alone, which leaves nothing to "
            f"learn. Look at the data and at {task}.labels."
        )
    return found


def _labels(config: Config, task: TaskSettings) -> Iterator[str]:
    for corpus, language, splits in _languages(config, task):
        if corpus != "files":
            yield from mapped_labels(task, corpus)
            continue
        for split in splits:
            inspection = inspect(config, task.name, language, split)
            if inspection.faults:
                raise DataError("\n".join(inspection.faults))
            yield from inspection.facts["labels"]


def _languages(config: Config, task: TaskSettings) -> Iterator[tuple[str, str, list[str]]]:
    """Yield corpus, code and splits of each language of a task."""
    splits: dict[tuple[str, str], list[str]] = {}
    for settings, corpus, language, split in DataPlan(config).splits():
        if settings.name == task.name:
            splits.setdefault((corpus, language), []).append(split)
    for (corpus, language), own in splits.items():
        yield corpus, language, own


def mapped_labels(task: TaskSettings, corpus: str) -> Iterator[str]:
    """Yield what the mapping makes of the labels that a corpus has."""
    for label in corpus_labels(task.name, corpus):
        mark, _, kind = label.rpartition("-")
        new = task.labels.get(kind, kind)
        if new not in (DROP, "O"):
            yield f"{mark}-{new}" if mark else new


def corpus_labels(task: str, corpus: str) -> tuple[str, ...]:
    """Return the labels of a corpus that is no user's: those of the paper's corpora, as the demo has, or more."""
    more = find_corpus(corpus).labels if corpus != SYNTHETIC else ()
    return (*find_task(task).usual, *more)
