"""Time, memory and arithmetic of the training steps, official-style beside ours: `make bench`.

Rounds are interleaved in one process: each runs every method of both implementations once on the same new sentences.
Peak memory is measured in a process of its own for each.
"""

from __future__ import annotations

import argparse
import csv
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
from tabulate import tabulate

from benchmarks import flops
from benchmarks.workload import GEOMETRIES, IMPLEMENTATIONS, LENGTHS, METHODS, StepInput

HERE = Path(__file__).parent
MEMORY_STEPS = 2


def device() -> torch.device:
    """Return the GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def seconds(function: Callable[[], Any]) -> float:
    """Return the wall time of a call, the device's work included."""
    began = time.perf_counter()
    function()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


def matmul_rate(geometry: str, given: StepInput) -> float:
    """Return floating-point operations a second of the widening product on the tokens of a source batch."""
    hidden, wide = GEOMETRIES[geometry]
    tokens = sum(map(len, given.source.ids))
    x, weight = torch.randn(tokens, hidden, device=device()), torch.randn(wide, hidden, device=device())
    times = [seconds(lambda: [x @ weight.t() for _ in range(5)]) / 5 for _ in range(5)]
    return 2 * tokens * hidden * wide / median(times)


def measure(geometry: str, lengths: str, rounds: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each method and implementation: median seconds, their range, operations and ratios."""
    models = {name: make(geometry, device()) for name, make in IMPLEMENTATIONS.items()}
    steps = {(method, name): model.step(method) for method in METHODS for name, model in models.items()}
    first = StepInput.draw(lengths, seed=0)
    for step in steps.values():
        step(first)
    times: dict[tuple[str, str], list[float]] = {key: [] for key in steps}
    excess: dict[tuple[str, str], list[float]] = {key: [] for key in steps}
    operations: dict[tuple[str, str], list[int]] = {key: [] for key in steps}
    for number in range(1, rounds + 1):
        given = StepInput.draw(lengths, seed=number)
        rate = matmul_rate(geometry, given)
        for key, step in steps.items():
            times[key].append(seconds(partial(step, given)))
        for key, step in steps.items():
            operations[key].append(flops.count(step, given))
            excess[key].append(times[key][-1] * rate / operations[key][-1])
    for key in steps:
        method, name = key
        ratios = [a / b for a, b in zip(times[method, "official"], times[method, "ours"], strict=True)]
        to_joint = [a / b for a, b in zip(times[key], times["joint", name], strict=True)]
        yield {
            "geometry": geometry,
            "lengths": lengths,
            "method": method,
            "implementation": name,
            "seconds": median(times[key]),
            "seconds_min": min(times[key]),
            "seconds_max": max(times[key]),
            "gflop": median(operations[key]) / 1e9,
            "times_bound": median(excess[key]),
            "times_joint": median(to_joint),
            "speedup": median(ratios) if name == "ours" else None,
            "speedup_min": min(ratios) if name == "ours" else None,
            "speedup_max": max(ratios) if name == "ours" else None,
        }


def peak_memory(geometry: str, lengths: str, method: str, name: str) -> float:
    """Return the most memory, in GiB, that a fresh process holds over two steps."""
    command = [sys.executable, "-m", "benchmarks.step", "--memory", geometry, lengths, method, name]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE.parent).stdout)


def report_memory(geometry: str, lengths: str, method: str, name: str) -> None:
    """Take the steps and print the process's peak memory in GiB."""
    step = IMPLEMENTATIONS[name](geometry, device()).step(method)
    for seed in range(MEMORY_STEPS):
        step(StepInput.draw(lengths, seed))
    if torch.cuda.is_available():
        peak = torch.cuda.max_memory_allocated() / 2**30
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(peak)


def main() -> None:
    """Run the benchmark; write benchmarks/step.csv and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds a setting")
    parser.add_argument("--settings", nargs="*", default=[f"{g}-{n}" for g in GEOMETRIES for n in LENGTHS])
    parser.add_argument("--out", type=Path, default=HERE / "step.csv")
    parser.add_argument("--memory", nargs=4, metavar=("GEOMETRY", "LENGTHS", "METHOD", "IMPLEMENTATION"))
    arguments = parser.parse_args()
    if arguments.memory:
        report_memory(*arguments.memory)
        return
    rows = []
    for setting in arguments.settings:
        geometry, lengths = setting.split("-")
        for row in measure(geometry, lengths, arguments.rounds):
            rows.append(row | {"peak_gib": peak_memory(geometry, lengths, row["method"], row["implementation"])})
        with arguments.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    print(tabulate(rows, headers="keys", floatfmt=".3g", missingval=""))


if __name__ == "__main__":
    main()
