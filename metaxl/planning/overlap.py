"""Texts that a source, a training set or a dev set has in common with a test set, which a score then overrates."""

from __future__ import annotations

from collections.abc import Iterator

from metaxl.experiment.config import Config, TaskSettings
from metaxl.experiment.folds import split_code
from metaxl.planning.data import DataPlan
from metaxl.planning.inspection import inspect, is_here, texts
from metaxl.tasks import SPLITS

Place = tuple[str, str]  # the code of a language or of a fold; split


def test_places(config: Config, task: TaskSettings, code: str) -> list[Place]:
    """Return the test sets that a language's texts should not stand in: its own; of a source, those of all targets."""
    targets = [code for target in task.targets for code in config.codes(task.name, target.language)]
    tests = [code] if code in targets else targets
    return [(test, SPLITS[-1]) for test in tests if can_be_read(config, task, test, SPLITS[-1])]


def shared(config: Config, task: TaskSettings, place: Place, tests: list[Place]) -> tuple[int, int]:
    """Return how many different texts a split shares with test sets, and how many those have."""
    others = {text for test in tests for text in texts(config, task.name, *test)}
    return len(set(texts(config, task.name, *place)) & others), len(others)


def notes_of_overlap(config: Config, task: TaskSettings) -> Iterator[str]:
    """Yield each source, training set or dev set that shares texts with a test set, with how many."""
    for name, target, count, total in _overlaps(config, task):
        yield (
            f"{task.name}: {name} shares {count:,} of the {total:,} texts of the test set of {target}, which scores "
            "then overrate; remove them from one of the two."
        )


def faults_of_overlap(config: Config, task: TaskSettings) -> Iterator[str]:
    """Yield each source or training set of the user's data that holds a whole test set."""
    for name, target, count, total in _overlaps(config, task):
        if count == total and not name.startswith(SPLITS[1]) and _is_own(config, task, name, target):
            yield (
                f"{task.name}: {name} holds all {total:,} texts of the test set of {target}, so that scores would mean "
                "nothing; bring other data for one of the two."
            )


def can_be_read(config: Config, task: TaskSettings, code: str, split: str) -> bool:
    """Tell whether a split lies on this machine and has no faults."""
    return is_here(config, task.name, code, split) and bool(inspect(config, task.name, code, split).facts)


def _is_own(config: Config, task: TaskSettings, name: str, target: str) -> bool:
    return name.rpartition(" ")[2] in config.files[task.name] or target in config.files[task.name]


def _overlaps(config: Config, task: TaskSettings) -> Iterator[tuple[str, str, int, int]]:
    """Yield (what, target, texts shared, texts of the test set); the folds of a file are counted together."""
    for target in task.targets:
        codes = config.codes(task.name, target.language)
        tests = [(code, SPLITS[-1]) for code in codes if can_be_read(config, task, code, SPLITS[-1])]
        for code in dict.fromkeys(code for each, _, code, _ in DataPlan(config).splits() if each == task):
            if code in task.sources() and code not in codes and can_be_read(config, task, code, SPLITS[0]):
                count, total = shared(config, task, (code, SPLITS[0]), tests)
                if count:
                    yield f"the source {code}", target.language, count, total
        for split in SPLITS[:-1]:
            own = [place for place in tests if can_be_read(config, task, place[0], split)]
            pairs = [shared(config, task, (code, split), [(code, SPLITS[-1])]) for code, _ in own]
            if any(count for count, _ in pairs):
                counts, totals = (sum(numbers) for numbers in zip(*pairs, strict=True))
                yield f"{split} of {split_code(codes[0])[0]}", target.language, counts, totals
