"""The types of entities, or the classes of texts, of a task's languages beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from metaxl.experiment.config import Config, TaskSettings
from metaxl.experiment.folds import split_code
from metaxl.planning.data import DataPlan
from metaxl.planning.inspection import inspect
from metaxl.planning.labels import DROP, mapped_labels
from metaxl.planning.meanings import mapping_of
from metaxl.planning.told import flow, named
from metaxl.tasks import OUTSIDE, find_task, type_of


def kinds_of(config: Config, task: TaskSettings) -> dict[str, list[str]]:
    """Return the types or classes of each language of a task after the mapping, by its code; folds are one language."""
    has_words = find_task(task.name).has_words
    found: dict[str, dict[str, None]] = {}
    for settings, corpus, code, split in DataPlan(config).splits():
        if settings.name == task.name:
            own = corpus == "files"
            labels = (
                inspect(config, task.name, code, split).facts.get("labels", {}) if own else mapped_labels(task, corpus)
            )
            kinds = (type_of(label) if has_words else label for label in labels if label != OUTSIDE or not has_words)
            found.setdefault(split_code(code)[0] if own else code, {}).update(dict.fromkeys(kinds))
    return {code: sorted(kinds) for code, kinds in found.items()}


def check_kinds(config: Config, task: TaskSettings) -> Iterator[str]:
    """Yield the mapping to write where the same meaning has different names in the languages of a task."""
    kinds, has_words = kinds_of(config, task), find_task(task.name).has_words
    mapping = mapping_of(kinds, has_words, kept=task.labels)
    if mapping:
        where = "; ".join(f"{code} has {named(own)}" for code, own in kinds.items())
        yield f"{task.name}.labels: the same meaning has several names ({where}); write `labels: {flow(mapping)}`."


def odd_kinds(config: Config, task: TaskSettings) -> Iterator[str]:
    """Yield the types or classes that only the targets, or only the sources, have; nothing before names are alike."""
    if any(check_kinds(config, task)):
        return
    kinds, nothing = kinds_of(config, task), OUTSIDE if find_task(task.name).has_words else DROP
    sources = set(chain.from_iterable(own for code, own in kinds.items() if code in task.sources()))
    for target in task.targets:
        own = set(kinds[target.language])
        if only := sorted(own - sources):
            alone = "" if own & sources else " Source and target have no label in common, so little can be transferred."
            lines = flow(dict.fromkeys(only, nothing))
            yield (
                f"{task.name}: {named(only)} only in the target {target.language}, not in its sources: learnt from "
                f"the target alone. `labels: {lines}` leaves it out; another name of the sources' maps it.{alone}"
            )
        if only := sorted(sources - own):
            yield f"{task.name}: {named(only)} only in the sources, not in the target {target.language}."
