"""Evidence of invented records, as the workflow makes it of trained ones."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

from experiments import load, small
from records import expected_of, facts_of, golden, usual_labels, write_cell

from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config
from metaxl.experiment.grid import all_cells, find_table, trained_cells
from metaxl.reporting.evidence.counter import Counter
from metaxl.reporting.evidence.files import told, write_evidence
from metaxl.reporting.evidence.table import Evidence, evidence_of
from metaxl.reporting.filled_table import FilledTable, fill_table
from metaxl.reporting.frame import gather

COUNTS = "all.counts.npz"
RELATED = {"qu": "es", "cdo": "zh", "ilo": "id", "xmf": "ka", "mhr": "ru", "mi": "id", "tk": "tr", "gn": "es"}


Gold = Callable[[Cell], dict[str, list[list[str]]]]


def usual(cell: Cell) -> dict[str, list[list[str]]]:
    """Return the gold labels of 40 dev and test examples of a cell's task."""
    return golden(cell.task, usual_labels(cell.task))


def languages(*codes: str, related: bool = True, placements=((4,),), **changes) -> Config:
    """Return a configuration of NER with these targets alone, its RTN after layer 4."""
    return load(languages_alone(*codes, related=related, placements=placements, **changes))


def languages_alone(*codes: str, related: bool = True, placements=((4,),), **changes) -> dict:
    """Return what config.yaml would hold for that."""
    targets = [{"language": code} | ({"related": RELATED[code]} if related else {}) for code in codes]
    ner = {"source": "en", "targets": targets, "placement": [4], "placements": list(map(list, placements))}
    none = {"source": "en", "targets": []}
    return small(**{"ner": ner, "sentiment": none, "figure": None, **changes})


class Records:
    """Records beneath a folder.

    `right` tells how often a cell's labels are right, None of an absent record; `gold` what they are, the same of every
    cell of a target.
    """

    def __init__(self, root: Path, config: Config, right: Callable[[Cell], float | None], gold: Gold = usual) -> None:
        self.root, self.config = root, config
        self.cells = trained_cells(config, all_cells(config))
        for cell in self.cells:
            share = right(cell)
            if share is not None:
                write_cell(root, cell, right=share, gold=gold(cell), luck=cell.path)
        self.gather()

    def gather(self, name: str = COUNTS) -> Path:
        counter, path = Counter(), self.root / name
        self.frame = gather(self.root, [expected_of(self.root, cell) for cell in self.cells], counter.add)
        counter.write(path)
        return path

    def evidence(self, number: int) -> Evidence:
        return evidence_of(self.config, find_table(self.config, number), [self.root / COUNTS])

    def filled(self, number: int) -> FilledTable:
        about = facts_of(self.config)
        return fill_table(self.config, find_table(self.config, number), self.frame, about, told(self.evidence(number)))

    def sentences(self, number: int) -> list[str]:
        return list(told(self.evidence(number)).sentences)

    def write(self, number: int, out: Path) -> Path:
        write_evidence(self.evidence(number), facts_of(self.config).weights, out)
        return out

    def rows(self, number: int, suffix: str = "csv") -> list[dict[str, str]]:
        out = self.write(number, self.root / "evidence")
        return list(csv.DictReader(io.StringIO((out / f"table{number}.{suffix}").read_text())))
