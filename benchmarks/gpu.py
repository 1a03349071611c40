"""Steps a second on a GPU: of one process, of several on the same card, and what limits them.

    python -m benchmarks.gpu JOBS benchmarks/results/gpu.csv

JOBS is what `studies.masakhaner.prepared` wrote: of it the first joint training and the first MetaXL cell are timed. A
single process is also watched by torch's profiler: how many kernels a step launches, and how long they run.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from metaxl.method.learner import Rates
from metaxl.training.build import build_learner
from metaxl.training.data import CellData
from metaxl.training.loop import Run
from studies.masakhaner.pool import Job, read_jobs

WARM_UP, STEPS, ROUNDS = 15, 30, 3
METHODS = {"joint": "JT", "metaxl-L12": "MetaXL after layer 12"}
NAMES = ("device", "method", "processes", "steps_a_second", "slowest_round", "fastest_round", "kernels_a_step", "busy")


def prepared(job: Job) -> Run:
    """Return a job's training, warmed up."""
    torch.set_num_threads(1)
    data = CellData.load({role: Path(path) for role, path in job.files.items()})
    run = Run(job.parsed(), build_learner(job.parsed(), Path(job.encoder), data.rows, torch.device("cuda")), data)
    take(run, WARM_UP)
    return run


def take(run: Run, steps: int) -> float:
    """Take steps at the highest rates; return the seconds that they took on the device."""
    training = run.spec.training
    rates = Rates(training.learning_rate, training.meta_learning_rate, training.learning_rate)
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(steps):
        run.feed.step(rates)
    torch.cuda.synchronize()
    return time.perf_counter() - began


def of_process(job: Job, waiting: Any) -> list[float]:
    """Return the seconds of each round of one process; all processes begin a round together."""
    run = prepared(job)
    rounds = []
    for _ in range(ROUNDS):
        waiting.wait()
        rounds.append(take(run, STEPS))
    return rounds


def together(job: Job, processes: int) -> list[float]:
    """Return the steps a second of all processes in sum, for each round."""
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(processes, mp_context=context) as pool:
        waiting = manager.Barrier(processes)
        futures = [pool.submit(of_process, job, waiting) for _ in range(processes)]
        rounds = [future.result() for future in futures]
    return [sum(STEPS / seconds for seconds in one) for one in zip(*rounds, strict=True)]


def kernels(job: Job) -> tuple[float, float]:
    """Return how many kernels a step launches, and the share of its time in which the device runs one."""
    run = prepared(job)
    alone = take(run, STEPS)
    with profile(activities=[ProfilerActivity.CUDA]) as watched:
        take(run, STEPS)
    ran = [event for event in watched.events() if event.device_type.name == "CUDA"]
    return len(ran) / STEPS, sum(event.time_range.elapsed_us() for event in ran) / 1e6 / alone


def main() -> None:
    """Measure steps a second on a GPU."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("jobs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 4, 12])
    given = parser.parse_args()
    jobs = read_jobs(given.jobs)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    with given.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(NAMES)
        for slug, title in METHODS.items():
            job = next(job for job in jobs if job.parsed().cell.method == slug)
            launched, busy = kernels(job)
            for processes in given.processes:
                rates = together(job, processes)
                seen = (f"{launched:.0f}", f"{busy:.2f}") if processes == 1 else ("", "")
                numbers = [f"{rate:.1f}" for rate in (median(rates), min(rates), max(rates))]
                writer.writerow([torch.cuda.get_device_name(), title, processes, *numbers, *seen])
                file.flush()


if __name__ == "__main__":
    main()
