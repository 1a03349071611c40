"""Time, memory and arithmetic of the training steps, official-style beside ours: `make bench`.

Rounds are interleaved in one process: each runs every method of both implementations once on the same new sentences.
Peak memory is measured in a process of its own for each.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import torch
from tabulate import tabulate

from benchmarks import flops
from benchmarks.workload import GEOMETRIES, IMPLEMENTATIONS, LENGTHS, METHODS, StepInput
from metaxl.memory import peak_memory

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


Key = tuple[str, str]  # method, implementation


def measure(geometry: str, lengths: str, rounds: int) -> dict[Key, dict[str, float]]:
    """Return, for each method and implementation, medians over the rounds and the range of the seconds.

    `times_bound` is the time over what the step's operations take at the rate of one matrix product measured in the
    same round; `times_joint` is the time over that of joint training; `speedup` is the official time over this one,
    `speedup_restricted` that of the official steps with the vocabulary of the data. All are medians of a round's own
    ratio.
    """
    models = {name: make(geometry, device()) for name, make in IMPLEMENTATIONS.items()}
    steps = {(method, name): model.step(method) for method in METHODS for name, model in models.items()}
    shapes = {name: make(geometry, torch.device("meta")) for name, make in IMPLEMENTATIONS.items()}
    counted = {(method, name): model.step(method) for method in METHODS for name, model in shapes.items()}
    for step in steps.values():
        step(StepInput.draw(lengths, seed=0))
    found: dict[Key, list[dict[str, float]]] = {key: [] for key in steps}
    for number in range(1, rounds + 1):
        given = StepInput.draw(lengths, seed=number)
        rate = matmul_rate(geometry, given)
        times = {key: seconds(partial(step, given)) for key, step in steps.items()}
        for (method, name), taken in times.items():
            operations = flops.count(counted[method, name], given)
            found[method, name].append(
                {
                    "seconds": taken,
                    "gflop": operations / 1e9,
                    "times_bound": taken * rate / operations,
                    "times_joint": taken / times["joint", name],
                    "speedup": times[method, "official"] / taken,
                    "speedup_restricted": times[method, "official-restricted"] / taken,
                }
            )
    return {key: _summary(rows) for key, rows in found.items()}


def _summary(rounds: list[dict[str, float]]) -> dict[str, float]:
    columns = {name: [row[name] for row in rounds] for name in rounds[0]}
    medians = {name: median(column) for name, column in columns.items()}
    ranges = {f"{name}_{end.__name__}": end(columns[name]) for name in ("seconds", "speedup") for end in (min, max)}
    return medians | ranges


def memory(geometry: str, lengths: str) -> dict[Key, dict[str, float]]:
    """Return the most memory, in GiB, that a process of its own holds over two steps."""
    found = {}
    for key in product(METHODS, IMPLEMENTATIONS):
        command = [sys.executable, "-m", "benchmarks.step", "--memory", geometry, lengths, *key]
        output = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE.parent).stdout
        found[key] = {"peak_gib": float(output)}
    return found


def report_memory(geometry: str, lengths: str, method: str, name: str) -> None:
    """Take the steps and print the process's peak memory in GiB."""
    step = IMPLEMENTATIONS[name](geometry, device()).step(method)
    for seed in range(MEMORY_STEPS):
        step(StepInput.draw(lengths, seed))
    print(peak_memory() / 2**30)


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
    rows: list[dict[str, Any]] = []
    for setting in arguments.settings:
        geometry, lengths = setting.split("-")
        peaks = memory(geometry, lengths)  # before this process holds models of its own
        for (method, name), numbers in measure(geometry, lengths, arguments.rounds).items():
            about = {"geometry": geometry, "lengths": lengths, "method": method, "implementation": name}
            rows.append(about | {key: f"{value:.4g}" for key, value in (numbers | peaks[method, name]).items()})
        with arguments.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    print(tabulate(rows, headers="keys", disable_numparse=True))


if __name__ == "__main__":
    main()
