"""Train prepared cells, several at once on one device.

For a machine that has Python, torch and a GPU and nothing else of the workflow. What Snakemake would do cell by cell in
processes of their own is done here by a few processes that each train one cell after another. The records are the same.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import torch

from metaxl.errors import MetaXLError
from metaxl.experiment.spec import CellSpec
from metaxl.training.train import train_cell


@dataclass(frozen=True, slots=True)
class Job:
    """A cell that can be trained: its data are encoded and its encoder is prepared.

    Attributes:
        spec: what to train, as `CellSpec.to_json` writes it.
        encoder: the encoder's folder.
        files: the encoded data by role.
        root: the folder of the experiment's results.
    """

    spec: str
    encoder: str
    files: dict[str, str]
    root: str

    def parsed(self) -> CellSpec:
        """Return what to train."""
        return CellSpec.from_dict(json.loads(self.spec))

    @property
    def out(self) -> Path:
        """Return the cell's folder."""
        return Path(self.root, self.parsed().cell.path)


def write_jobs(path: Path, jobs: Iterable[Job]) -> None:
    """Write jobs, one on each line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(asdict(job)) + "\n" for job in jobs), encoding="utf-8")


def read_jobs(path: Path) -> list[Job]:
    """Read what `write_jobs` wrote."""
    return [Job(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


class Pool:
    """Processes that each train one cell after another.

    Use it as a context; at its end the processes end.
    """

    def __init__(self, workers: int, device: str, seconds: float) -> None:
        """Start `workers` processes for a device, "cpu" or "cuda"; no cell begins later than after `seconds`."""
        self._device, self._end = device, time.time() + seconds
        self._pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for the cells that have begun."""
        self._pool.shutdown(cancel_futures=True)

    def train(self, jobs: Iterable[Job]) -> Iterator[str]:
        """Train the jobs in their order, but those that are done; yield a line for each.

        A cell that fails costs the others nothing.
        """
        left = [job for job in jobs if not (job.out / "scores.json").exists()]
        futures: list[Future[str]] = [self._pool.submit(_train, job, self._device, self._end) for job in left]
        for number, future in enumerate(as_completed(futures), 1):
            yield f"{number}/{len(left)} {future.result()}, {self._end - time.time():.0f} s left"


def _train(job: Job, device: str, end: float) -> str:
    """Train one cell; return its path, and how long it took or why it failed."""
    began, spec = time.time(), job.parsed()
    if began > end:
        return f"{spec.cell.path} not begun"
    torch.set_num_threads(1)
    files = {role: Path(path) for role, path in job.files.items()}
    work = Path(job.root, "work", spec.cell.path)
    try:
        train_cell(spec, Path(job.encoder), files, job.out, torch.device(device), work)
    except MetaXLError as error:
        return f"{spec.cell.path} failed: {error}"
    return f"{spec.cell.path} in {time.time() - began:.1f} s"


def main() -> None:
    """Train prepared cells, several at once on one device."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("jobs", type=Path, help="the file that studies.masakhaner.prepared wrote")
    parser.add_argument("--workers", type=int, default=2, help="cells at once")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--minutes", type=float, default=60, help="no cell begins later than this")
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    with Pool(given.workers, given.device, 60 * given.minutes) as pool:
        for line in pool.train(read_jobs(given.jobs)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
