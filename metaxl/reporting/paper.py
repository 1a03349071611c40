"""The paper's own numbers and the languages' names, from workflow/data/paper.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from metaxl.experiment.cell import NO_SOURCE, Cell
from metaxl.experiment.config import Config, TaskSettings
from metaxl.experiment.grid import Entry
from metaxl.experiment.schema import WORKFLOW, read_yaml
from metaxl.tasks import NER, SENTIMENT

PAPER_PATH = WORKFLOW / "data" / "paper.yaml"
TABLES = {NER.name: 2, SENTIMENT.name: 3}  # the table of each task's targets


@dataclass(frozen=True, slots=True)
class Paper:
    """paper.yaml as it stands: percent F1, None where the paper's number is not known."""

    languages: dict[str, dict[str, str]]
    setting: dict[str, dict[str, Any]]
    tables: dict[int, dict[str, Any]]
    figure: dict[str, Any]

    def number(self, table: int, column: str, entry: Entry) -> float | None:
        """Return the paper's number for one place, if it is there: same targets, sources and method."""
        about = self.tables.get(table, {"averages": {}, "rows": []})
        if set(entry.targets) != set(about["averages"].get(column, [column])):
            return None
        for row in about["rows"]:
            if row["method"] == entry.method and self._sources(row["source"], entry) == entry.sources:
                value = row["values"].get(column)
                return None if value is None else float(value)
        return None

    def note(self, table: int) -> str:
        """Return what is uncertain about a table's numbers, or nothing."""
        return str(self.tables.get(table, {}).get("note", ""))

    def of_figure(self, cell: Cell) -> dict[str, Any] | None:
        """Return the paper's numbers of Figure 1 if the cell is of its task and languages."""
        same = all(self.figure[key] == getattr(cell, key) for key in ("task", "target", "source"))
        return {key: self.figure[key] for key in ("encoder", "hausdorff", "f1")} if same else None

    def targets(self, task: str) -> set[str]:
        """Return the target languages of a task."""
        return {code for row in self.tables[TABLES[task]]["rows"] for code in row["values"]} & set(self.languages)

    def _sources(self, source: str, entry: Entry) -> tuple[str, ...]:
        if source == "related":
            return tuple(self.languages.get(target, {}).get("related", NO_SOURCE) for target in entry.targets)
        return (source,) * len(entry.targets)


@cache
def load_paper() -> Paper:
    """Read paper.yaml."""
    raw = read_yaml(PAPER_PATH)
    return Paper(raw["languages"], raw["setting"], raw["tables"], raw["figure"])


def language_name(config: Config, task: str, code: str) -> str | None:
    """Return a language's English name, or None where the code is not known or stands for synthetic data."""
    return None if config.corpus(task, code) == "synthetic" else name_of_code(code)


def name_of_code(code: str) -> str | None:
    """Return the English name behind a language's code, or None where it is not known.

    It is the paper's, or else that of ISO 639 for the first part of the code.
    """
    if known := load_paper().languages.get(code):
        return known["name"]
    from pycountry import languages  # its tables take a moment to load

    first = re.split("[-_]", code)[0].lower()
    found = languages.get(alpha_3=first) or languages.get(alpha_2=first)
    return found.name.partition(" (")[0] if found else None


def language_notes(config: Config, tasks: Sequence[TaskSettings], related: bool) -> Iterator[str]:
    """Yield the names behind the targets' codes where they are known, and each target's related source if asked."""
    targets = [(task.name, target) for task in tasks for target in task.targets]
    names = {target.language: language_name(config, task, target.language) for task, target in targets}
    families = {code: facts["family"] for code, facts in load_paper().languages.items()}
    known = [
        f"{code} {name}{f' ({families[code]})' if code in families else ''}" for code, name in names.items() if name
    ]
    if known:
        yield f"Languages: {', '.join(known)}."
    sources = [
        f"{target.language} {language_name(config, task, target.related) or target.related}"
        for task, target in targets
        if target.related and related
    ]
    if sources:
        yield f"Related sources: {', '.join(sources)}."
