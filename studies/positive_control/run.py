"""Measure trials one after another, on one thread, and add each to a table as it is done."""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import torch

from metaxl.errors import TrainingError
from studies.positive_control.grid import trials
from studies.positive_control.places import RUNGS, open_place
from studies.positive_control.trial import MEASURED, Place, Row, Trial, failed, measure


def main() -> None:
    """Measure the trials of some rungs that a table does not have yet, seed by seed, until the time is over."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("out", type=Path, help="the table, a CSV file; it is made, or rows are added")
    parser.add_argument("--rungs", nargs="+", choices=RUNGS, default=["world"])
    parser.add_argument("--minutes", type=float, default=60, help="no trial begins later than this")
    parser.add_argument("--work", type=Path, default=Path("results/positive-control"), help="where encoders are made")
    parser.add_argument("--encoder", type=Path, help="the folder of the real encoder")
    parser.add_argument("--data", type=Path, help="the folder of real sentences, with one folder for each language")
    given = parser.parse_args()
    torch.set_num_threads(1)
    end, done = time.monotonic() + 60 * given.minutes, _done(given.out)
    places = {rung: open_place(rung, given.work, given.encoder, given.data) for rung in given.rungs}
    every = [trial for rung, place in places.items() for trial in trials(rung, place.targets)]
    for trial in sorted(every, key=lambda one: one.seed):
        if trial.key() not in done and time.monotonic() < end:
            row = _row(trial, places[trial.rung])
            _add(given.out, row)
            print(*row.values(), flush=True)


def _row(trial: Trial, place: Place) -> Row:
    """Return a trial's row; where its loss is not finite any more, one that has found nothing."""
    try:
        return measure(trial, place)
    except TrainingError as error:
        print(error)
        return failed(trial)


def _done(table: Path) -> set[tuple[str, ...]]:
    """Return the keys of the trials that a table has."""
    if not table.exists():
        return set()
    with table.open(newline="") as file:
        return {tuple(row[name] for name in Trial.names()) for row in csv.DictReader(file)}


def _add(table: Path, row: Row) -> None:
    """Add a row to a table, which begins with the names of its columns."""
    new = not table.exists()
    table.parent.mkdir(parents=True, exist_ok=True)
    with table.open("a", newline="") as file:
        writer = csv.DictWriter(file, [*Trial.names(), *MEASURED], lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)


if __name__ == "__main__":
    main()
