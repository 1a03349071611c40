"""How far an experiment is, as a person reads it: `metaxl status`."""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from tabulate import tabulate

from metaxl.experiment import layout
from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config
from metaxl.planning.cell_states import STATES, CellState, epochs_of, states
from metaxl.planning.living import record_of, runs
from metaxl.planning.pace import Pace, duration
from metaxl.planning.progress import kind_of, told

SHOWN = 15  # cells under a heading
LONGEST = 200  # characters of a line of a log
QUIET = 3600.0  # seconds without a sign of life after which a training of another machine is doubted


def status(config: Config, now: float | None = None) -> tuple[str, bool]:
    """Return how far an experiment is, and whether all its cells are done."""
    found = list(states(config))
    now = time.time() if now is None else now
    counts = Counter(state.state for state in found)
    by_state = {name: [state for state in found if state.state == name] for name in STATES}
    running = _section("Running", [_running(config, state, now) for state in by_state["running"]])
    parts = [
        f"{config.name}: {counts['done']} of {len(found)} cells are done. {_left(config, found)}".strip(),
        _by_method(found),
        _section("Snakemake works in this folder", list(_snakemakes())),
        running or _last_words(config, now),
        _section("Failed", [_failed(config.name, state) for state in by_state["failed"]]),
        _notes(by_state["missing"], by_state["outdated"]),
    ]
    return "\n\n".join(filter(None, parts)), counts["done"] == len(found)


def _snakemakes() -> Iterator[str]:
    for run in runs():
        if run.lives:
            yield run.told()
        elif not run.is_here:
            yield f"{run.told()} (if it runs still, which cannot be seen from here)"


def _last_words(config: Config, now: float) -> str:
    """Return what the jobs of a run that trains nothing yet, or any more, logged last; empty where none runs."""
    began = math.inf
    for run in (run for run in runs() if run.lives):
        with suppress(FileNotFoundError):  # it has ended meanwhile
            began = min(began, record_of(run).stat().st_mtime)
    times: dict[Path, float] = {}
    for path in (layout.root(config.name) / "logs").rglob("*.log"):
        with suppress(FileNotFoundError):  # Snakemake removes it before a job begins anew
            about = path.stat()
            if about.st_size and about.st_mtime >= began:
                times[path] = about.st_mtime
    for path in sorted(times, key=times.__getitem__, reverse=True):
        with suppress(FileNotFoundError):
            said = re.split(r"[\r\n]+", path.read_text(encoding="utf-8", errors="replace").strip())[-1]
            return f"The last words of a job, {duration(now - times[path])} ago, in {path}:\n{said[:LONGEST]}"
    return ""


def _by_method(found: Sequence[CellState]) -> str:
    """Return a table of the cells of each method by state, and the mean time of those that are done."""
    rows = []
    shown = [name for name in STATES if name in ("done", "running", "missing") or _any(found, name)]
    for method in dict.fromkeys(state.cell.method for state in found):
        of_method = [state for state in found if state.cell.method == method]
        counts = Counter(state.state for state in of_method)
        times = [state.seconds for state in of_method if state.seconds]
        mean = duration(sum(times) / len(times)) if times else ""
        rows.append([method, *(counts[name] or "" for name in shown), mean])
    return str(
        tabulate(
            rows, ["", *shown, "a cell takes"], tablefmt="simple", colalign=["left", *("right" for _ in shown), "right"]
        )
    )


def _any(found: Sequence[CellState], name: str) -> bool:
    return any(state.state == name for state in found)


def _left(config: Config, found: Sequence[CellState]) -> str:
    """Return how long the rest takes at the pace of what is done, with as many cells at once as run now."""
    pace, rest, running = Pace(), 0.0, 0
    for state in found:
        pace.add(kind_of(state.cell), state.seconds)
    for state in found:
        expected = pace.expected(kind_of(state.cell))
        if state.state == "running":
            running += 1
            rest += expected * max(0.0, 1 - state.row.get("epoch", 0) / epochs_of(config, state))
        elif state.state in ("missing", "outdated"):
            rest += expected
    if not pace.count or not rest:
        return ""
    at_once = f"with {running} at once" if running else "of one process; no training runs now"
    return f"About {duration(rest / max(1, running))} left {at_once}."


def _running(config: Config, state: CellState, now: float) -> str:
    process, row = state.process, state.row
    assert process is not None  # a running cell has one
    where = f"process {process.pid} on {process.host}, since {process.since}"
    quiet = now - state.signs
    doubt = f"; no sign of life for {duration(quiet)}, does it run?" if not process.is_here and quiet > QUIET else ""
    total = epochs_of(config, state)
    if not row:
        return f"{told(state.cell)}: {where}; in the first of {total} epochs{doubt}"
    f1 = "not defined" if row["dev_f1"] is None else f"{100 * row['dev_f1']:.1f}"
    steps = row["steps"] // row["epoch"] * total
    return f"{told(state.cell)}: {where}; epoch {row['epoch']}/{total}, step {row['steps']}/{steps}, dev {f1}{doubt}"


def _failed(name: str, state: CellState) -> str:
    failure, cell = state.failure, state.cell
    assert failure is not None  # a failed cell has one
    tried = f"{failure.attempts} attempts, the last " if failure.attempts > 1 else ""
    return f"{told(cell)}: {failure.reason} ({tried}on {failure.host} at {failure.when}; {_log(name, cell)})"


def _log(name: str, cell: Cell) -> Path:
    """Return where the rule `train` writes a cell's log."""
    address = f"{cell.encoder}-{cell.task}-{cell.target}-{cell.source}-{cell.method}-seed{cell.seed}"
    return Path("results", name, "logs", "cells", f"{address}.log")


def _section(heading: str, lines: Sequence[str]) -> str:
    more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return "\n- ".join([f"{heading}:", *lines[:SHOWN], *more]) if lines else ""


def _notes(missing: Sequence[CellState], outdated: Sequence[CellState]) -> str:
    """Return what a count alone does not say."""
    saved = sum(state.saved for state in missing)
    goes = "goes" if saved == 1 else "go"
    notes = [f"{saved} of the missing cells {goes} on from a saved state."] if saved else []
    if outdated:
        made = "of other settings than the configuration's, or of other data than there are now"
        notes += [f"Outdated: the record is {made}; a run trains these cells again."]
    return "\n".join(notes)
