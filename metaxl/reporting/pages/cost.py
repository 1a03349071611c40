"""The page of the cost: time and memory of the trainings, by method, and on what machine."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd

from metaxl.experiment.cell import Cell
from metaxl.experiment.layout import BENCHMARK, ENERGY
from metaxl.experiment.slug import parse_slug
from metaxl.reporting.pages.frames import framed
from metaxl.reporting.pages.html import heading, items, paragraph, table
from metaxl.reporting.pages.so_far import NOT_YET, SoFar
from metaxl.reporting.titles import short_name

HOUR, MINUTE, MIB = 3600, 60, 2**20
NONE = "–"
COLUMNS = (
    *("task and method", "trainings", "mean time, s", "longest, s", "processor time, min", "time to joint"),
    *("peak memory, MiB", "peak GPU memory, MiB", "energy, Wh"),
)
SOMETIMES = COLUMNS[-2:]  # shown where there is any
NOTE = (
    "Time is of the training job's own clock, from the first step to the records; trainings that ran beside others "
    "took longer than they would alone, wherefore the processor's time is told too. Time to joint is the mean time "
    "over that of joint training. Memory is the largest resident set that Snakemake saw. Energy, where it is shown, is "
    "of all trainings of a row by codecarbon: of the process where it estimates, of the whole processor or of all GPUs "
    "where it reads a meter, so that trainings that ran at once count the same energy each."
)


def cost(run: SoFar) -> str:
    """Return the body of the page of the cost."""
    if not run.records:
        return paragraph(NOT_YET)
    total = sum(_seconds(record) for record in run.records.values())
    processor = sum(record["resources"].get("cpu_seconds", 0.0) for record in run.records.values())
    told = f"{len(run.records):,} trainings took {_hours(total)} hours of wall time in sum"
    told += f" and {_hours(processor)} hours of processor time." if processor else "."
    machines = sorted({_machine(record) for record in run.records.values()} - {""})
    return "".join(
        [
            paragraph(told, "verdict"),
            table(_of_methods(run), "The trainings of each method"),
            paragraph(NOTE),
            heading("Machines"),
            items(machines) if machines else paragraph("The records name none."),
        ]
    )


def _of_methods(run: SoFar) -> pd.DataFrame:
    """Return the rows of all methods, without a GPU's memory where none was used, or energy that nobody measured."""
    rows = list(_rows(run))
    shown = [name for name in COLUMNS if name not in SOMETIMES or any(row[name] != NONE for row in rows)]
    return framed(rows, shown)


def _rows(run: SoFar) -> Iterator[dict[str, object]]:
    """Yield a row for each encoder, task and method, layers apart."""
    kinds: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in run.records:
        kinds.setdefault((cell.encoder, cell.task, cell.method), []).append(cell)
    means = {kind: fmean(_seconds(run.records[cell]) for cell in cells) for kind, cells in kinds.items()}
    for (encoder, task, method), cells in sorted(kinds.items()):
        records = [run.records[cell] for cell in cells]
        joint = means.get((encoder, task, "joint"))
        mean = means[encoder, task, method]
        memory = [peak for cell in cells if (peak := _peak(run.root, cell)) is not None]
        processor = sum(record["resources"].get("cpu_seconds", 0.0) for record in records)
        numbers = (
            f"{len(cells):,}",
            f"{mean:.1f}",
            f"{max(map(_seconds, records)):.1f}",
            f"{processor / MINUTE:,.1f}" if processor else NONE,
            f"{mean / joint:.2f}" if joint else NONE,
            f"{max(memory):,.0f}" if memory else NONE,
            _gpu_memory(records),
            _energy(run, cells),
        )
        several = len({one for one, _, _ in kinds}) > 1
        yield dict(zip(COLUMNS, (_label(task, method, encoder if several else ""), *numbers), strict=True))


def _energy(run: SoFar, cells: list[Cell]) -> str:
    """Return the watt hours of all trainings; NONE where codecarbon has not measured each of them as a whole."""
    if any(run.records[cell]["resources"].get("resumed_at_step") for cell in cells):
        return NONE
    found = [run.json(f"{cell.path}/{ENERGY}") for cell in cells]
    return f"{sum(1000 * one['kilowatt_hours'] for one in found):,.2f}" if all(found) else NONE


def _gpu_memory(records: list[dict[str, Any]]) -> str:
    """Return the largest peak of a GPU's memory; NONE where none was used."""
    peaks = [float(record["resources"].get("gpu_memory_bytes", 0)) for record in records]
    return f"{max(peaks) / MIB:,.0f}" if max(peaks) else NONE


def _label(task: str, slug: str, encoder: str) -> str:
    """Return what a kind of training is called; its encoder only where there are several."""
    method, placement, variant = parse_slug(slug)
    parts = [method.label]
    parts += [f"after layer {' and '.join(map(str, placement))}"] if placement else []
    parts += [f"variant {variant}"] if variant else []
    parts += [f"encoder {encoder}"] if encoder else []
    return f"{short_name(task)}: {', '.join(parts)}"


def _seconds(record: dict[str, Any]) -> float:
    return float(record["resources"]["seconds"])


def _hours(seconds: float) -> str:
    return f"{seconds / HOUR:,.2f}"


def _machine(record: dict[str, Any]) -> str:
    made = record["provenance"]
    return ", ".join(str(made[key]) for key in ("machine", "device", "host") if made.get(key))


def _peak(root: Path, cell: Cell) -> float | None:
    """Return the peak memory that Snakemake's benchmark of a training tells, if it was there to look."""
    path = root / BENCHMARK.format(**asdict(cell))
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        peaks = [row["max_rss"] for row in csv.DictReader(file, delimiter="\t")]
    known = [float(peak) for peak in peaks if peak and peak not in ("-", "NA")]
    return max(known) if known else None
