"""The evidence of one table: its questions with their answers, and what its design could show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from metaxl.experiment.config import Config
from metaxl.experiment.contrasts import MAIN, Contrast, contrasts
from metaxl.experiment.grid import AVERAGE, Table, table_cells
from metaxl.reporting.evidence.counted import read_counts
from metaxl.reporting.evidence.judged import Judged, judge
from metaxl.reporting.evidence.layers import Layers, layers
from metaxl.reporting.statistics.components import Components, components


@dataclass(frozen=True, slots=True)
class Evidence:
    """What stands behind a table.

    Attributes:
        config: the configuration.
        table: the table.
        judged: its questions with their answers.
        layers: the tests over placements.
        designs: of each task whose main question the table puts, what it can show.
    """

    config: Config
    table: Table
    judged: tuple[Judged, ...]
    layers: tuple[Layers, ...]
    designs: tuple[Design, ...]


@dataclass(frozen=True, slots=True)
class Design:
    """What an experiment's languages, seeds and sentences can show of its main question.

    Attributes:
        task: the task.
        components: where the uncertainty of one difference comes from.
        languages: how many are there.
        seeds: of each, the mean over languages, rounded.
        sentences: of a test set, their harmonic mean over languages, rounded.
    """

    task: str
    components: Components
    languages: int
    seeds: int
    sentences: int


def evidence_of(config: Config, table: Table, paths: Sequence[Path]) -> Evidence:
    """Return the evidence of a table from the counts gathered of its cells.

    Raises:
        DataError: a file of counts is missing or torn.
    """
    counts = read_counts(paths, table_cells(config, table))
    questions = contrasts(config, table.number)
    judged = judge(questions, counts, config.seeds, lambda contrast: by_language(table, contrast))
    return Evidence(config, table, tuple(judged), tuple(layers(judged)), tuple(_designs(judged)))


def by_language(table: Table, contrast: Contrast) -> bool:
    """Tell whether a table shows each language of a contrast in a column of its own and no average over them."""
    averaged = any(entry.task == contrast.task and len(entry.targets) > 1 for entry in table.entries())
    return len(contrast.languages) > 1 and AVERAGE not in table.columns and not averaged


def _designs(judged: Sequence[Judged]) -> Iterator[Design]:
    """Yield the design of each task, by its main question from the first source that has an answer."""
    tasks = dict.fromkeys(one.contrast.task for one in judged)
    for task in tasks:
        main = (one for one in judged if (one.contrast.task, one.contrast.key) == (task, MAIN) and one.there)
        if one := next(main, None):
            found = [language.found for language in one.there if language.found]
            parts = components(found, [language.estimate.mean for language in found])
            seeds = round(sum(language.seeds for language in found) / len(found))
            sentences = round(len(found) / sum(1 / language.sentences for language in found))
            yield Design(task, parts, len(found), seeds, sentences)
