"""What a target's own data give to learn, to choose an epoch by and to score; folds of one file are told together."""

from __future__ import annotations

from collections.abc import Iterator

from metaxl.data.facts import Facts
from metaxl.experiment.config import Config, TaskSettings
from metaxl.experiment.folds import split_code
from metaxl.planning.inspection import inspect
from metaxl.tasks import SPLITS, find_task

TRAIN, DEV, TEST = SPLITS
FEW = 20  # training examples below which a note says so


def faults_of_learning(config: Config, task: TaskSettings) -> Iterator[str]:
    """Yield each target whose training set has nothing to tell apart."""
    has_words = find_task(task.name).has_words
    for language, codes in _own_targets(config, task):
        found = _facts(config, task, codes, TRAIN)
        poor = [
            code for code, facts in found.items() if len(facts["entities" if has_words else "labels"]) < 2 - has_words
        ]
        if poor:
            lacks = "no entity" if has_words else f"the label {next(iter(found[poor[0]]['labels']))} alone"
            yield (
                f"{task.name}: {_places(language, TRAIN, poor, codes)} {lacks}, so there is nothing to learn; label "
                "more, or look at the labels."
            )


def notes_of_learning(config: Config, task: TaskSettings) -> Iterator[str]:
    """Yield which targets have few training examples, or a dev or test set without an entity."""
    for language, codes in _own_targets(config, task):
        counts = [facts["examples"] for facts in _facts(config, task, codes, TRAIN).values()]
        if counts and min(counts) < FEW:
            each = f" in each of {len(codes)} folds" if len(codes) > 1 else ""
            most = "" if min(counts) == max(counts) else f" to {max(counts)}"
            yield (
                f"{task.name}: {language} has {min(counts)}{most} training examples{each}; with so few, chance decides "
                "much of a score."
            )
        if find_task(task.name).has_words:
            yield from _without_entity(config, task, language, codes)


def _without_entity(config: Config, task: TaskSettings, language: str, codes: list[str]) -> Iterator[str]:
    """Yield the dev sets by which no epoch can be chosen, and a test set, of all folds together, without an entity."""
    for split in (DEV, TEST):
        found = _facts(config, task, codes, split)
        poor = [code for code, facts in found.items() if not facts["entities"]]
        if split == DEV and poor:
            so = "it cannot choose an epoch, and the last one is taken"
            yield f"{task.name}: {_places(language, split, poor, codes)} no entity: {so}."
        if split == TEST and poor and len(poor) == len(codes):
            yield f"{task.name}: {split} of {language} holds no entity: F1 is not defined."


def _places(language: str, split: str, poor: list[str], codes: list[str]) -> str:
    if codes == [language]:
        return f"{split} of {language} holds"
    numbers = ", ".join(str(split_code(code)[1]) for code in poor)
    return f"{split} of {language} in fold{'s' * (len(poor) > 1)} {numbers} of {len(codes)} holds"


def _facts(config: Config, task: TaskSettings, codes: list[str], split: str) -> dict[str, Facts]:
    """Return the facts of a split, by fold, as far as it can be read."""
    found = {code: inspect(config, task.name, code, split).facts for code in codes}
    return {code: facts for code, facts in found.items() if facts}


def _own_targets(config: Config, task: TaskSettings) -> Iterator[tuple[str, list[str]]]:
    """Yield each target with own files, and the codes of its folds or its own code."""
    for target in task.targets:
        codes = config.codes(task.name, target.language)
        if config.corpus(task.name, codes[0]) == "files":
            yield target.language, codes
