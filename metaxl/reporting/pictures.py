"""The pictures of a table's trainings: learning curves, what moves the RTN, and closeness against gain."""

from __future__ import annotations

import csv
from pathlib import Path

from metaxl.experiment.config import Config
from metaxl.experiment.grid import find_table
from metaxl.experiment.layout import CLOSENESS, CURVES, EVIDENCE, PHI, fill
from metaxl.files import write_json
from metaxl.reporting.closeness import draw_closeness
from metaxl.reporting.curves import draw_curves
from metaxl.reporting.drawing import save
from metaxl.reporting.evidence.told import read_evidence
from metaxl.reporting.phi import draw_phi
from metaxl.reporting.traces import traces


def draw_pictures(config: Config, evidence: Path, root: Path, out: Path) -> list[Path]:
    """Write each picture of a table's trainings to `out` as PDF, PNG and JSON, and return the paths.

    Args:
        config: the configuration.
        evidence: the JSON of the table's evidence; its CSV files lie beside it.
        root: results/<name>, beneath which the records lie.
        out: a folder.

    Raises:
        ConfigError: the configuration's tasks do not give the table.
        DataError: a file is no such evidence, or a record is damaged.
    """
    about = read_evidence(evidence)
    number, title = int(about["table"]), str(about["title"])
    table = find_table(config, number)
    task = next(table.entries()).task
    found = list(traces(config, table, root))
    languages = evidence.with_name(fill(EVIDENCE, number=number, suffix="languages.csv").name)
    with languages.open(encoding="utf-8", newline="") as file:
        gains = list(csv.DictReader(file))
    drawn = {
        CURVES: draw_curves(config, task, found, title),
        PHI: draw_phi(config, task, found, title),
        CLOSENESS: draw_closeness(config, number, gains, root, title),
    }
    paths = []
    for pattern, (figure, facts) in drawn.items():
        own = [out / fill(pattern, number=number, suffix=suffix).name for suffix in ("pdf", "png", "json")]
        save(figure, own[:2])
        write_json(own[2], facts)
        paths += own
    return paths
