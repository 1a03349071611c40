"""What becomes of a training that ended without a score: another attempt, an end of the run, or a record that says why.

Exit statuses tell faults apart: 1 would go wrong again in the same way; 128 and a signal's number, or 75 for a fault of
the machine, may not.
"""

from __future__ import annotations

import logging
import signal
import time
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import numpy as np

from metaxl.errors import MetaXLError
from metaxl.experiment.failure import FINAL, Failure, stand_in
from metaxl.experiment.spec import CellSpec
from metaxl.files import atomic_path, sha256_text, write_json, write_text
from metaxl.machine import host
from metaxl.training.owner import ReplacedError, left

SIGNALS = 128  # a process that a signal ended has this exit status and the signal's number
ASKED = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
INTERRUPTED = frozenset({*(SIGNALS + number for number in ASKED), ReplacedError.exit_code})
LONGEST = 1000  # characters of a reason
Verdict = Literal["interrupted", "strict", "again", "final"]
SAID = {
    "interrupted": "the same command goes on where it was",
    "strict": "the command fails for it, as the configuration says strict: true",
    "again": "it is tried again",
}
log = logging.getLogger("metaxl")


class UnfinishedError(MetaXLError):
    """A cell has no score and no record of a failure either: the job's exit status is that of its training."""

    def __init__(self, status: int, message: str) -> None:
        """Remember the exit status."""
        super().__init__(message)
        self.exit_code = status


def verdict(status: int, attempt: int, attempts: int, strict: bool) -> Verdict:
    """Decide about a training that ended with an exit status other than 0.

    Args:
        status: the exit status.
        attempt: which attempt it was, from 1.
        attempts: how many there are at most.
        strict: whether a cell that fails ends the run.
    """
    if status in INTERRUPTED:
        return "interrupted"
    if strict:
        return "strict"
    return "final" if status == FINAL or attempt >= attempts else "again"


def give_up(
    spec: CellSpec, status: int, attempt: int, attempts: int, log_path: Path, out: Path, work: Path, strict: bool
) -> None:
    """Write failed.json and stand-ins for a cell's records, if no further attempt is to be made.

    Args:
        spec: what was to be trained.
        status: the exit status of the training.
        attempt: which attempt it was, from 1.
        attempts: how many there are at most.
        log_path: what the training said.
        out: the cell's folder.
        work: the cell's workspace, in which its owner stands.
        strict: whether a cell that fails ends the run.

    Raises:
        UnfinishedError: another attempt may be made, the run is to end, or another process trains the cell; nothing
            was written.
    """
    decided = verdict(status, attempt, attempts, strict) if left(work) else "interrupted"
    if decided != "final":
        raise UnfinishedError(
            status, f"{spec.cell.path}: attempt {attempt} ended with status {status}; {SAID[decided]}."
        )
    reason = reason_of(status, log_path).removeprefix(f"{spec.cell.path}: ")
    when, made_of = time.strftime("%Y-%m-%d %H:%M:%S"), sha256_text(spec.to_json())
    _write(spec, Failure(reason, status, attempt, host(), when, made_of), out)
    log.warning("%s: failed, and tables show a dash for it: %s", spec.cell.path, reason)


def reason_of(status: int, log_path: Path) -> str:
    """Return why a training ended: the last sentence of its log, or the signal that ended it."""
    text = log_path.read_text(encoding="utf-8", errors="replace") if log_path.is_file() else ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = lines[-1] if lines else f"exit status {status}, and {log_path} says nothing"
    last = last if len(last) <= LONGEST else f"{last[:LONGEST]}…"
    known = {int(number): number.name for number in signal.Signals}
    if status - SIGNALS in known and status != SIGNALS + signal.SIGKILL:  # of SIGKILL the log says more
        return f"Ended by {known[status - SIGNALS]}; the last line of its log: {last}"
    return last


def _write(spec: CellSpec, failure: Failure, out: Path) -> None:
    """Write the reason, then what the workflow waits for: the scores come last, as those of a training do."""
    write_json(out / "failed.json", {"cell": asdict(spec.cell), **asdict(failure)})
    for name in ("predictions.jsonl", "history.jsonl"):
        if name == "predictions.jsonl" or not (out / name).is_file():
            write_text(out / name, "")
    with atomic_path(out / "representations.npz") as temporary:
        np.savez(temporary, allow_pickle=False, cell=np.array(spec.cell.path))
    write_json(out / "scores.json", stand_in(spec.cell, failure))
