"""What the jobs of a run found odd but went on with: told to the person when the run ends."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from string import Formatter
from typing import Any

from metaxl.experiment import layout
from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config
from metaxl.experiment.failure import failure_of
from metaxl.experiment.folds import split_code
from metaxl.experiment.grid import cell_groups
from metaxl.experiment.layout import MODEL_RECORD, SCORES, cell_file
from metaxl.files import read_json, write_text
from metaxl.planning.data import DataPlan
from metaxl.planning.failed import failures_of_run
from metaxl.planning.findings import find_notes, reader_notes
from metaxl.planning.labels import label_set
from metaxl.planning.told import named
from metaxl.reporting.data.odd import unknown_subwords
from metaxl.reporting.facts import Facts
from metaxl.tasks import SPLITS

SHOWN = 20  # lines on a screen; all of them are in the file
NOTES = "logs/notes.txt"
DEV = SPLITS[1]
MOST = 4  # paths that a line names
RESULTS = (  # heading, rule and pattern of what a person looks for
    ("Tables", "table", layout.TABLE.replace("{suffix}", "txt")),
    ("Figures", "figure", layout.FIGURE.replace("{suffix}", "pdf")),
    ("Figures", "gain", layout.GAIN.replace("{suffix}", "pdf")),
    ("Report", "report_pages", layout.PAGE.replace("{page}", "overview")),
    ("Models", "best_model", layout.BEST_MODEL),
    ("Models", "model", layout.MODEL),
)


def concerns(config: Config, jobs: Iterable[tuple[str, Any]]) -> bool:
    """Tell whether any of the jobs, (rule, wildcards), makes a file of this experiment."""
    return any(getattr(wildcards, "name", None) == config.name for _, wildcards in jobs)


def notes_of_run(config: Config) -> dict[str, list[str]]:
    """Return what the files of an experiment's results tell, under a heading for each kind, each sentence once."""
    root = layout.root(config.name)
    found = {
        "Failed": failures_of_run(config),
        "Data": [*reader_notes(config), *_facts(root, _data_facts(config))],
        "Length limit": _facts(root, _encoded_facts(config)),
        "Encoder": _unknown(root),
        "Training": _records(config, root),
    }
    return {heading: notes for heading, told in found.items() if (notes := list(dict.fromkeys(told)))}


def told_at_start(config: Config) -> str:
    """Return what is odd about the data before the first job, in at most SHOWN lines; empty for nothing."""
    return bounded([f"note: {note}" for note in find_notes(config)], "what `metaxl check` tells")


def told_at_end(config: Config) -> str:
    """Return what a run tells when it ends, in at most SHOWN lines, and write all of it to a file."""
    found = notes_of_run(config)
    lines = [line for heading, notes in found.items() for line in (f"{heading}:", *(f"- {note}" for note in notes))]
    if not lines:
        return ""
    path = layout.root(config.name) / NOTES
    write_text(path, "".join(f"{line}\n" for line in lines))
    return bounded(lines, path)


def results_of_run(config: Config, jobs: Sequence[tuple[str, Any]]) -> str:
    """Return where the tables, the figures and the kept models lie that a run's jobs, (rule, wildcards), have made."""
    made: dict[str, dict[str, None]] = {}
    for heading, rule, pattern in RESULTS:
        for _, wildcards in (job for job in jobs if job[0] == rule and job[1].name == config.name):
            known = {field: getattr(wildcards, field) for _, field, _, _ in Formatter().parse(pattern) if field}
            path = layout.root(config.name) / layout.fill(pattern, **known)
            made.setdefault(heading, {})[str(path)] = None
    models = list(made.get("Models", ()))
    kept = [note for path in models[:MOST] for note in _why_kept(Path(path))]
    use = [f"Label text: metaxl predict {shlex.quote(path)} < text.txt" for path in models[:1]]
    return "\n".join([*(f"{heading}: {named(list(paths), MOST)}" for heading, paths in made.items()), *kept, *use])


def _why_kept(model: Path) -> list[str]:
    """Return what the folder of a kept model says of why it is the one."""
    record = model / MODEL_RECORD
    return list(read_json(record).get("notes", [])) if record.is_file() else []


def bounded(lines: list[str], place: Path | str) -> str:
    """Return the first SHOWN lines, and how many more there are at a place."""
    more = [f"and {len(lines) - SHOWN} more in {place}"] if len(lines) > SHOWN else []
    return "\n".join([*lines[:SHOWN], *more])


def _data_facts(config: Config) -> Iterator[Path]:
    """Yield the facts of the data files, but of the folds of one file, which is told as a whole."""
    for task, corpus, code, split in DataPlan(config).splits():
        if not (corpus == "files" and split_code(code)[1]):
            yield layout.fill(layout.DATA_FACTS, task=task.name, language=code, split=split)


def _unknown(root: Path) -> list[str]:
    """Return what the data report says of subwords that an encoder does not know; nothing before there is one."""
    path = root / layout.fill(layout.REPORT, suffix="json")
    return list(unknown_subwords(read_json(path))) if path.is_file() else []


def _encoded_facts(config: Config) -> Iterator[Path]:
    for task in config.tasks:
        about = {"encoder": task.encoder, "task": task.name}
        for code in task.sources():
            yield layout.fill(layout.SOURCE_FACTS, **about, language=code, size=task.source_size)
        for target in task.targets:
            for code in config.codes(task.name, target.language):
                yield from (layout.fill(layout.TARGET_FACTS, **about, language=code, split=split) for split in SPLITS)


def _facts(root: Path, paths: Iterable[Path]) -> Iterator[str]:
    for path in dict.fromkeys(paths):
        if (root / path).is_file():
            yield from read_json(root / path).get("notes", [])


def _records(config: Config, root: Path) -> Iterator[str]:
    """Yield what the cells' records tell: how many of a target had no dev set to choose an epoch by."""
    blind: dict[tuple[str, str], list[Cell]] = {}
    for cell in dict.fromkeys(cell for cells in cell_groups(config).values() for cell in cells):
        path = root / cell_file(cell, SCORES)
        record = read_json(path) if path.is_file() else None
        if record and not failure_of(record) and record["best"].get("chosen_by") == "none":
            blind.setdefault((cell.task, split_code(cell.target)[0]), []).append(cell)
    for (task, language), cells in blind.items():
        reasons = dict.fromkeys(_why(config, root, language, cell) for cell in cells)
        yield f"{task}: {' or '.join(reasons)}: {len(cells)} cell{'s' * (len(cells) > 1)} took the last epoch."


def _why(config: Config, root: Path, language: str, cell: Cell) -> str:
    """Return the reason that the tables give, as far as what it is known by is still there."""
    from metaxl.reporting.doubts import why_unchosen  # pandas takes half a second that every start would spend

    path = root / layout.fill(layout.DATA_FACTS, task=cell.task, language=cell.target, split=DEV)
    if not path.is_file():
        return f"dev of {language} could not choose an epoch"
    data = {(cell.task, cell.target, DEV): read_json(path)}
    return why_unchosen(
        Facts({cell.task: label_set(config, cell.task)}, data, {}, {}), cell.task, language, cell.target
    )
