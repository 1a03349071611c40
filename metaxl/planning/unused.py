"""Settings that nothing would use: told, because whoever wrote them believes that they do something."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from metaxl.experiment.config import Config, TaskSettings
from metaxl.experiment.schema import defaults
from metaxl.planning.data import DataPlan
from metaxl.planning.inspection import SYNTHETIC, inspect, is_here
from metaxl.planning.labels import DROP, corpus_labels, label_set
from metaxl.planning.told import named
from metaxl.tasks import OUTSIDE, TASKS, find_task, type_of


def faults_of_files(config: Config, task: TaskSettings) -> Iterator[str]:
    """Yield which ways of dividing a language's files nothing would use."""
    targets = {target.language for target in task.targets}
    for code, own in config.files[task.name].items():
        place = f"files.{task.name}.{code}"
        if own.folds and own.splits:
            yield f"{place}: folds and splits exclude each other; keep one of them."
        elif own.folds and code in task.sources() and code not in targets:
            yield f"{place}.folds: {code} is only a source, which nothing cross-validates; leave out folds."


def faults_of_labels(config: Config, task: TaskSettings) -> Iterator[str]:
    """Yield what the mapping of labels, and the named positive class, say that the task's data do not know."""
    has_words = find_task(task.name).has_words
    wrong, right = (DROP, OUTSIDE) if has_words else (OUTSIDE, DROP)
    for key, name in task.labels.items():
        if name == wrong:
            what = "words that are no entity" if has_words else "leaving its texts out"
            yield f"{task.name}.labels.{key}: for {what} write {right}, not {wrong}."
    unknown, all_here = _unknown(config, task)
    if unknown and all_here:
        yield unknown
    usual = defaults("sentiment").get("positive")
    if task.positive == usual:
        return
    if has_words:
        yield f"{task.name}.positive: entities have no positive class; leave it out."
    elif task.positive not in (classes := label_set(config, task.name).classes):
        yield f"{task.name}.positive: {task.positive!r} is none of the classes {named(classes)}; write one of these."


def notes_of_unused(config: Config) -> Iterator[str]:
    """Yield the languages under `files` that nothing uses, and labels that may be in data that are yet to come."""
    for name in TASKS:
        if unused := unused_files(config, name):
            yield f"files.{name}: {', '.join(unused)} is neither a target nor a source, so nothing uses it."
    for task in config.tasks:
        unknown, all_here = _unknown(config, task)
        if unknown and not all_here:
            yield f"{unknown} (Some data are not on this machine yet.)"


def unused_files(config: Config, task: str) -> list[str]:
    """Return the languages under `files` that are no target, source or language of the figure."""
    used: set[str] = set()
    for settings in config.tasks:
        if settings.name == task:
            used |= {*settings.sources(), *(target.language for target in settings.targets)}
    if config.figure and config.figure.task == task:
        used |= {config.figure.source, config.figure.target}
    return [code for code in config.files[task] if code not in used]


def _unknown(config: Config, task: TaskSettings) -> tuple[str, bool]:
    """Return what to say of keys of the mapping that no data hold, empty for none; and whether all data were seen."""
    if not task.labels:
        return "", True
    held, all_here = _held(config, task)
    keys = [key for key in task.labels if key not in held]
    if not keys:
        return "", all_here
    return (
        f"{task.name}.labels: no data of the task hold {named(keys)}; they hold {named(sorted(held))}. Write a label "
        "as the data have it" + (", without B- or I-." if find_task(task.name).has_words else "."),
        all_here,
    )


def _held(config: Config, task: TaskSettings) -> tuple[set[str], bool]:
    """Return the types or classes that the data of a task hold before the mapping, and whether all could be seen."""
    tasks = tuple(replace(each, labels={}) if each == task else each for each in config.tasks)
    plain, has_words = replace(config, tasks=tasks), find_task(task.name).has_words
    labels, all_here = set[str](), True
    for settings, corpus, code, split in DataPlan(plain).splits():
        if settings.name != task.name:
            continue
        if corpus != SYNTHETIC and is_here(plain, task.name, code, split):
            labels |= set(inspect(plain, task.name, code, split).facts.get("labels", {}))
            continue
        labels |= set(corpus_labels(task.name, corpus))
        all_here = all_here and corpus == SYNTHETIC
    return ({type_of(label) for label in labels} - {""} if has_words else labels), all_here
