"""The table of `metaxl check`: each language's data, where they come from, how much there is and what they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tabulate import tabulate

from metaxl.data.facts import Facts
from metaxl.experiment.config import Config, TaskSettings
from metaxl.experiment.folds import split_code
from metaxl.planning.cut import count_cut
from metaxl.planning.data import DataPlan
from metaxl.planning.inspection import SYNTHETIC, inspect, is_here, texts
from metaxl.planning.overlap import shared, test_places
from metaxl.tasks import SPLITS, find_task

COLUMNS = ("task", "language", "from", "split", "examples", "holds", "repeated", "in test", "cut")
UNKNOWN, CORPORA = "?", {"wikiann": "WikiANN"}
LEGEND = """\
Holds: entities, or examples, by type. Repeated: examples whose text stands earlier in the same split. In test: texts
that a test set of the same task and language has too (of a source, any test set). Cut: words beyond the length limit,
which count as O, or texts longer than it. ?: what tells it is not on this machine yet."""


def data_table(config: Config) -> str:
    """Return a line for each split of each language; folds of a cross-validation stand as one."""
    rows = [row for task in config.tasks for row in _rows(config, task)]
    return f"{tabulate(rows, COLUMNS, tablefmt='simple', disable_numparse=True)}\n\n{LEGEND}"


def _rows(config: Config, task: TaskSettings) -> Iterator[list[str]]:
    splits: dict[str, list[tuple[str, str]]] = {}  # (code, split) of each language
    for settings, _, code, split in DataPlan(config).splits():
        if settings.name == task.name:
            own = config.own_data(task.name, code)
            splits.setdefault(split_code(code)[0] if own else code, []).append((code, split))
    for language, places in splits.items():
        start = [task.name, language, _where(config, task.name, places[0][0])]
        folds = config.folds(task.name, language)
        if folds and len(places) > 1:
            tests = [place for place in places if place[1] == SPLITS[-1]]
            yield [*start, f"{folds} folds", *_facts(config, task, tests), "", _cut(config, task, tests, to_train=True)]
        elif not any(is_here(config, task.name, *place) for place in places):
            yield [*start, ", ".join(split for _, split in places), _to_come(config, task, places), "", "", "", ""]
        else:
            for place in places:
                shared = _shared(config, task, *place)
                yield [*start, place[1], *_facts(config, task, [place]), shared, _cut(config, task, [place])]


def _to_come(config: Config, task: TaskSettings, places: Sequence[tuple[str, str]]) -> str:
    """Return how many examples there will be in each of the splits that are made here, in their order."""
    if config.corpus(task.name, places[0][0]) != SYNTHETIC:
        return UNKNOWN
    sizes = (DataPlan(config).made(task.name, *place) for place in places)
    return ", ".join(f"{size:,}" for size in sizes)


def _where(config: Config, task: str, code: str) -> str:
    own, corpus = config.own_data(task, code), config.corpus(task, code)
    if own:
        return own.path
    if corpus == SYNTHETIC:
        return "made here"
    hint = " (not among your files)" if config.files[task] else ""
    return f"download: {CORPORA.get(corpus, corpus)}{hint}"


def _facts(config: Config, task: TaskSettings, places: Sequence[tuple[str, str]]) -> list[str]:
    """Return the examples, what they hold and the repeated ones of places, (code, split), of one language."""
    found = [_known(config, task, *place) for place in places]
    if not all(found):
        return [UNKNOWN, "", ""]
    of_what = "entities" if find_task(task.name).has_words else "labels"
    holds: Counter[str] = sum((Counter(facts[of_what]) for facts in found), Counter())
    every = [text for place in places for text in texts(config, task.name, *place)]
    count = sum(facts["examples"] for facts in found)
    held = ", ".join(f"{name} {number:,}" for name, number in sorted(holds.items()))
    return [f"{count:,}", held or "none", f"{len(every) - len(set(every)):,}"]


def _known(config: Config, task: TaskSettings, code: str, split: str) -> Facts:
    return inspect(config, task.name, code, split).facts if is_here(config, task.name, code, split) else {}


def _shared(config: Config, task: TaskSettings, code: str, split: str) -> str:
    """Return how many texts of a split stand in a test set that it should share none with."""
    if split == SPLITS[-1] or not _known(config, task, code, split):
        return ""
    count, _ = shared(config, task, (code, split), test_places(config, task, code))
    return f"{count:,}"


def _cut(config: Config, task: TaskSettings, places: Sequence[tuple[str, str]], to_train: bool = False) -> str:
    """Return how many words or texts of places the length limit takes away, where that is known."""
    if not all(_known(config, task, *place) for place in places):
        return ""
    counts = [count_cut(config, task, *place, to_train) for place in places]
    known = [count for count in counts if count is not None]
    return f"{sum(known):,}" if len(known) == len(counts) else UNKNOWN
