"""How planning and reports grow with the number of cells, on made-up records: `python -m benchmarks.growth`.

Each command runs in a process of its own, in a temporary folder. It writes benchmarks/results/growth.csv and its table.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from tabulate import tabulate

from benchmarks.made_up import MadeUp
from metaxl.experiment import layout
from metaxl.experiment.contrasts import contrasts, over_joint
from metaxl.experiment.grid import tables
from metaxl.planning.plan import Plan
from metaxl.planning.plans import Plans

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "growth.csv"
TARGETS = (2, 15, 140)  # of 65 cells each
SENTENCES = {"dev": 100, "test": 1000}
RELATED = ("es", "zh", "id", "ka", "ru", "tr")
CONTROLS = ["metaxl-frozen", "joint-rtn", "target-matched"]
STEPS = ("start", "dry run", "status", "gather", "tables", "evidence", "pictures")
# Without the hub, a run stops where it would begin its first job.
NO_NETWORK = "downloads are missing"
SETTINGS = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", "HF_HUB_OFFLINE": "1"}
Row = dict[str, Any]


def experiment(targets: int) -> dict[str, Any]:
    """Return the paper's preset, with all controls, for so many targets."""
    named = [{"language": f"xx-{100 + n}", "related": RELATED[n % len(RELATED)]} for n in range(targets)]
    ner = {"targets": named, "corpus": "wikiann"}
    own = {"preset": "paper", "name": "growth", "label": "made-up records", "figure": None, "controls": CONTROLS}
    return own | {"ner": ner, "sentiment": {"targets": []}}


def commands(plan: Plan, overlay: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each step's commands: Snakemake's dry run, `metaxl status`, and those of the rules as these call them."""
    root, config = layout.root(plan.config.name), plan.path(layout.CONFIG)
    usual = ["--config", str(config)]
    cells, labels = plan.path(layout.CELLS), plan.path(layout.LABELS)
    yield "status", ["metaxl", "status", "--configfile", str(overlay)]
    for group in plan.groups():
        out, counts = plan.path(layout.GROUP, group=group), plan.path(layout.COUNTS, group=group)
        asked = [str(cells), "--group", group, "--root", str(root), "--out", str(out), "--counts", str(counts)]
        yield "gather", ["metaxl", "gather", *asked]
    yield "tables", ["metaxl", "scores", *map(str, plan.group_files()), "--out", str(plan.path(layout.ALL_SCORES))]
    numbers = [table.number for table in tables(plan.config)]
    for number in numbers:
        read = list(map(str, plan.table_inputs(number, layout.COUNTS)))
        out = root / "evidence"
        yield "evidence", ["metaxl", "evidence", str(number), *read, *usual, "--root", str(root), "--out", str(out)]
    joined = list(map(str, plan.evidence_files("json")))
    yield "evidence", ["metaxl", "join-evidence", *joined, "--out", str(root)]
    for number in numbers:
        read = list(map(str, plan.table_inputs(number, layout.GROUP)))
        told = ["--evidence", str(plan.path(layout.EVIDENCE, number=number, suffix="json"))]
        out = root / "tables"
        rest = [*told, *usual, "--labels", str(labels), "--root", str(root), "--out", str(out)]
        yield "tables", ["metaxl", "table", str(number), *read, *rest]
    for number in dict.fromkeys(one.table for one in contrasts(plan.config) if over_joint(one.key)):
        told = [str(plan.path(layout.EVIDENCE, number=number, suffix="json"))]
        yield "pictures", ["metaxl", "gain", *told, *usual, "--out", str(root / "figures")]


def measured(command: list[str], folder: Path, stopped_by: str = "") -> Row:
    """Run a module in a process of its own, which ends well or is stopped by an error that says so.

    Returns: seconds of wall and CPU, and peak memory in GiB.
    """
    report = folder / "measured.json"
    called = [sys.executable, "-m", "benchmarks.measured", str(report), *command]
    done = subprocess.run(called, cwd=folder, env=os.environ | SETTINGS, capture_output=True, text=True)
    if bool(done.returncode) != bool(stopped_by) or stopped_by not in done.stderr:
        raise RuntimeError(f"{' '.join(command)[:500]}\n{done.stdout[-2000:]}\n{done.stderr[-5000:]}")
    return dict(json.loads(report.read_text()))


def measure(targets: int) -> list[Row]:
    """Return a row a step for an experiment of so many targets."""
    with TemporaryDirectory(prefix="growth-") as name:
        folder = Path(name)
        overlay = folder / "growth.yaml"
        overlay.write_text(yaml.safe_dump(experiment(targets)))
        given = ["--snakefile", str(ROOT / "Snakefile"), "--configfile", str(overlay), "--quiet", "rules"]
        found = {"start": [measured(["snakemake", *given, "--cores", "2", "--", "tables"], folder, NO_NETWORK)]}
        found["dry run"] = [measured(["snakemake", *given, "--dry-run", "--", "tables"], folder)]
        os.chdir(folder)
        made = MadeUp(Plans(experiment(targets)).active, SENTENCES)
        made.write()
        for step, command in commands(made.plan, overlay):
            found.setdefault(step, []).append(measured(command, folder))
        os.chdir(ROOT)
        return [{"targets": targets, "cells": len(made.cells()), "step": step} | _sum(found[step]) for step in STEPS]


def _sum(parts: list[Row]) -> Row:
    """Return the time of commands one after another, and the most memory of one."""
    row: Row = {name: f"{sum(part[name] for part in parts):.1f}" for name in ("wall_s", "cpu_s")}
    return row | {"peak_gib": f"{max(part['peak_gib'] for part in parts):.2f}"}


def table() -> str:
    """Return the results in Markdown: a row a step, CPU seconds, wall seconds and memory by the number of cells."""
    with RESULTS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    counts = list(dict.fromkeys(row["cells"] for row in rows))
    by_place = {(row["step"], row["cells"]): row for row in rows}
    shown = [[step, *(_told(by_place[step, count]) for count in counts)] for step in STEPS]
    head = ["step", *(f"{int(count):,} cells" for count in counts)]
    return tabulate(shown, head, tablefmt="github", disable_numparse=True)


def _told(row: dict[str, str]) -> str:
    return f"{row['cpu_s']} / {row['wall_s']} s, {row['peak_gib']} GiB"


def main() -> None:
    """Measure; write the results and the table of benchmarks/README.md."""
    from benchmarks.tables import write_between

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, nargs="+", help="print the rows of these numbers of targets alone")
    only = parser.parse_args().targets
    rows: list[Row] = []
    for targets in only or TARGETS:
        rows += measure(targets)
        print(tabulate(rows, headers="keys", disable_numparse=True), flush=True)
    if not only:
        with RESULTS.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        write_between(ROOT / "benchmarks" / "README.md", table(), "growth")


if __name__ == "__main__":
    main()
