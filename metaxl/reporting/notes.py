"""The notes below a table: what a reader must know to read its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from metaxl.experiment.config import TaskSettings
from metaxl.experiment.contrasts import PLACEMENTS
from metaxl.experiment.folds import split_code
from metaxl.experiment.grid import table_cells, trained_cells
from metaxl.experiment.layout import DATA, RAW, SCORES, SOURCE, cell_file, fill, root
from metaxl.reporting.beside import paper_note
from metaxl.reporting.facts import Facts, Place
from metaxl.reporting.filled_table import DASH, FilledTable
from metaxl.reporting.paper import language_notes
from metaxl.reporting.titles import listed, plain, short_name
from metaxl.reporting.trivial import COMMONEST
from metaxl.tasks import SPLITS, find_task

REASONS = 5  # for which cells failed, below the table
TOLD = 10  # notes of the data below a table; the data report has all
LONGEST = 240  # characters of such a note


def notes(filled: FilledTable) -> Iterator[str]:
    """Yield what a reader must know to read the numbers, one sentence or two each."""
    config, number = filled.config, filled.table.number
    yield from filled.told.sentences
    yield from _bold(filled)
    yield f"F1 in percent on test, of the epoch that is best on dev. {filled.measure[0].upper()}{filled.measure[1:]}."
    yield from _data_notes(filled)
    seeds = ", ".join(map(str, config.seeds))
    if len(config.seeds) > 1:
        yield f"Seeds {seeds}: mean ± sample standard deviation over seeds."
    else:
        yield f"Seed {seeds} alone: no spread is known, and another seed may order the rows otherwise."
    yield from language_notes(config, filled.tasks, related=number != 5)
    if any(row.label == COMMONEST for row, _ in filled.rows):
        yield f"{COMMONEST.capitalize()}: the score of always predicting what is commonest in the target's train."
    yield from filled.caveats
    yield from filter(None, [paper_note(config, filled.table)])
    yield from dashes(filled)
    yield from filled.doubts
    yield from _told_of_data(filled)


def _bold(filled: FilledTable) -> Iterator[str]:
    """Yield what bold numbers mean, where there are any."""
    if any(value and value.best for _, values in filled.rows for value in values.values()):
        if filled.table.number == PLACEMENTS:
            yield "Bold: a placement that is shown better than JT, or JT where every placement is shown worse."
        else:
            yield "Bold: the better of MetaXL and JT from the same source, where a difference is shown."


def _data_notes(filled: FilledTable) -> Iterator[str]:
    """Yield sizes, classes and their mapping."""
    tasks = filled.tasks
    sizes = "; ".join(f"{_sizes(filled, task)} ({short_name(task.name)})" for task in tasks)
    yield f"Examples of train / dev / test: {sizes}."
    drawn = ", ".join(f"{task.source_size:,} {find_task(task.name).units} ({short_name(task.name)})" for task in tasks)
    yield f"Each source set: {drawn}."
    yield " ".join(f"{_classes(filled.facts, task.name)} ({short_name(task.name)})." for task in tasks)
    for task in tasks:
        if task.labels:
            mapped = ", ".join(f"{old} to {new}" for old, new in task.labels.items())
            yield f"Labels mapped: {mapped} ({short_name(task.name)})."


def _sizes(filled: FilledTable, task: TaskSettings) -> str:
    """Return the sizes of each target's splits, targets of the same sizes together."""
    alike: dict[str, list[str]] = {}
    for target in task.targets:
        counted = [filled.facts.split(filled.config, task.name, target.language, split) for split in SPLITS]
        tests = [fold["examples"] for fold in counted[-1]]
        size = " / ".join(f"{split[0]['examples']:,}" for split in counted)
        if len(tests) > 1:
            size = f"{len(tests)} folds of {sum(tests):,} in all"
        alike.setdefault(size, []).append(target.language)
    return ", ".join(f"{', '.join(languages)} {size}" for size, languages in alike.items())


def _classes(facts: Facts, task: str) -> str:
    kinds = find_task(task).kinds(facts.labels[task])
    return f"{'Entity types' if find_task(task).has_words else 'Classes'}: {', '.join(kinds)}"


def dashes(filled: FilledTable) -> Iterator[str]:
    """Yield why places are empty: trainings that failed, records that are absent, scores that are not defined."""
    total = len(trained_cells(filled.config, table_cells(filled.config, filled.table)))
    missing = [cell for cell in trained_cells(filled.config, filled.absent) if cell not in filled.trained]
    reasons: dict[str, list[str]] = {}
    for cell in missing:
        if cell in filled.failed:
            reasons.setdefault(filled.failed[cell], []).append(cell.path)
    for reason, paths in list(reasons.items())[:REASONS]:
        yield f"{DASH}: {len(paths)} of {total} cells failed: {listed(paths)}: {reason}"
    if more := [path for paths in list(reasons.values())[REASONS:] for path in paths]:
        yield f"{DASH}: {len(more)} more of {total} cells failed; failed.json in the folder of each says why."
    if absent := [cell for cell in missing if cell not in filled.failed]:
        named = listed([str(cell_file(cell, SCORES)) for cell in absent])
        yield f"{DASH}: {len(absent)} of {total} records are absent: {named}. Run the workflow to train them."
    for task, language in dict.fromkeys((cell.task, cell.target) for cell in filled.undefined):
        what = filled.facts.labels[task].positive or "entity"
        yield f"{DASH}: F1 of {language} is not defined, for its test set holds no {what}."


def _told_of_data(filled: FilledTable) -> Iterator[str]:
    """Yield what reading and encoding the data told, each once, shortened; the data report has all in full."""
    languages: dict[str, dict[str, None]] = {}
    for place, counted in filled.facts.data.items():
        for note in counted["notes"]:
            languages.setdefault(_short(filled, place, note), {})[split_code(place[1])[0]] = None
    for place, counted in filled.facts.encoded.items():
        language, fold = split_code(place[1])
        for note in counted["notes"] if not fold or place[2] == SPLITS[-1] else []:
            languages.setdefault(_short(filled, place, note), {})[language] = None
    told = [f"{', '.join(codes)}: {note}" for note, codes in languages.items()]
    yield from told[:TOLD]
    if len(told) > TOLD:
        yield f"{len(told) - TOLD} more notes of the data stand in data/report.md."


def _short(filled: FilledTable, place: Place, note: str) -> str:
    """Return a note on one line, without the folders that its files lie in."""
    task, code, split = place
    own = filled.config.own_data(task, code)
    about = {"task": task, "language": code, "split": split, "size": filled.config.task(task).source_size}
    folders = [root(filled.config.name) / fill(pattern, **about).parent for pattern in (DATA, SOURCE)]
    folders += [Path(own.path), Path(own.path).parent] if own else [RAW]
    for folder in folders:
        note = note.replace(f"{folder}/", "")
    line = plain(note)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1].rstrip()}…"
