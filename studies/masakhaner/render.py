"""Make every table, test and picture of the study again from its kept records: no network, no data, no training.

python -m studies.masakhaner.render
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from benchmarks.tables import write_between
from metaxl.experiment import layout
from metaxl.experiment.config import Config
from metaxl.experiment.grid import table_cells, tables, trained_cells
from metaxl.experiment.load import read_config
from metaxl.planning.kept import kept_records
from metaxl.reporting.by_type import write_types
from metaxl.reporting.evidence.counter import Counter
from metaxl.reporting.evidence.files import join_evidence, write_evidence
from metaxl.reporting.evidence.table import evidence_of
from metaxl.reporting.evidence.told import read_told
from metaxl.reporting.expected import read_labels
from metaxl.reporting.facts import load_facts, read_weights
from metaxl.reporting.filled_table import fill_table
from metaxl.reporting.frame import gather, read_scores, write_scores
from metaxl.reporting.gain import draw_gain
from metaxl.reporting.tables import render_table
from studies.masakhaner.answers import in_short, write_answers

ROOT = Path(__file__).parent
DOCS = ROOT.parents[1] / "docs"


def render(root: Path) -> Config:
    """Write scores, evidence, tables and the picture of the gain beneath `root`, from what is kept there."""
    config, labels = read_config(root / layout.CONFIG), read_labels(root / layout.LABELS)
    counter, scores = Counter(), root / layout.ALL_SCORES
    write_scores(gather(root, list(kept_records(config, root)), counter.add), scores)
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder, "counts.npz")
        counter.write(counts)
        for table in tables(config):
            weights = read_weights(root, (entry.encoder for entry in table.entries()))
            write_evidence(evidence_of(config, table, [counts]), weights, root / "evidence")
    told = [root / layout.fill(layout.EVIDENCE, number=table.number, suffix="json") for table in tables(config)]
    join_evidence(told, root)
    for table, evidence in zip(tables(config), told, strict=True):
        frame = read_scores([scores])
        facts = load_facts(config, labels, trained_cells(config, table_cells(config, table)), root)
        render_table(fill_table(config, table, frame, facts, read_told(evidence)), root / "tables")
        write_types(config, table, frame, labels, root / "tables")
    draw_gain(config, told[0], root / "figures")
    return config


def main() -> None:
    """Make the study's tables, tests, pictures, docs/results.md and README's sentences."""
    config = render(ROOT)
    write_answers(config, ROOT, DOCS / "results.md", DOCS)
    shutil.copyfile(ROOT / "figures" / "gain2.png", DOCS / "results-gain.png")
    write_between(DOCS.parent / "README.md", in_short(config, ROOT), "study")


if __name__ == "__main__":
    main()
